"""A case is reported, or it is not, or nobody can say yet: never by the server's clock alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.rules.cases import Limits, next_look_ms, step_state

HOUR_MS = 3_600_000
LIMITS = Limits(HOUR_MS, 2 * HOUR_MS)
TIMES = st.integers(0, 5 * HOUR_MS)


def test_a_case_on_a_tablet_that_was_not_heard_from_waits() -> None:
    for watermark_ms in (None, 0, HOUR_MS - 1):
        assert step_state(0, None, watermark_ms, LIMITS) == "waiting"


def test_a_case_is_warned_of_after_an_hour_and_overdue_after_two() -> None:
    assert step_state(0, None, HOUR_MS, LIMITS) == "warned"
    assert step_state(0, None, 2 * HOUR_MS, LIMITS) == "overdue"


def test_a_report_in_time_settles_it_and_a_late_one_does_not() -> None:
    assert step_state(0, 2 * HOUR_MS, None, LIMITS) == "met"
    assert step_state(0, 2 * HOUR_MS + 1, None, LIMITS) == "overdue"


@given(TIMES, st.none() | TIMES, st.none() | TIMES, TIMES)
def test_what_is_not_settled_is_looked_at_again_and_later(
    opened_ms: int, reported_ms: int | None, watermark_ms: int | None, now_ms: int
) -> None:
    now = step_state(opened_ms, reported_ms, watermark_ms, LIMITS)
    again_ms = next_look_ms(now, opened_ms, now_ms, LIMITS, 60_000)
    assert (again_ms is None) == (now in ("met", "overdue"))
    assert again_ms is None or again_ms > now_ms


@given(TIMES, st.none() | TIMES, TIMES, TIMES)
def test_more_reports_from_tablets_never_make_a_case_less_urgent(
    opened_ms: int, reported_ms: int | None, one_ms: int, other_ms: int
) -> None:
    order = ("waiting", "met", "warned", "overdue")
    early, late = sorted((one_ms, other_ms))
    before, after = (step_state(opened_ms, reported_ms, at_ms, LIMITS) for at_ms in (early, late))
    assert order.index(before) <= order.index(after)
