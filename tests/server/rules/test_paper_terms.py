"""Terms of papers, and how papers write times, numbers and signs."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rules.calendar import Holidays, instant_ms, is_working_day, local_date_of
from server.rules.papers.fields import FIELDS, rows_of
from server.rules.papers.template import filled
from server.rules.papers.terms import (
    is_office_time,
    next_office_time,
    office_hours,
    review_until,
    suit_until,
)
from server.rules.papers.writing import full_width, written_date, written_number, written_time

HOURS = office_hours("08:30-12:00 14:30-18:00")
NEW_YEAR = Holidays(days_off=frozenset({"2026-01-01", "2026-01-02"}), years=frozenset({2026}))


def test_the_day_of_service_does_not_count_and_an_end_on_a_day_off_moves_on() -> None:
    assert review_until(Holidays(), "2026-11-24", 60) == "2027-01-25"  # the 23rd is a Saturday
    assert review_until(NEW_YEAR, "2025-11-02", 60) == "2026-01-05"  # New Year, then a weekend
    assert suit_until(Holidays(), "2026-11-24", 6) == "2027-05-24"
    assert suit_until(Holidays(), "2026-08-31", 6) == "2027-03-01"  # February's last day is a Sunday


@given(st.dates(date(2022, 1, 1), date(2030, 1, 1)), st.integers(1, 24))
def test_a_suit_never_ends_before_its_months_are_over_or_on_a_day_off(day: date, months: int) -> None:
    end = suit_until(Holidays(), day.isoformat(), months)
    assert is_working_day(Holidays(), end)
    assert timedelta(28 * months) <= date.fromisoformat(end) - day <= timedelta(31 * months + 2)


@pytest.mark.parametrize(
    ("at", "then"),
    [
        (("2026-11-27", "17:00"), ("2026-11-27", "17:00")),
        (("2026-11-27", "12:40"), ("2026-11-27", "14:30")),
        (("2026-11-27", "18:01"), ("2026-11-30", "08:30")),
        (("2026-11-28", "09:00"), ("2026-11-30", "08:30")),
    ],
)
def test_a_term_ends_while_the_office_is_open(at: tuple[str, str], then: tuple[str, str]) -> None:
    found = next_office_time(Holidays(), HOURS, instant_ms(*at))
    assert found == instant_ms(*then)
    assert is_office_time(Holidays(), HOURS, found)


@given(st.integers(1_700_000_000, 1_900_000_000))
def test_the_next_office_time_is_one_and_not_in_the_past(minute: int) -> None:
    at_ms = minute * 1000 - minute * 1000 % 60_000
    for hours in (HOURS, []):
        found = next_office_time(Holidays(), hours, at_ms)
        assert found >= at_ms
        assert is_office_time(Holidays(), hours, found)
        assert is_working_day(Holidays(), local_date_of(found))


@pytest.mark.parametrize("text", ["", "全天", "18:00-08:30", "08:30-25:00"])
def test_what_is_no_office_hours_is_none(text: str) -> None:
    assert office_hours(text) == []


def test_numbers_dates_and_times_are_written_as_official_papers_write_them() -> None:
    assert written_number("新建责改", 2026, 5, False) == "新建责改〔2026〕5号"
    assert written_number("新建责改", 2026, 5, True) == "新建责改〔2026〕第5号"
    assert written_date("2026-01-07") == "2026年1月7日"
    assert written_time(instant_ms("2026-01-07", "09:00")) == "2026年1月7日9时"
    assert written_time(instant_ms("2026-01-07", "09:05")) == "2026年1月7日9时05分"


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("换装线路, 配足消毒用品.", "换装线路，配足消毒用品。"),
        ("王芳(劳资专管员):到场", "王芳（劳资专管员）：到场"),
        ("电缆 YJV-3x2.5, 长 1,200 m", "电缆 YJV-3x2.5，长 1,200 m"),
        ("GB/T 9704-2012 (信函)", "GB/T 9704-2012（信函）"),
    ],
)
def test_signs_beside_chinese_are_full_width(typed: str, printed: str) -> None:
    assert full_width(typed) == printed


def test_what_somebody_types_is_no_template() -> None:
    assert filled("{site}: {area}", {"site": "{area}", "area": "3号楼"}) == "{area}: 3号楼"


def test_a_table_has_a_cell_for_each_column() -> None:
    assert rows_of(FIELDS["orders"], "线路裸露 | 更换 | 当日\n\n无灭火器｜配置") == [
        ["线路裸露", "更换 | 当日"],
        ["无灭火器", "配置"],
    ]
