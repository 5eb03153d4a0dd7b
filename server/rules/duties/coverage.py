"""Coverage: were the people who were there measured? (DOMAIN: Duties, TEMP and TEMP-CANTEEN; SPEC: Time, Duties)
A duty may ask of them another record than a reading (TRAVEL: a declaration), which does not show that they were there.

Need and share are judged by event time up to the window's deadline, so that what happens later in the day
changes nothing about a slot that is over; what only becomes *known* later does. Times are intervals: a day is met only
if everybody who may have been there was certainly measured, and missed only if somebody who certainly was there certainly
was not.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from server.rules.duties.judge import EVIDENCE_KEPT, TIME_UNCERTAIN, Evidence
from server.rules.duties.matching import Candidate, fit, said_within

MEASURED_BY = "temperature_check"  # the kind of record that shows that somebody was there and was measured
AT_THE_GATE = ("entry", "retest")  # slots of readings that prove no presence after the person was sent out


class Pass(NamedTuple):
    """A gate pass within [`earliest_ms`, `latest_ms`]. `direction`: in, out. `kept`: stored, and not applied."""

    worker: str
    direction: str
    earliest_ms: int
    latest_ms: int
    kept: bool = False


class Reading(NamedTuple):
    """A temperature reading within [`earliest_ms`, `latest_ms`], or a record of another `kind` that duties ask of everybody.
    `observed_ms` (补录): when its author says that it was taken. `kept`: stored, and not applied."""

    worker: str
    slot: str
    earliest_ms: int
    latest_ms: int
    observed_ms: int | None = None
    kept: bool = False
    kind: str = MEASURED_BY


@dataclass(frozen=True, slots=True)
class Span:
    """The times of a coverage window. `day_starts_ms`: from when passes and readings show who is there that
    day; `evidence`: the kind of record that is asked for."""

    day_starts_ms: int
    opens_ms: int
    due_ms: int
    deadline_ms: int
    closes_ms: int
    admits: tuple[str, ...] = ()  # slots of readings that count; empty: any
    evidence: str = MEASURED_BY

    @property
    def end_ms(self) -> int:
        return max(self.closes_ms, self.deadline_ms)

    @property
    def candidate(self) -> Candidate:
        return Candidate(self.opens_ms, self.due_ms, self.deadline_ms, self.closes_ms)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many people had to be measured, how many of them were, and whether that is enough."""

    need: int
    have: int
    met: bool


class Present(NamedTuple):
    """Who was there: those who certainly were, and those who may have been."""

    surely: frozenset[str]
    maybe: frozenset[str]


class Measured(NamedTuple):
    """Workers with a reading that counts: in time, after `due`, written down later; and those whose reading may count,
    or is kept."""

    timely: frozenset[str]
    late: frozenset[str]
    backfilled: frozenset[str]
    uncertain: frozenset[str]
    kept: frozenset[str]


def coverage(present: Collection[str], measured: Collection[str], share: float) -> Coverage:
    """Coverage of those present. `share` is between 0 and 1. Where nobody was seen, nothing is shown: not
    met."""
    people = frozenset(present)
    have = len(people.intersection(measured))
    return Coverage(len(people), have, is_enough(len(people), have, share))


def is_enough(need: int, have: int, share: float) -> bool:
    """Whether so many measured of so many who had to be are the share that is asked for."""
    # 0.95 of 20 is 19, though floats say 19.000000000000004.
    return need > 0 and have >= math.ceil(share * need - 1e-9)


def present(passes: Iterable[Pass], readings: Iterable[Reading], span: Span) -> Present:
    """Who was there for the window: everybody who came in or was measured that day up to the deadline,
    without those whose last pass before the window opens is `out` and who neither came back nor were measured
    in it. Somebody who was only seen leaving (the night shift, in the morning) is not needed, nor is somebody who was
    measured at the gate and sent out.

    Where a time is uncertain, `surely` takes it as if nothing spoke for the presence, `maybe` as if everything did.
    """
    people: dict[str, tuple[list[Pass], list[Reading]]] = {}
    for one in passes:
        people.setdefault(one.worker, ([], []))[0].append(one)
    for reading in readings:
        if reading.kind == MEASURED_BY:
            people.setdefault(reading.worker, ([], []))[1].append(reading)
    surely, maybe = set[str](), set[str]()
    for worker, (own_passes, own_readings) in people.items():
        if _was_there(own_passes, own_readings, span, certain=True):
            surely.add(worker)
        if _was_there(own_passes, own_readings, span, certain=False):
            maybe.add(worker)
    return Present(frozenset(surely), frozenset(maybe | surely))


def _was_there(passes: Iterable[Pass], readings: Iterable[Reading], span: Span, certain: bool) -> bool:
    """Whether one person certainly was there, or may have been."""

    def within(lo: int, hi: int, from_ms: int, to_ms: int, surely: bool) -> bool:
        return from_ms <= lo and hi <= to_ms if surely else from_ms <= hi and lo <= to_ms

    start, opens, deadline = span.day_starts_ms, span.opens_ms, span.deadline_ms
    ins = [one for one in passes if one.direction == "in" and not (certain and one.kept)]
    outs = [one for one in passes if one.direction == "out" and (certain or not one.kept)]
    came = [one for one in ins if within(one.earliest_ms, one.latest_ms, start, deadline, certain)]
    sent_out = any(within(one.earliest_ms, one.latest_ms, start, deadline, not certain) for one in outs)
    seen, in_window = bool(came), False
    for one in came:
        in_window |= within(one.earliest_ms, one.latest_ms, opens, deadline, certain)
    for reading in readings:
        lo, hi = when(reading)
        proves = not (sent_out and reading.slot in AT_THE_GATE) and not (certain and reading.kept)
        if proves and within(lo, hi, start, deadline, certain):
            seen = True
            in_window |= within(lo, hi, opens, deadline, certain)
    if not seen or in_window:
        return seen
    return not any(_left(one, ins, span, certain) for one in outs)


def _left(out: Pass, ins: Iterable[Pass], span: Span, certain: bool) -> bool:
    """Whether an `out` before the window opens was the last pass before it. To say that somebody certainly was there, it
    is enough that it may have been; of two at the same moment the `out` comes last, because it is the end of a visit."""
    if certain:
        before = out.latest_ms >= span.day_starts_ms and out.earliest_ms < span.opens_ms
        return before and not any(
            back.earliest_ms > out.latest_ms and back.latest_ms < span.opens_ms for back in ins
        )
    before = out.earliest_ms >= span.day_starts_ms and out.latest_ms < span.opens_ms
    return before and not any(
        back.latest_ms > out.earliest_ms and back.earliest_ms < span.opens_ms for back in ins
    )


class Whom(NamedTuple):
    """Whom a duty asks. `only`: the canteen staff, for the duty that is theirs alone; with none on the roster nobody is
    expected. `without`: people whom another duty with the same evidence asks (canteen staff, in TEMP), so that one reading
    meets exactly one window."""

    only: Collection[str] | None = None
    without: Collection[str] = ()

    def among(self, people: frozenset[str]) -> frozenset[str]:
        """Those of these people whom it asks."""
        asked = people.difference(self.without)
        return asked if self.only is None else asked.intersection(self.only)

    @property
    def is_anybody(self) -> bool:
        """Whether anybody is expected."""
        return self.only is None or bool(self.only)


EVERYBODY = Whom()


def weigh(
    passes: Collection[Pass],
    readings: Collection[Reading],
    span: Span,
    share: float,
    whom: Whom = EVERYBODY,
    unnamed: int = 0,
) -> Evidence:
    """What passes and readings say about one coverage window, of the people whom its duty asks.

    The best of three answers counts: timely readings alone, with late ones, with those that were written down
    later. Where it takes readings or presences that are uncertain, the answer is `uncertain`.
    """
    surely, maybe = (whom.among(people) for people in present(passes, readings, span))
    measured = _measured(readings, span)
    certain = measured.timely | measured.late | measured.backfilled
    fulfilled, why = "none", None
    for kind, known in (
        ("backfilled", certain),
        ("late", measured.timely | measured.late),
        ("timely", measured.timely),
    ):
        if coverage(maybe, known, share).met:
            fulfilled = kind
    if fulfilled == "none":
        held = measured.kept | {one.worker for one in passes if one.kept and is_of_day(one, span)}
        why = _why_uncertain(surely, maybe, certain, measured, share, unnamed)
        if (
            why == TIME_UNCERTAIN and maybe - certain <= held
        ):  # the times are sure, and what they are of does not count yet
            why = EVIDENCE_KEPT
        fulfilled = "none" if why is None else "uncertain"
    needed = surely if fulfilled == "none" else maybe
    return Evidence(fulfilled, len(needed), len(needed & certain), whom.is_anybody, why)


def is_of_day(one: Pass, span: Span) -> bool:
    """Whether a pass may be one of those that show who is there that day."""
    return span.day_starts_ms <= one.latest_ms and one.earliest_ms <= span.deadline_ms


def _why_uncertain(
    surely: frozenset[str],
    maybe: frozenset[str],
    certain: frozenset[str],
    measured: Measured,
    share: float,
    unnamed: int,
) -> str | None:
    """Why nobody can say that people were not measured: those who certainly were there may have been."""
    if not maybe:
        return None
    if not surely or coverage(surely, certain | measured.uncertain, share).met:
        return TIME_UNCERTAIN
    known = certain | measured.uncertain | measured.kept
    anybody = sorted(surely - known)[:unnamed]
    return EVIDENCE_KEPT if coverage(surely, known.union(anybody), share).met else None


def _measured(readings: Iterable[Reading], span: Span) -> Measured:
    found: dict[str, set[str]] = {name: set() for name in Measured._fields}
    for reading in readings:
        how = how_measured(reading, span)
        if how is not None:
            found[how].add(reading.worker)
    return Measured(*(frozenset(found[name]) for name in Measured._fields))


def how_measured(reading: Reading, span: Span) -> str | None:
    """As which of the fields of Measured a reading counts; None: not for this window."""
    if reading.kind != span.evidence:
        return None
    if span.admits and reading.slot not in span.admits and not (reading.kept and not reading.slot):
        return None
    window = span.candidate
    how = fit(reading.earliest_ms, reading.latest_ms, window)
    if reading.observed_ms is None:
        return how if how is None or not reading.kept else "kept"
    own, said_ms = (reading.earliest_ms, reading.latest_ms), reading.observed_ms
    if fit(said_ms, said_ms, window) is None:
        return None
    return how if said_within(own, said_ms, window) else "backfilled"


def when(reading: Reading) -> tuple[int, int]:
    """When a reading was taken, between which instants."""
    if reading.observed_ms is not None:
        return reading.observed_ms, reading.observed_ms
    return reading.earliest_ms, reading.latest_ms
