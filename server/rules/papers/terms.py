"""Terms: until when an order gives time, and until when a party may act after it was served."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date

from server.rules.calendar import Holidays, add_days, instant_ms, is_working_day, local_date_of, local_time_of

_HOURS = re.compile(r"([0-2]\d:[0-5]\d)[-–—~至]([0-2]\d:[0-5]\d)")
Hours = list[tuple[str, str]]


def office_hours(text: str) -> Hours:
    """`08:30-12:00 14:30-18:00`, as an office writes it; nothing for what is no such text."""
    found = [(one[0], one[1]) for one in _HOURS.findall(text)]
    return found if all(begins < ends < "24:00" for begins, ends in found) else []


def is_office_time(holidays: Holidays, hours: Hours, at_ms: int) -> bool:
    """Whether an office is open then; where nobody has said its hours, whether it is a working day."""
    if not is_working_day(holidays, local_date_of(at_ms)):
        return False
    time = local_time_of(at_ms)
    return not hours or any(begins <= time <= ends for begins, ends in hours)


def next_office_time(holidays: Holidays, hours: Hours, at_ms: int) -> int:
    """The first instant from `at_ms` on at which an office is open."""
    day, time = local_date_of(at_ms), local_time_of(at_ms)
    while True:
        if is_working_day(holidays, day):
            for begins, ends in hours or [("00:00", "23:59")]:
                if time <= ends:
                    return instant_ms(day, max(begins, time))
        day, time = add_days(day, 1), "00:00" if hours else time


def review_until(holidays: Holidays, served_on: str, days: int) -> str:
    """The last day on which a review may be asked for: the day of service does not count, and an end on a day off moves
    on."""
    return _moved_on(holidays, add_days(served_on, days))


def suit_until(holidays: Holidays, served_on: str, months: int) -> str:
    """The same for a suit: so many months later, on the day of the same number, or the month's last."""
    first = date.fromisoformat(served_on)
    year, month = divmod(first.month - 1 + months, 12)
    year, month = first.year + year, month + 1
    day = min(first.day, monthrange(year, month)[1])
    return _moved_on(holidays, date(year, month, day).isoformat())


def _moved_on(holidays: Holidays, day: str) -> str:
    while not is_working_day(holidays, day):
        day = add_days(day, 1)
    return day
