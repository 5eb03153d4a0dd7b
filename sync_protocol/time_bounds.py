"""When was an entry written? A tablet's clock is a claim; this is what the server can say about it (PROTOCOL:
Time).

All instants are milliseconds since the epoch, UTC. Every constant of the estimate stands here and in SPEC.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sync_protocol.entry import MIN_WALL_MS, At

ALLOWANCE_MS = 1_000  # each way, for what the server can't see of a request's journey
DRIFT_PPM = 100  # of a tablet's oscillator, adding to the bound with the distance from the exchange
STEADY_MS = 60_000  # a wall clock that moved further between two exchanges was set by somebody
BACKFILL_TOLERANCE_MS = 1_000  # below the beacon's time, for clocks that are read in different units
CLAIMED_BOUND_MS = 86_400_000  # of a bare claim, which nothing bounds: a clock may be on the wrong day


@dataclass(frozen=True, slots=True)
class Anchor:
    """The tie between one boot of a device and server time: server time = up_ms + `offset_ms`, ± `bound_ms`.

    `at_ms` is the server time of the exchange that made it, from where drift counts (None: from the receipt).
    """

    offset_ms: int
    bound_ms: int
    at_ms: int | None = None


class TimeBounds(NamedTuple):
    """What is known of an entry's time.

    `claimed_ms` as written; `event_ms` ± `bound_ms` estimated; `grade` `anchored`, `offset` or `claimed`;
    provably not before `not_before_ms` (the beacon's time; None: no beacon known) and not after
    `not_after_ms` (the receipt); `backfilled`: it claims a time before the beacon that it carries.
    """

    claimed_ms: int
    event_ms: int
    bound_ms: int
    grade: str
    not_before_ms: int | None
    not_after_ms: int
    backfilled: bool


def tie(up_ms: int, received_ms: int, read_ms: int) -> Anchor:
    """The anchor that one exchange gives: the device read `up_ms` for the header, the server had read the
    whole request at `received_ms`, having taken `read_ms` to do so. ± half of what the journey may have
    taken."""
    return Anchor(received_ms - read_ms // 2 - up_ms, ALLOWANCE_MS + (read_ms + 1) // 2, received_ms)


def tighter(a: Anchor, b: Anchor) -> Anchor:
    """The anchor with the smaller bound, `a` if they are equal."""
    return b if b.bound_ms < a.bound_ms else a


def is_steady(previous_offset_ms: int | None, offset_ms: int) -> bool:
    """Whether a wall clock is off by the same as at the last exchange, so that its offset may correct its
    claims."""
    return previous_offset_ms is None or abs(previous_offset_ms - offset_ms) <= STEADY_MS


def estimate(
    at: At,
    received_ms: int,
    beacon_ms: int | None,
    anchor: Anchor | None,
    wall_offset_ms: int | None,
    steady: bool,
) -> TimeBounds:
    """The time of an entry. `anchor` is of the boot that the entry names, or None; `beacon_ms` when its
    beacon was handed out, None when it carries none or one that the server does not know (no lower bound
    then, and no refusal); `wall_offset_ms` = server time − the device's wall clock at this exchange; `steady`
    from `is_steady`.

    1. The best grade that is there gives the estimate and its bound; drift adds to the bound.
    2. The estimate is clamped into what is provable, and no bound reaches beyond that.
    """
    if anchor is not None and at.up_ms is not None:
        grade, guess_ms = "anchored", at.up_ms + anchor.offset_ms
        since_ms = received_ms if anchor.at_ms is None else anchor.at_ms
        bound_ms = anchor.bound_ms + _drift_ms(guess_ms - since_ms)
    elif wall_offset_ms is not None and steady:
        grade, guess_ms = "offset", at.wall_ms + wall_offset_ms
        bound_ms = ALLOWANCE_MS + _drift_ms(guess_ms - received_ms)
    else:
        grade, guess_ms, bound_ms = "claimed", at.wall_ms, CLAIMED_BOUND_MS
    event_ms = min(max(guess_ms, MIN_WALL_MS), received_ms)  # whatever a device claims, it stays a date
    if beacon_ms is None:
        return TimeBounds(at.wall_ms, event_ms, bound_ms, grade, None, received_ms, False)
    event_ms = min(max(event_ms, beacon_ms), received_ms)
    bound_ms = min(bound_ms, max(event_ms - beacon_ms, received_ms - event_ms))
    backfilled = at.wall_ms < beacon_ms - BACKFILL_TOLERANCE_MS
    return TimeBounds(at.wall_ms, event_ms, bound_ms, grade, beacon_ms, received_ms, backfilled)


def _drift_ms(distance_ms: int) -> int:
    return -(-abs(distance_ms) * DRIFT_PPM // 1_000_000)
