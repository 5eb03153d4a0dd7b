"""Coverage: were the people who were there measured? (DOMAIN: Duties, TEMP and TEMP-CANTEEN)

Need and share are judged by event time up to the window's deadline, so that what happens later in the day
changes nothing about a slot that is over; what only becomes *known* later does.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from server.rules.judge import Evidence


class Pass(NamedTuple):
    """A gate pass. `direction`: in, out."""

    worker: str
    direction: str
    event_ms: int


class Reading(NamedTuple):
    """A temperature reading. `at_ms` is the server's estimate, or the claimed time of a provably backfilled
    one."""

    worker: str
    slot: str
    at_ms: int
    backfilled: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """The times of a coverage window. `day_starts_ms`: from when passes and readings tell who is there that
    day."""

    day_starts_ms: int
    opens_ms: int
    deadline_ms: int
    closes_ms: int
    admits: tuple[str, ...] = ()  # slots of readings that count; empty: any


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many people had to be measured, how many of them were, and whether that is enough."""

    need: int
    have: int
    met: bool


def coverage(present: Collection[str], measured: Collection[str], share: float) -> Coverage:
    """Coverage of those present. `share` is between 0 and 1. Where nobody was seen, nothing is shown: not
    met."""
    people = frozenset(present)
    have = len(people.intersection(measured))
    enough = math.ceil(share * len(people) - 1e-9)  # 0.95 of 20 is 19, though floats say 19.000000000000004
    return Coverage(len(people), have, bool(people) and have >= enough)


def present(passes: Iterable[Pass], readings: Iterable[Reading], span: Span) -> frozenset[str]:
    """Who was there for the window: everybody who came in or was measured that day up to the deadline,
    without those whose last pass before the window opens is `out` and who neither came back nor were measured
    in it. Somebody who was only seen leaving (the night shift, in the morning) is not needed."""
    at_opening: dict[str, str] = {}
    seen: set[str] = set()
    in_window: set[str] = set()
    for one in sorted(passes, key=_pass_order):
        if one.event_ms < span.day_starts_ms or one.event_ms > span.deadline_ms:
            continue
        if one.direction == "in":
            seen.add(one.worker)
        if one.event_ms < span.opens_ms:
            at_opening[one.worker] = one.direction
        elif one.direction == "in":
            in_window.add(one.worker)
    for reading in readings:
        if span.day_starts_ms <= reading.at_ms <= span.deadline_ms:
            seen.add(reading.worker)
            if reading.at_ms >= span.opens_ms:
                in_window.add(reading.worker)
    gone = {worker for worker, direction in at_opening.items() if direction == "out"}
    return frozenset(seen - (gone - in_window))


def weigh(
    passes: Collection[Pass],
    readings: Collection[Reading],
    span: Span,
    share: float,
    only: Collection[str] | None = None,
    without: Collection[str] = (),
) -> Evidence:
    """What passes and readings say about one coverage window.

    `only`: the canteen staff, for the duty that is theirs alone; with none on the roster nobody is expected.
    `without`: people whom another duty measures (canteen staff, in TEMP), so that one reading meets exactly
    one window. The best of three answers counts: timely readings alone, with those up to the window's close,
    with backfilled ones.
    """
    needed = present(passes, readings, span).difference(without)
    if only is not None:
        needed = needed.intersection(only)
    timely, late, claimed = _measured(readings, span)
    have = len(needed & (timely | late | claimed))
    fulfilled = "none"
    for kind, measured in (
        ("backfilled", timely | late | claimed),
        ("late", timely | late),
        ("timely", timely),
    ):
        if coverage(needed, measured, share).met:
            fulfilled = kind
    return Evidence(fulfilled, len(needed), have, only is None or bool(only))


def _measured(readings: Iterable[Reading], span: Span) -> tuple[set[str], set[str], set[str]]:
    """Workers measured in time, after the deadline, and by backfilled readings."""
    timely, late, claimed = set[str](), set[str](), set[str]()
    for reading in readings:
        if not _admitted(reading, span):
            continue
        if reading.backfilled:
            claimed.add(reading.worker)
        elif reading.at_ms <= span.deadline_ms:
            timely.add(reading.worker)
        else:
            late.add(reading.worker)
    return timely, late, claimed


def _admitted(reading: Reading, span: Span) -> bool:
    if span.admits and reading.slot not in span.admits:
        return False
    return span.opens_ms <= reading.at_ms < max(span.closes_ms, span.deadline_ms + 1)


def _pass_order(one: Pass) -> tuple[int, str]:
    """By time; of two at the same moment the `out` comes last, because it is the end of a visit."""
    return (one.event_ms, one.direction)
