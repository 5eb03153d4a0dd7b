"""Local dates and working days."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rules.calendar import (
    SHANGHAI,
    add_working_days,
    instant_ms,
    is_working_day,
    local_date_of,
    local_time_of,
    midnight_ms,
    shift_date,
    working_days_later_ms,
)
from tests.server.rules.cast import HOLIDAYS, at


def test_a_local_date_begins_at_midnight_in_shanghai() -> None:
    assert midnight_ms("2021-12-01") == 1_638_288_000_000  # 2021-11-30T16:00:00Z
    assert local_date_of(1_638_288_000_000) == "2021-12-01"
    assert local_date_of(1_638_287_999_999) == "2021-11-30"
    assert local_time_of(instant_ms("2021-12-01", "05:30")) == "05:30"


@given(st.integers(-(10**13), 10**13))
def test_a_local_date_is_the_time_zones(at_ms: int) -> None:
    assert local_date_of(at_ms) == datetime.fromtimestamp(at_ms / 1000, SHANGHAI).date().isoformat()


@pytest.mark.parametrize(
    ("local_date", "works"),
    [
        ("2021-12-03", True),  # Friday
        ("2021-12-04", False),  # Saturday
        ("2022-01-29", True),  # Saturday, made up for the Spring Festival
        ("2022-02-02", False),  # Wednesday of the Spring Festival
        ("2026-10-10", True),  # Saturday, made up for the National Day
        ("2026-10-07", False),
        ("2027-01-01", True),  # Friday: 2027 is not published, so nobody claims that it is a holiday
    ],
)
def test_the_official_calendar_decides_who_works(local_date: str, works: bool) -> None:
    assert is_working_day(HOLIDAYS, local_date) is works


def test_a_year_that_is_not_published_is_known_to_be_unknown() -> None:
    assert HOLIDAYS.knows("2021-12-01") and HOLIDAYS.knows("2026-12-31")
    assert not HOLIDAYS.knows("2027-01-01")


def test_working_days_skip_the_festival_and_count_the_make_up_day() -> None:
    # Fri 28 Jan 2022; Sat 29 and Sun 30 are made up; the festival lasts until Sun 6 Feb.
    assert add_working_days(HOLIDAYS, "2022-01-28", 3) == "2022-02-07"
    assert add_working_days(HOLIDAYS, "2022-01-28", 0) == "2022-01-28"
    start_ms = at("15:20", "2022-01-28")
    assert working_days_later_ms(HOLIDAYS, start_ms, 3) == at("15:20", "2022-02-07")


def test_a_shift_belongs_to_the_date_on_which_it_began() -> None:
    assert shift_date(at("23:59"), "05:00") == "2021-12-06"
    assert shift_date(at("04:59", "2021-12-07"), "05:00") == "2021-12-06"
    assert shift_date(at("05:00", "2021-12-07"), "05:00") == "2021-12-07"
