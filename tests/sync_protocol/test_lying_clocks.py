"""Whatever a tablet's clocks claim, the estimate stays in what is provable, as good as the evidence."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.entry import MAX_N, MAX_WALL_MS, MIN_WALL_MS, At
from sync_protocol.time_bounds import (
    ALLOWANCE_MS,
    Anchor,
    estimate,
    is_steady,
    tie,
    tighter,
)

NOON_MS = 1_795_406_400_000
DAY_MS = 86_400_000
walls = st.integers(MIN_WALL_MS, MAX_WALL_MS)
ups = st.none() | st.integers(0, MAX_N)
anchors = st.none() | st.builds(
    Anchor, st.integers(-MAX_N, MAX_N), st.integers(0, DAY_MS), st.none() | st.integers(0, 2 * NOON_MS)
)


@given(
    walls,
    ups,
    st.none() | st.integers(0, NOON_MS),
    anchors,
    st.none() | st.integers(-MAX_N, MAX_N),
    st.booleans(),
)
def test_no_claim_leaves_what_is_provable(
    wall_ms: int,
    up_ms: int | None,
    beacon_ms: int | None,
    anchor: Anchor | None,
    offset_ms: int | None,
    steady: bool,
) -> None:
    at = At(wall_ms, "", "b", up_ms, "q")
    times = estimate(at, NOON_MS, beacon_ms, anchor, offset_ms, steady)
    assert (times.claimed_ms, times.not_before_ms, times.not_after_ms) == (wall_ms, beacon_ms, NOON_MS)
    assert max(MIN_WALL_MS, beacon_ms or MIN_WALL_MS) <= times.event_ms <= NOON_MS
    assert times.bound_ms >= 0
    assert times.backfilled == (beacon_ms is not None and wall_ms < beacon_ms - 1000)
    if beacon_ms is not None:
        assert times.bound_ms <= NOON_MS - beacon_ms


@given(
    age_ms=st.integers(0, 5 * DAY_MS),
    since_ms=st.integers(-5 * DAY_MS, 5 * DAY_MS),
    journey_ms=st.integers(0, ALLOWANCE_MS),
    read_ms=st.integers(0, 60_000),
    drift_ppm=st.integers(-100, 100),
    wall_ms=walls,
)
def test_an_anchored_estimate_is_within_its_bound_whatever_the_wall_says(
    age_ms: int, since_ms: int, journey_ms: int, read_ms: int, drift_ppm: int, wall_ms: int
) -> None:
    """A true history: an entry, an exchange before or after it in the same boot, and a late receipt."""
    written_ms = NOON_MS
    exchange_ms = written_ms + since_ms
    up_at_exchange_ms = 30 * DAY_MS
    up_ms = up_at_exchange_ms - since_ms - since_ms * drift_ppm // 1_000_000
    anchor = tie(up_at_exchange_ms, exchange_ms + journey_ms + read_ms, read_ms)
    received_ms = max(written_ms, exchange_ms + journey_ms + read_ms) + age_ms
    times = estimate(At(wall_ms, "", "b", up_ms), received_ms, None, anchor, None, True)
    assert times.grade == "anchored"
    assert abs(times.event_ms - written_ms) <= times.bound_ms + 2  # whole milliseconds


@given(walls, st.integers(-DAY_MS, DAY_MS))
def test_a_steady_clock_is_corrected_by_its_offset(received_ms: int, offset_ms: int) -> None:
    times = estimate(At(NOON_MS - DAY_MS - offset_ms, "", None), NOON_MS, None, None, offset_ms, True)
    assert (times.grade, times.event_ms) == ("offset", NOON_MS - DAY_MS)
    assert times.bound_ms == ALLOWANCE_MS + DAY_MS // 10_000


def test_a_clock_that_was_set_between_exchanges_is_not_steady() -> None:
    assert is_steady(None, 5)
    assert is_steady(1_000, 61_000)
    assert not is_steady(1_000, 61_001)
    assert not is_steady(61_001, 1_000)


def test_an_unknown_beacon_is_no_lower_bound_and_no_refusal() -> None:
    times = estimate(At(0, "", None, None, "made-up"), NOON_MS, None, None, None, False)
    assert (times.not_before_ms, times.backfilled, times.event_ms) == (None, False, 0)


def test_the_tighter_anchor_is_kept_and_the_first_of_equals() -> None:
    quick, slow, again = tie(0, NOON_MS, 0), tie(0, NOON_MS, 500), tie(0, NOON_MS + 1, 0)
    assert tighter(slow, quick) is quick
    assert tighter(quick, slow) is quick
    assert tighter(quick, again) is quick
