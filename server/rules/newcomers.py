"""Whoever is new on a site brings a negative test that was taken shortly before the first way in (MISSION 2.5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from server.rules.calendar import add_days, local_date_of

ENTRY_TEST = "ENTRY-TEST"  # the duty
ENTRY_TEST_FORM = "entry_test"


class Stay(NamedTuple):
    """One record of the roster: the local dates between which it says that somebody is there. `until`: None while he is."""

    since: str
    until: str | None = None


class Entry(NamedTuple):
    """A way in, between two moments."""

    at_ms: int
    earliest_ms: int
    latest_ms: int


class Sample(NamedTuple):
    """When a sample was taken, and whether its result is negative."""

    at_ms: int
    is_negative: bool


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody who began on a site on a local date. `entries`: his ways in since then."""

    since: str
    entries: Sequence[Entry]
    samples: Sequence[Sample]

    @property
    def first(self) -> Entry | None:
        return min(self.entries, key=lambda entry: entry.at_ms, default=None)


def new_since(stays: Iterable[Stay], day: str) -> str | None:
    """Since when somebody is on the site, on a local date: the last day of coming before which he was not there."""
    known = [stay for stay in stays if stay.since]

    def was_there(date: str) -> bool:
        before = add_days(date, -1)
        return any(one.since <= before and (one.until is None or one.until >= before) for one in known)

    return max((one.since for one in known if one.since <= day and not was_there(one.since)), default=None)


def came_new(newcomer: Newcomer, day: str, new_days: int) -> bool:
    """Whether somebody came in for the first time on a local date, so soon after the roster says so that he is new."""
    first = newcomer.first
    return (
        first is not None
        and local_date_of(first.at_ms) == day
        and newcomer.since <= day <= add_days(newcomer.since, new_days)
    )


def has_test(newcomer: Newcomer, within_ms: int) -> bool:
    """Whether a negative sample may have been taken so shortly before the first way in; of who never came, that is so."""
    first = newcomer.first
    return first is None or any(
        one.is_negative and first.earliest_ms - within_ms <= one.at_ms <= first.latest_ms
        for one in newcomer.samples
    )
