"""Which windows do facts meet? (SPEC: Time, Duties)

A fact is known within an interval. One that is certainly inside a window meets it; one that may be is no proof and no
accusation: the window goes to review.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from server.rules.duties.judge import EVIDENCE_KEPT, NOTHING, PLACE_UNCERTAIN, TIME_UNCERTAIN, Evidence

Fit = Literal["timely", "late", "uncertain"]


class Fact(NamedTuple):
    """A fact as windows see it: written within [`earliest_ms`, `latest_ms`]. `observed_ms` (补录): when its author says
    that the work was done. `kept`: it is stored and not applied (held, quarantine), so that it proves nothing yet. `maybe`:
    ids of the places one of which it is about, where nobody can say which; `astray`: it may be about another place than the
    windows that it is matched with, and proves nothing of them."""

    id: str
    earliest_ms: int
    latest_ms: int
    observed_ms: int | None = None
    kept: bool = False
    slot: str | None = None
    maybe: tuple[str, ...] = ()
    astray: bool = False

    @property
    def proves(self) -> bool:
        return not (self.kept or self.astray)


class Candidate(NamedTuple):
    """A window that facts may meet. It asks for [`opens_ms`, `deadline_ms`), beginning by `due_ms`; what comes after
    that and before `closes_ms` is late. `admits`: slots of facts that count; empty: any."""

    opens_ms: int
    due_ms: int
    deadline_ms: int
    closes_ms: int
    admits: tuple[str, ...] = ()


@dataclass(slots=True)
class Matched:
    """What the facts say of one window, and the fact that met it."""

    evidence: Evidence = NOTHING
    fact: Fact | None = None
    at_ms: int | None = None


def fit(earliest_ms: int, latest_ms: int, window: Candidate) -> Fit | None:
    """How an interval lies to a window; None: wholly outside."""
    end_ms = max(window.closes_ms, window.deadline_ms)
    if latest_ms < window.opens_ms or earliest_ms >= end_ms:
        return None
    if inside(earliest_ms, latest_ms, window):
        return "timely" if earliest_ms <= window.due_ms else "late"
    if earliest_ms > min(window.due_ms, window.deadline_ms - 1) and latest_ms < end_ms:
        return "late"
    return "uncertain"


def inside(earliest_ms: int, latest_ms: int, window: Candidate) -> bool:
    """Whether an interval lies wholly in the time that a window asks for."""
    return earliest_ms >= window.opens_ms and latest_ms < window.deadline_ms


def said_within(fact_ms: tuple[int, int], observed_ms: int, window: Candidate) -> bool:
    """Whether work was written down in the very window in which its author says that it was done: then it is like any
    other."""
    return inside(*fact_ms, window) and inside(observed_ms, observed_ms, window)


def match_facts(facts: Sequence[Fact], windows: Sequence[Candidate]) -> list[Matched]:
    """What facts of one kind and place say of the windows of one duty there, in the order of the windows.

    1. Each certain fact meets one window: the earliest-due of those that it lies in and nothing met yet.
    2. So does what was written down later, at the time that its author says, as `backfilled`; where that time and
       the fact's own lie in one window, it is a fact like any other.
    3. Windows that are left and that a fact may belong to are `uncertain`: k such facts over w windows prove at most k.
    """
    found = [Matched() for _ in windows]
    later: list[Fact] = []
    for fact in sorted((fact for fact in facts if fact.proves), key=_when):
        fits = [i for i, how in _fits(fact, windows) if how != "uncertain"]
        if fact.observed_ms is not None:
            own, said_ms = (fact.earliest_ms, fact.latest_ms), fact.observed_ms
            fits = [i for i in fits if said_within(own, said_ms, windows[i])]
            if not fits:
                later.append(fact)
        _take(found, windows, fits, fact)
    for fact in later:
        at_ms = fact.observed_ms or 0
        said = fact._replace(earliest_ms=at_ms, latest_ms=at_ms)
        _take(found, windows, [i for i, _ in _fits(said, windows)], said, "backfilled")
    _touch(found, facts, windows)
    return found


def _when(fact: Fact) -> tuple[int, int, str]:
    return (fact.latest_ms, fact.earliest_ms, fact.id)


def _fits(fact: Fact, windows: Sequence[Candidate]) -> Iterator[tuple[int, Fit]]:
    """The windows that a fact's interval touches, and how."""
    for i, window in enumerate(windows):
        if not window.admits or fact.slot in window.admits or (fact.kept and fact.slot is None):
            how = fit(fact.earliest_ms, fact.latest_ms, window)
            if how is not None:
                yield i, how


def _take(
    found: list[Matched], windows: Sequence[Candidate], fits: Sequence[int], fact: Fact, how: str = ""
) -> None:
    """The earliest-due window of these that nothing met yet is met by this fact."""
    free = [i for i in fits if found[i].fact is None]
    if free:
        first = min(free, key=lambda i: (windows[i].deadline_ms, windows[i].opens_ms, i))
        how = how or str(fit(fact.earliest_ms, fact.latest_ms, windows[first]))
        found[first] = Matched(Evidence(how), fact, (fact.earliest_ms + fact.latest_ms) // 2)


def _touch(found: list[Matched], facts: Sequence[Fact], windows: Sequence[Candidate]) -> None:
    """Mark the windows that nothing met and that a fact may belong to, with how many facts there are for how many."""
    left: dict[str, list[int]] = {}
    for fact in facts:
        fits = list(_may_fit(fact, windows))
        if not fact.proves or any(how == "uncertain" for _, how in fits):
            left[fact.id] = [i for i, _ in fits if found[i].fact is None]
    kept = {fact.id for fact in facts if fact.kept}
    astray = {fact.id for fact in facts if fact.astray}
    for i, one in enumerate(found):
        touching = {key for key, some in left.items() if i in some}
        if one.fact is None and touching:
            reach = {j for key in touching for j in left[key]}
            why = _why(touching, kept, astray)
            detail = f": 至多 {len(touching)} / {len(reach)}" if len(reach) > len(touching) else ""
            found[i] = Matched(Evidence("uncertain", why=why + detail))


def _may_fit(fact: Fact, windows: Sequence[Candidate]) -> Iterator[tuple[int, Fit]]:
    """The windows that a fact may belong to. What was written down later belongs to the time that its author says."""
    if fact.observed_ms is None:
        yield from _fits(fact, windows)
    elif fact.astray:
        said = fact._replace(earliest_ms=fact.observed_ms, latest_ms=fact.observed_ms)
        yield from _fits(said, windows)


def _why(touching: set[str], kept: set[str], astray: set[str]) -> str:
    if touching <= kept:
        return EVIDENCE_KEPT
    return PLACE_UNCERTAIN if touching <= kept | astray else TIME_UNCERTAIN
