"""Dates, times of day and instants as expressions read them: text of one fixed form, or no value at all."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{1,6}))?"
    r"(?:Z|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)


def days_of(text: str) -> int | None:
    """The number of a day, counted from one long ago; None for what is no day of the calendar."""
    if _DATE.fullmatch(text) is None:
        return None
    try:
        return date(int(text[:4]), int(text[5:7]), int(text[8:])).toordinal()
    except ValueError:
        return None


def is_date(text: str) -> bool:
    return days_of(text) is not None


def is_time(text: str) -> bool:
    return _TIME.fullmatch(text) is not None


def minute_of(time: str) -> int:
    """The minute of the day of a time that `is_time`."""
    return int(time[:2]) * 60 + int(time[3:])


@lru_cache(maxsize=1024)  # the same text is compared several times
def micros_of(text: str) -> int | None:
    """An instant in microseconds, counted from long ago; None for what is none."""
    found = _INSTANT.fullmatch(text)
    day = days_of(found[1]) if found is not None else None
    if found is None or day is None:
        return None
    minutes = day * 1440 + int(found[2]) * 60 + int(found[3])
    if found[6]:
        offset = int(found[7]) * 60 + int(found[8])
        minutes -= offset if found[6] == "+" else -offset
    return (minutes * 60 + int(found[4])) * 1_000_000 + int((found[5] or "").ljust(6, "0"))
