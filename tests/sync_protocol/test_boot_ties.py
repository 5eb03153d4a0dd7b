"""The ties of one boot: the nearest two say as much as all of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.intervals import DRIFT_PPM, BootTies, Span, Tie, boot_span, with_tie

HOUR_MS = 3_600_000
moments = st.integers(0, 40 * HOUR_MS)
pushes = st.lists(
    st.tuples(moments, st.integers(-8_000, 8_000), st.integers(0, 70_000)), min_size=1, max_size=12
)


def drift_ms(distance_ms: int) -> int:
    return -(-abs(distance_ms) * DRIFT_PPM // 1_000_000)


@given(pushes, st.lists(moments, min_size=1, max_size=8))
def test_an_instant_is_bounded_as_if_every_push_of_the_boot_were_looked_at(
    pushed: list[tuple[int, int, int]], asked: list[int]
) -> None:
    ties = BootTies()
    for up_ms, off_ms, transit_ms in pushed:
        arrival_ms = 100 * HOUR_MS + up_ms + off_ms
        ties = with_tie(ties, Tie(arrival_ms - transit_ms, arrival_ms, 0, "boot", up_ms))
    for up_ms in asked:
        los = [at_ms + up_ms - there - drift_ms(up_ms - there) for there, at_ms in ties.lower]
        his = [at_ms + up_ms - there + drift_ms(up_ms - there) for there, at_ms in ties.upper]
        assert boot_span(ties, up_ms) == Span(max(los), min(his))
