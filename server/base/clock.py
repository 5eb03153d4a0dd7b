"""The one clock. Rules and actions get `now_ms`; only endpoints, ticks and commands read it here."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Anything that gives the time in milliseconds since the epoch, UTC."""

    def now_ms(self) -> int: ...


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


class FakeClock:
    """A clock that moves only when it is set: for tests and for writing the demo city's past."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms

    def set(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def advance(self, ms: int) -> None:
        self._now_ms += ms


def to_iso(at_ms: int) -> str:
    """RFC 3339 text with milliseconds and the offset of Asia/Shanghai, as people here read it."""
    minute, rest_ms = divmod(at_ms, 60_000)
    head, offset = _minute(minute)
    return f"{head}:{_TWO[rest_ms // 1000]}.{_THREE[rest_ms % 1000]}{offset}"


@lru_cache(maxsize=4096)
def _minute(minute: int) -> tuple[str, str]:
    """A minute's text and offset. Entries come minute by minute, so most texts are known."""
    text = datetime.fromtimestamp(minute * 60, SHANGHAI).isoformat(timespec="minutes")
    return text[:16], text[16:]


_TWO = [f"{number:02}" for number in range(60)]  # looked up in half the time in which they are written
_THREE = [f"{number:03}" for number in range(1000)]


def from_iso(text: str) -> int:
    """Milliseconds since the epoch of an RFC 3339 instant. Raises ValueError when it has no offset."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("an instant needs an offset, like +08:00")
    return round(at.astimezone(UTC).timestamp() * 1000)
