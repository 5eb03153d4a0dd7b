"""A tablet's two clocks: the one on the wall, which people set, and the one since boot, which nobody can."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Protocol

BOOT_CLOCK = getattr(
    time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC
)  # continues during sleep where the system has one
_CHINA = timezone(timedelta(hours=8))  # no zone data needed on a tablet: China has had one offset since 1991
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TabletClock(Protocol):
    """What a tablet can read about time. `boot` names the run of the machine that `up_ms` counts from;
    None: unknown."""

    @property
    def boot(self) -> str | None: ...

    def wall_ms(self) -> int: ...

    def up_ms(self) -> int: ...


class SystemTabletClock:
    """This machine's clocks. `up_ms` continues during sleep where the system offers that, as an anchor
    needs."""

    def __init__(self) -> None:
        self._boot = _boot_id()

    @property
    def boot(self) -> str | None:
        return self._boot

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def up_ms(self) -> int:
        return time.clock_gettime_ns(BOOT_CLOCK) // 1_000_000


def _boot_id() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip() or None
    except OSError:
        return None


def wall_text(wall_ms: int) -> str:
    """RFC 3339 text with milliseconds and offset, as an entry's `at.wall` carries it:
    `2026-11-23T07:41:03.120+08:00`."""
    return (_EPOCH + timedelta(milliseconds=wall_ms)).astimezone(_CHINA).isoformat(timespec="milliseconds")


def parse_ms(text: object) -> int | None:
    """Milliseconds since the epoch of an instant that a server sent. None when it is none, or has no
    offset."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if at.tzinfo is None else round(at.timestamp() * 1000)
