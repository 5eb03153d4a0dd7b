"""Stretches of time that leaders get a report of: weeks from Monday to Sunday, and months."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from server.rules.calendar import add_days, instant_ms, midnight_ms

WEEK, MONTH = "week", "month"
PERIODS = {WEEK: "周报", MONTH: "月报"}
_MADE_AT = "06:00"  # of the day after it ended: what came in the night counts
_WEEK_CODE = re.compile(r"(\d{4})-W(\d{2})")
_MONTH_CODE = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True, slots=True)
class Period:
    """A week or a month: `kind` is one of PERIODS, both days are its own."""

    kind: str
    first_day: str
    last_day: str

    @property
    def code(self) -> str:
        """`2026-W48`, `2026-11`."""
        if self.kind == MONTH:
            return self.first_day[:7]
        year, week, _ = date.fromisoformat(self.first_day).isocalendar()
        return f"{year}-W{week:02d}"

    @property
    def title(self) -> str:
        year, number = self.code.split("-")
        if self.kind == MONTH:
            return f"{year} 年 {int(number)} 月"
        return f"{year} 年第 {int(number[1:])} 周 ({self.first_day} 至 {self.last_day})"

    @property
    def begins_ms(self) -> int:
        return midnight_ms(self.first_day)

    @property
    def ends_ms(self) -> int:
        return midnight_ms(add_days(self.last_day, 1))

    @property
    def ready_ms(self) -> int:
        """From when on its report may be made."""
        return instant_ms(add_days(self.last_day, 1), _MADE_AT)


def period_of(kind: str, local_date: str) -> Period:
    """The week or the month that a date is in."""
    day = date.fromisoformat(local_date)
    if kind == MONTH:
        first = day.replace(day=1).isoformat()
        following = add_days(first, 31)[:8] + "01"
        return Period(MONTH, first, add_days(following, -1))
    monday = add_days(local_date, -day.weekday())
    return Period(WEEK, monday, add_days(monday, 6))


def period_named(code: str) -> Period | None:
    """By its code: `2026-W48` or `2026-11`; None where there is no such week or month."""
    week, month = _WEEK_CODE.fullmatch(code), _MONTH_CODE.fullmatch(code)
    try:
        if week is not None:
            return period_of(WEEK, date.fromisocalendar(int(week[1]), int(week[2]), 1).isoformat())
        return period_of(MONTH, date.fromisoformat(f"{code}-01").isoformat()) if month is not None else None
    except ValueError:
        return None


def last_ready(kind: str, local_date: str, now_ms: int) -> Period:
    """The last week or month whose report may be made by now. `local_date`: the date of now."""
    period = period_of(kind, add_days(period_of(kind, local_date).first_day, -1))
    return period if period.ready_ms <= now_ms else period_of(kind, add_days(period.first_day, -1))
