"""A watermark moves only on evidence, never back, and one silent device holds a scope."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.stream import Link, Stream, extend
from sync_protocol.watermark import complete_through, scope_watermark
from tests.sync_protocol.cases import chain

times = st.none() | st.integers(0, 10**13)


@given(st.lists(st.sampled_from(chain(6)), unique=True), st.integers(0, 3), st.integers(0, 10**13), times)
def test_a_watermark_never_goes_back_and_moves_only_when_all_is_here(
    links: list[Link], unsent: int, at_ms: int, previous: int | None
) -> None:
    stream = extend(Stream(), links)
    through = complete_through(stream, unsent, at_ms, previous)
    whole = len(links) == max((link.n for link in links), default=0)
    if whole and unsent == 0:
        assert through == max(at_ms, previous if previous is not None else at_ms)
    else:
        assert through == previous


@given(st.lists(times, max_size=6))
def test_a_scope_waits_for_its_last_device(devices: list[int | None]) -> None:
    least = scope_watermark(devices)
    if not devices or None in devices:
        assert least is None
    else:
        assert least == min(through for through in devices if through is not None)
