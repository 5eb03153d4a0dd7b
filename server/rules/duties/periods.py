"""Periods of duties that are not asked by slots of a day: a week, two months, a day with an hour.

In a row they are written as pairs of words: `weeks 1`, `days 1 due 17:00 grace 30`, `months 2 anchor 2021-12-01`;
`months 2` for a period that runs from the last record, `months 2 raised 3` where a raised alert asks within 3 days as well;
`minutes 15`, `hours 2`, `days 1` for how soon something follows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from server.rules.calendar import DAY_MS, add_days, instant_ms, midnight_ms

LONG_MS = 2 * DAY_MS  # windows that reach further from their opening are looked up by an index of their own
_UNITS = {"days": 366, "weeks": 52, "months": 12}  # with the most of each
_ANCHORS = {
    "days": "2021-12-01",
    "weeks": "2021-11-29",
    "months": "2021-12-01",
}  # a Monday, a first of the month
_WITHIN = {"minutes": 60, "hours": 3_600, "days": 86_400}
_WITHIN_S_MAX = 31 * 86_400
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_GRACE_MIN_MAX = 1440
_RAISED_DAYS_MAX = 31
_ANCHOR_DAY_MAX = 28  # a day that every month has


class PeriodFault(ValueError):
    """A period that nobody can read; its text says in Chinese what to write."""


@dataclass(frozen=True, slots=True)
class Every:
    """A period of `count` units, the first of which begins on `anchor`. It is due at `due` (HH:MM) of its last day, or at
    that day's end where `due` is empty."""

    unit: str
    count: int
    anchor: str
    due: str = ""
    grace_s: int = 0

    def first_day_of(self, local_date: str) -> str:
        """The first day of the period that a local date is in."""
        if self.unit == "months":
            begins, now = date.fromisoformat(self.anchor), date.fromisoformat(local_date)
            months = (now.year - begins.year) * 12 + now.month - begins.month - (now.day < begins.day)
            return add_months(self.anchor, months // self.count * self.count)
        days = self.count * (7 if self.unit == "weeks" else 1)
        apart = (date.fromisoformat(local_date) - date.fromisoformat(self.anchor)).days
        return add_days(self.anchor, apart // days * days)

    def after(self, first_day: str) -> str:
        """The first day of the period that follows the one that begins on this day."""
        return later(first_day, self.unit, self.count)

    def span(self, first_day: str) -> tuple[int, int]:
        """(opens, due) of the period that begins on this day."""
        return _span(first_day, self.after(first_day), self.due)


@dataclass(frozen=True, slots=True)
class Rolling:
    """A period that begins on the day after the last record that counted. `raised_days`: besides, so many days from when a
    site's alert level turns raised (0: none)."""

    unit: str
    count: int
    due: str = ""
    grace_s: int = 0
    raised_days: int = 0

    def span(self, first_day: str) -> tuple[int, int]:
        """(opens, due) of the period that begins on this day."""
        return _span(first_day, later(first_day, self.unit, self.count), self.due)


def read_every(text: str) -> Every:
    """Raises PeriodFault."""
    said = _pairs(text, (*_UNITS, "anchor", "due", "grace"))
    unit, count = _unit(said)
    anchor = said.get("anchor", _ANCHORS[unit])
    try:
        day = date.fromisoformat(anchor)
    except ValueError:
        raise PeriodFault("anchor 应为 2021-12-01 样子的日期。") from None
    if unit == "months" and day.day > _ANCHOR_DAY_MAX:
        raise PeriodFault("按月计的 anchor 应在每月 28 日或之前。")
    return Every(unit, count, anchor, *_end(said))


def read_rolling(text: str) -> Rolling:
    """Raises PeriodFault."""
    said = _pairs(text, ("weeks", "months", "after", "due", "grace", "raised"))
    if said.get("after", "met") != "met":
        raise PeriodFault("after 只能是 met (从上一次完成起算)。")
    raised_days = _whole(said["raised"], _RAISED_DAYS_MAX) if "raised" in said else 0
    return Rolling(*_unit(said), *_end(said), raised_days)


def read_within(text: str) -> int:
    """How soon, in seconds. Raises PeriodFault."""
    said = _pairs(text, tuple(_WITHIN))
    if len(said) != 1:
        raise PeriodFault("应写成 minutes 15、hours 2 或 days 1 的样子。")
    ((unit, number),) = said.items()
    seconds = _whole(number, _WITHIN_S_MAX) * _WITHIN[unit]
    if seconds > _WITHIN_S_MAX:
        raise PeriodFault("最长 31 天。")
    return seconds


def later(local_date: str, unit: str, count: int) -> str:
    """The local date so many days, weeks or months later."""
    if unit == "months":
        return add_months(local_date, count)
    return add_days(local_date, count * (7 if unit == "weeks" else 1))


def add_months(local_date: str, months: int) -> str:
    """The same day so many months later; the last one of a month that has fewer days."""
    day = date.fromisoformat(local_date)
    month = day.month - 1 + months
    first = date(day.year + month // 12, month % 12 + 1, 1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first.replace(day=min(day.day, (following - first).days)).isoformat()


def _span(first_day: str, next_day: str, due: str) -> tuple[int, int]:
    opens_ms = midnight_ms(first_day)
    return opens_ms, instant_ms(add_days(next_day, -1), due) if due else midnight_ms(next_day)


def _pairs(text: str, names: tuple[str, ...]) -> dict[str, str]:
    words = text.split()
    said = dict(zip(words[::2], words[1::2], strict=False))
    if len(words) % 2 or len(said) * 2 != len(words) or not said.keys() <= set(names):
        raise PeriodFault(f"应写成成对的词, 如 weeks 1, 可用的词有 {'、'.join(names)}。")
    return said


def _unit(said: dict[str, str]) -> tuple[str, int]:
    units = [unit for unit in _UNITS if unit in said]
    if len(units) != 1:
        raise PeriodFault(f"应写明一个周期, 如 weeks 1; 单位是 {'、'.join(_UNITS)} 之一。")
    return units[0], _whole(said[units[0]], _UNITS[units[0]])


def _end(said: dict[str, str]) -> tuple[str, int]:
    due = said.get("due", "")
    if due and _TIME.fullmatch(due) is None:
        raise PeriodFault("due 应为 17:00 样子的时刻。")
    return due, _whole(said["grace"], _GRACE_MIN_MAX, least=0) * 60 if "grace" in said else 0


def _whole(text: str, most: int, least: int = 1) -> int:
    if re.fullmatch("[0-9]{1,6}", text) is None or not least <= int(text) <= most:
        raise PeriodFault(f"“{text[:20]}”应为 {least} 到 {most} 之间的整数。")
    return int(text)
