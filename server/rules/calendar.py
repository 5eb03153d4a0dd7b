"""Local dates, working days and instants in Asia/Shanghai.

A local date is `YYYY-MM-DD` text, an instant is int milliseconds since the epoch, UTC. The official calendar
of days off and make-up working days is data (`seed_data/holidays.csv`) and comes in as a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Holidays:
    """The official calendar, as local dates. A year that is not in `years` is not published yet: Monday to
    Friday."""

    days_off: frozenset[str] = frozenset()
    make_up: frozenset[str] = frozenset()  # weekend days on which people work (调休)
    years: frozenset[int] = frozenset()

    def knows(self, local_date: str) -> bool:
        """Whether the year's official arrangement is loaded."""
        return int(local_date[:4]) in self.years

    def known_until(self, local_date: str) -> str | None:
        """The last date through which the arrangement is loaded without a gap, from that date on; None: not even then."""
        year = int(local_date[:4])
        while year in self.years:
            year += 1
        return f"{year - 1}-12-31" if self.knows(local_date) else None


def is_working_day(holidays: Holidays, local_date: str) -> bool:
    """Whether people work by the official calendar: a named day off or make-up day decides, else Monday to
    Friday."""
    if local_date in holidays.make_up:
        return True
    if local_date in holidays.days_off:
        return False
    return date.fromisoformat(local_date).weekday() < _SATURDAY


def add_days(local_date: str, days: int) -> str:
    return (date.fromisoformat(local_date) + timedelta(days=days)).isoformat()


def dates_from(first: str, end: str) -> list[str]:
    """The local dates from one on, without the one at which they end."""
    last = date.fromisoformat(end)
    begin = date.fromisoformat(first)
    return [(begin + timedelta(days=n)).isoformat() for n in range((last - begin).days)]


def add_working_days(holidays: Holidays, local_date: str, days: int) -> str:
    """The `days`-th working day after `local_date`, which itself is not counted. `days` is 0 or more."""
    while days > 0:
        local_date = add_days(local_date, 1)
        days -= is_working_day(holidays, local_date)
    return local_date


@lru_cache(maxsize=4096)  # one city plans the same few hundred times of day over and over
def instant_ms(local_date: str, time: str, days_later: int = 0) -> int:
    """The instant of a local time of day, `HH:MM`, on `local_date` or so many days later."""
    day = date.fromisoformat(local_date) + timedelta(days=days_later)
    hour, minute = map(int, time.split(":"))
    local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI)
    return round(local.astimezone(UTC).timestamp()) * 1000


def midnight_ms(local_date: str) -> int:
    """The instant at which a local date begins."""
    return instant_ms(local_date, "00:00")


def local_date_of(at_ms: int) -> str:
    """The local date in which an instant lies."""
    return _date_of_hour(at_ms // HOUR_MS) if at_ms >= 0 else _local(at_ms).date().isoformat()


@lru_cache(maxsize=4096)  # of the facts of a push
def _date_of_hour(hour: int) -> str:
    """The same of an hour since the epoch: since then it has been whole hours from UTC here."""
    return _local(hour * HOUR_MS).date().isoformat()


def local_time_of(at_ms: int) -> str:
    """The local time of day of an instant, `HH:MM`."""
    return _local(at_ms).strftime("%H:%M")


def shift_date(at_ms: int, starts: str) -> str:
    """The date to which an instant belongs when shift days start at `starts` (`HH:MM`): a shift belongs to
    the date on which it began, though it ends after midnight (DOMAIN: Duties)."""
    today = local_date_of(at_ms)
    return today if at_ms >= instant_ms(today, starts) else add_days(today, -1)


def working_days_later_ms(holidays: Holidays, from_ms: int, days: int) -> int:
    """The same second of the local day, so many working days later."""
    today = local_date_of(from_ms)
    later = add_working_days(holidays, today, days)
    return midnight_ms(later) + (from_ms - midnight_ms(today))


def _local(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, SHANGHAI)
