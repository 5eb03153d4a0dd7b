"""Who may have been near somebody with a case: proposed by what is on record, decided by a person."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

DORMITORY, TEAM, GATE = "dormitory", "team", "gate"


class Lives(NamedTuple):
    """Where somebody sleeps and works; empty where nobody wrote it."""

    worker: str
    company: str
    team: str
    dormitory: str


class Passed(NamedTuple):
    """Somebody went through the gate."""

    worker: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """Somebody who may be a contact, and why."""

    worker: str
    why: tuple[str, ...]


def propose_contacts(
    of: Lives, people: Iterable[Lives], passes: Sequence[Passed], near_ms: int
) -> list[Proposal]:
    """Those of the same dormitory, those of the same team of a company, and those who went through the gate within
    `near_ms` of the person. Whoever has several reasons comes first. `passes`: of the time that is looked back upon.
    Somebody may be among `people` more than once, by several records."""
    found: dict[str, dict[str, None]] = {}
    for one in people:
        if of.dormitory and one.dormitory == of.dormitory:
            found.setdefault(one.worker, {})[DORMITORY] = None
        if of.team and (one.company, one.team) == (of.company, of.team):
            found.setdefault(one.worker, {})[TEAM] = None
    for worker in _near(of.worker, passes, near_ms):
        found.setdefault(worker, {})[GATE] = None
    found.pop(of.worker, None)
    return [
        Proposal(worker, tuple(why)) for worker, why in sorted(found.items(), key=lambda one: _order(*one))
    ]


def _order(worker: str, why: Collection[str]) -> tuple[int, bool, str]:
    return (-len(why), DORMITORY not in why, worker)


def _near(worker: str, passes: Sequence[Passed], near_ms: int) -> list[str]:
    """Those who passed shortly before or after this person did. One walk over the passes by their time."""
    ordered = sorted(passes, key=lambda one: one.at_ms)
    mine = [one.at_ms for one in ordered if one.worker == worker]
    found: dict[str, None] = {}
    first = 0
    for at_ms in mine:
        while first < len(ordered) and ordered[first].at_ms < at_ms - near_ms:
            first += 1
        index = first
        while index < len(ordered) and ordered[index].at_ms <= at_ms + near_ms:
            found[ordered[index].worker] = None
            index += 1
    return list(found)
