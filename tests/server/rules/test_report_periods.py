"""Weeks and months of reports: every date is in exactly one of each, and none is made before it is over."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rules.calendar import add_days, instant_ms, local_date_of
from server.rules.reports import MONTH, WEEK, last_ready, period_named, period_of

DATES = st.dates(date(2020, 1, 1), date(2035, 12, 31)).map(date.isoformat)
KINDS = st.sampled_from([WEEK, MONTH])


@given(KINDS, DATES)
def test_a_date_is_in_one_period_whose_code_names_it(kind: str, day: str) -> None:
    period = period_of(kind, day)
    assert period.first_day <= day <= period.last_day
    assert period_named(period.code) == period
    assert period_of(kind, add_days(period.last_day, 1)).first_day == add_days(period.last_day, 1)
    assert period_of(kind, period.first_day) == period_of(kind, period.last_day) == period


@given(KINDS, DATES, st.integers(0, 23))
def test_the_last_one_that_is_ready_is_over_and_the_next_one_is_not_ready(
    kind: str, day: str, hour: int
) -> None:
    now_ms = instant_ms(day, f"{hour:02d}:30")
    ready = last_ready(kind, local_date_of(now_ms), now_ms)
    assert ready.ends_ms < ready.ready_ms <= now_ms
    assert period_of(kind, add_days(ready.last_day, 1)).ready_ms > now_ms


@pytest.mark.parametrize("code", ["2026-W00", "2026-W54", "2026-13", "2026", "2026-W4", "", "2026-11-01"])
def test_what_is_no_period_has_none(code: str) -> None:
    assert period_named(code) is None
