"""When was an entry written? A tablet's clock is a claim; this is what the server can say about it (SPEC: Time).

All instants are milliseconds since the epoch, UTC. A lower bound of `UNKNOWN_MS` bounds nothing. Every constant of the
estimate is here and in SPEC.md. Nothing here reads a clock: what was answered and when is given.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from sync_protocol.entry import At

TRANSIT_MS = 60_000  # a client abandons a try that has no answer so long after it read its clock
DRIFT_PPM = 100  # of a tablet's oscillator, widening an estimate with the distance from the push
WALL_MS = 1_000  # each way, for wall clocks that are read in other units than they are written
FILE_MS = 600_000  # each way, of a file's entry: a wall clock may have moved since it was last known
UNKNOWN_MS = 0
UNBOUNDED_MS = 86_400_000  # shown as the bound of a time that nothing bounds from below

ANCHORED, OFFSET, CLAIMED = GRADES = ("anchored", "offset", "claimed")


class Tie(NamedTuple):
    """A push as it ties the device's clocks to the server's: they were read within [`t_ms`, `arrival_ms`]."""

    t_ms: int
    arrival_ms: int
    wall_ms: int
    boot: str | None = None
    up_ms: int | None = None


class Span(NamedTuple):
    """From `lo` to `hi`, both included. Empty (contradictory) where `lo` is greater."""

    lo: int
    hi: int


class Floor(NamedTuple):
    """What a push said of a stream: nothing beyond number `n` + `unsent` was written yet at `t_ms`."""

    known: int  # n + unsent
    t_ms: int
    arrival_ms: int


@dataclass(frozen=True, slots=True)
class BootTies:
    """The pushes of one boot that bound its times: (`up_ms`, instant) each. Pushes that say nothing more are left
    out. Both are in order of `up_ms`."""

    lower: tuple[tuple[int, int], ...] = ()
    upper: tuple[tuple[int, int], ...] = ()


class Written(NamedTuple):
    """What is known of one entry by itself. `follows`: its `prev` is the hash of the entry before it in the list.

    `estimate` is None where the device's clocks say nothing. `not_before_ms` is the greater of its beacon's time
    and `floor_ms`, the T of the last push whose n + unsent is below its number; `not_after_ms` its receipt.
    """

    follows: bool
    grade: str
    estimate: Span | None
    not_before_ms: int
    not_after_ms: int
    floor_ms: int = UNKNOWN_MS
    doubt: bool = False


class Interval(NamedTuple):
    """When an entry was written: within [`earliest_ms`, `latest_ms`], believed; within [`not_before_ms`,
    `not_after_ms`], proved. `doubt`: its clock contradicts what is proved (`clock_doubt`). `floor_ms` as in Written."""

    earliest_ms: int
    latest_ms: int
    grade: str
    doubt: bool
    not_before_ms: int
    not_after_ms: int
    floor_ms: int = UNKNOWN_MS

    @property
    def event_ms(self) -> int:
        """What is shown, with `bound_ms` each way: the middle, or the upper bound where there is no lower one."""
        return self.latest_ms if self.earliest_ms == UNKNOWN_MS else (self.earliest_ms + self.latest_ms) // 2

    @property
    def bound_ms(self) -> int:
        return (
            UNBOUNDED_MS if self.earliest_ms == UNKNOWN_MS else (self.latest_ms - self.earliest_ms + 1) // 2
        )


def push_time(arrival_ms: int, beacon_ms: int | None) -> int:
    """T of a push: its clock was not read before. `beacon_ms`: when the header's beacon was handed out, None
    for one that the server does not know or that a client of 2026.1 does not send."""
    earliest = arrival_ms - TRANSIT_MS
    return earliest if beacon_ms is None else min(max(earliest, beacon_ms), arrival_ms)


def with_tie(ties: BootTies, tie: Tie) -> BootTies:
    """The ties of a boot with one push more. The push must name the boot and its `up_ms`."""
    assert tie.up_ms is not None
    lower, upper = (tie.up_ms, tie.t_ms), (tie.up_ms, tie.arrival_ms)
    if all(_lower(one, tie.up_ms) < tie.t_ms for one in ties.lower):
        kept = tuple(one for one in ties.lower if _lower(lower, one[0]) < one[1])
        ties = BootTies(tuple(sorted((*kept, lower))), ties.upper)
    if all(_upper(one, tie.up_ms) > tie.arrival_ms for one in ties.upper):
        kept = tuple(one for one in ties.upper if _upper(upper, one[0]) > one[1])
        ties = BootTies(ties.lower, tuple(sorted((*kept, upper))))
    return ties


def boot_span(ties: BootTies, up_ms: int) -> Span | None:
    """Between which instants a device read this `up_ms`, by all pushes of its boot; None where no push shares
    it. Empty where they contradict each other (a boot that was used twice)."""
    if not ties.lower or not ties.upper:
        return None
    lo, hi = -_NEVER_MS, _NEVER_MS
    for tie_up_ms, at_ms in _nearest(ties.lower, up_ms):  # `_lower`, done for every line of every push
        distance_ms = up_ms - tie_up_ms
        bound_ms = at_ms + distance_ms + (-abs(distance_ms) * DRIFT_PPM // 1_000_000)
        if bound_ms > lo:
            lo = bound_ms
    for tie_up_ms, at_ms in _nearest(ties.upper, up_ms):  # `_upper`
        distance_ms = up_ms - tie_up_ms
        bound_ms = at_ms + distance_ms - (-abs(distance_ms) * DRIFT_PPM // 1_000_000)
        if bound_ms < hi:
            hi = bound_ms
    return Span(lo, hi)


def _nearest(ties: Sequence[tuple[int, int]], up_ms: int) -> Sequence[tuple[int, int]]:
    """The ties before and after an `up_ms`. One further off never says more: the nearer one, which stayed because it says
    more at its own moment than the other, is widened by less drift."""
    after = bisect_left(ties, (up_ms,))
    return ties[max(0, after - 1) : after + 1]


def ties_around(ties: Sequence[Tie], beacon_ms: int | None, floor: Floor | None) -> Sequence[Tie]:
    """Of a device's pushes, in order of arrival up to the one that brought an entry: from the last one that was
    certainly before the entry on. Certainly before: the entry carries the beacon of that push or a later one, or
    is numbered beyond its n + unsent."""
    before_ms = max(beacon_ms or UNKNOWN_MS, floor.arrival_ms if floor is not None else UNKNOWN_MS)
    first = max((i for i, tie in enumerate(ties) if tie.arrival_ms <= before_ms), default=0)
    return ties[first:]


def wall_span(wall_ms: int, ties: Iterable[Tie], margin_ms: int = WALL_MS) -> Span | None:
    """Between which instants a wall clock showed `wall_ms`, as the hull of what these pushes say. None without."""
    spans = [(tie.t_ms + wall_ms - tie.wall_ms, tie.arrival_ms + wall_ms - tie.wall_ms) for tie in ties]
    if not spans:
        return None
    return Span(min(lo for lo, _ in spans) - margin_ms, max(hi for _, hi in spans) + margin_ms)


def estimate(
    at: At, boot: BootTies | None, around: Sequence[Tie], last: Tie | None = None
) -> tuple[str, Span | None]:
    """The best grade and what it says of the time of an entry.

    `boot`: the ties of the boot that the entry names; `around`: the pushes that `ties_around` gives; of an entry
    that a file brought, it is empty, and `last` is the last push before.
    """
    if at.boot is not None and at.up_ms is not None and boot is not None:
        span = boot_span(boot, at.up_ms)
        if span is not None:
            return ANCHORED, span
    if at.boot is None and around:
        return OFFSET, wall_span(at.wall_ms, around)
    return CLAIMED, wall_span(at.wall_ms, [last], FILE_MS) if last is not None else None


def floor_of(floors: Iterable[Floor], n: int) -> Floor | None:
    """The last push that had not heard of entry `n`: its T is before the entry."""
    best: Floor | None = None
    for floor in floors:  # few, and looked through for every line of every push
        if floor.known < n and (best is None or floor.t_ms > best.t_ms):
            best = floor
    return best


def with_floor(floors: Sequence[Floor], fresh: Floor, whole_to: int) -> tuple[Floor, ...]:
    """The floors of a stream with one push more, without those that bound no entry still to come: of those that
    know no more than `whole_to`, the number up to which the stream is whole, the best one stays."""
    kept = [floor for floor in floors if floor.known < fresh.known or floor.t_ms > fresh.t_ms]
    kept.append(fresh)
    past = max((floor for floor in kept if floor.known <= whole_to), key=lambda one: one.t_ms, default=None)
    return tuple(floor for floor in sorted(kept) if floor.known > whole_to or floor is past)


def settle(entries: Sequence[Written]) -> list[Interval]:
    """The intervals of entries of one stream, in the order of their numbers (SPEC: Time, rules 1–4).

    1. The estimate, cut to the provable bounds; the order in the chain tightens those.
    2. Where that leaves nothing, the provable bounds, in doubt.
    3. The order tightens by provable bounds and by anchored intervals. Of two in the wrong order the one that is
       not anchored is in doubt; both, if neither or both are.
    4. Where bounds contradict each other: the receipt, and the T of the last push that had not heard of it.
    """
    settled: list[Interval] = []
    first = 0
    for i in range(1, len(entries) + 1):
        if i == len(entries) or not entries[i].follows:
            settled += _settle_run(entries[first:i])
            first = i
    return settled


def _settle_run(run: Sequence[Written]) -> list[Interval]:
    """Lists of numbers side by side, because this is done for every line of every push."""
    own = _Bounds([entry.not_before_ms for entry in run], [entry.not_after_ms for entry in run])
    broken = [
        entry.not_before_ms > entry.not_after_ms
        or (entry.estimate is not None and entry.estimate.lo > entry.estimate.hi)
        for entry in run
    ]
    proved = _proved(own, broken)
    broken = [bad or lo > hi for bad, lo, hi in zip(broken, *proved, strict=True)]
    doubts = list(broken)
    believed = _Bounds(list(proved.los), list(proved.his))
    for i, entry in enumerate(run):
        estimate = entry.estimate
        if estimate is not None and not broken[i]:
            lo, hi = max(estimate.lo, proved.los[i]), min(estimate.hi, proved.his[i])
            if lo > hi or entry.doubt:
                doubts[i] = True
            else:
                believed.los[i], believed.his[i] = lo, hi
    anchored = [entry.grade == ANCHORED for entry in run]
    _doubt_wrong_order(believed, doubts, anchored)
    ties = [is_anchored and not doubt for is_anchored, doubt in zip(anchored, doubts, strict=True)]
    after, before = _ordered(believed, ties)
    settled = []
    for i, entry in enumerate(run):
        if broken[i]:
            lo, hi = min(entry.floor_ms, entry.not_after_ms), entry.not_after_ms
            settled.append(Interval(lo, hi, entry.grade, True, lo, hi, entry.floor_ms))
            continue
        bounds = proved if doubts[i] else believed
        lo, hi = max(bounds.los[i], after[i]), min(bounds.his[i], before[i])
        if lo > hi:
            lo, hi = bounds.los[i], bounds.his[i]
        proof = (proved.los[i], proved.his[i], entry.floor_ms)
        settled.append(Interval(lo, hi, entry.grade, doubts[i], *proof))
    return settled


class _Bounds(NamedTuple):
    """The lower and the upper bounds of entries, in their order."""

    los: list[int]
    his: list[int]


def _doubt_wrong_order(spans: _Bounds, doubts: list[bool], anchored: Sequence[bool]) -> None:
    """Mark the entries that lie in the wrong order by more than their bounds: anchored ones by each other, the others by
    the anchored ones and by each other."""
    for of, by in ((True, True), (False, True), (False, False)):
        if of not in anchored or by not in anchored:
            continue  # none to be marked, or none to mark by
        counts = [
            is_anchored == by and not doubt for is_anchored, doubt in zip(anchored, doubts, strict=True)
        ]
        after, before = _ordered(spans, counts)
        for i, (lo, hi) in enumerate(zip(*spans, strict=True)):
            if (lo > before[i] or hi < after[i]) and anchored[i] == of:
                doubts[i] = True


def _ordered(spans: _Bounds, counts: Sequence[bool]) -> tuple[list[int], list[int]]:
    """For each entry, the greatest lower bound of those up to it and the least upper bound of those from it on, over
    the entries that count."""
    lows = [lo if count else UNKNOWN_MS for lo, count in zip(spans.los, counts, strict=True)]
    highs = [hi if count else _NEVER_MS for hi, count in zip(spans.his, counts, strict=True)]
    highs.reverse()
    before = list(accumulate(highs, min))
    before.reverse()
    return list(accumulate(lows, max)), before


def _proved(own: _Bounds, broken: Sequence[bool]) -> _Bounds:
    """The provable bounds of each entry, tightened by those of the entries before and after it."""
    after, before = _ordered(own, [not bad for bad in broken])
    los = [lo if bad or lo > least else least for lo, least, bad in zip(own.los, after, broken, strict=True)]
    his = [hi if bad or hi < most else most for hi, most, bad in zip(own.his, before, broken, strict=True)]
    return _Bounds(los, his)


def _lower(tie: tuple[int, int], up_ms: int) -> int:
    distance_ms = up_ms - tie[0]
    return tie[1] + distance_ms + (-abs(distance_ms) * DRIFT_PPM // 1_000_000)  # less the drift, rounded up


def _upper(tie: tuple[int, int], up_ms: int) -> int:
    distance_ms = up_ms - tie[0]
    return tie[1] + distance_ms - (-abs(distance_ms) * DRIFT_PPM // 1_000_000)


_NEVER_MS = 2**53
