"""补录: work that was first written on paper counts when its author says that it was done, within limits (SPEC: Time)."""

from __future__ import annotations

from typing import NamedTuple

from server.rules.calendar import HOUR_MS

AFTER_MS = 5 * 60_000  # later than the entry's latest bound by more than this, `observed` is that bound


class Observed(NamedTuple):
    """When work was done, as its author says. `counts`: whether it may meet a window."""

    at_ms: int
    counts: bool


def observed(
    said_ms: int, earliest_ms: int, latest_ms: int, backfill_max_h: float, began_ms: int
) -> Observed:
    """What an entry's `at.observed` amounts to. `earliest_ms`, `latest_ms`: when the entry was written; `backfill_max_h`:
    the rule of that name; `began_ms`: from when the site and the assignment were there."""
    at_ms = said_ms if said_ms <= latest_ms + AFTER_MS else latest_ms
    counts = at_ms >= max(earliest_ms - round(backfill_max_h * HOUR_MS), began_ms)
    return Observed(at_ms, counts)
