"""Cases (发热, 症状, 红黄码, 疫区往返): whether one was reported in time (报备).

Like a window, a case is judged by what the tablets have reported, not by the server's clock: a report may have been made
hours ago on a tablet that has no network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CaseState = Literal["waiting", "reported", "unreported", "overdue"]
TRAVEL_HIT = "travel_hit"  # what happened to a flag: somebody stayed in an area at risk
CASE_KIND = "case"
CASE = "CASE"  # the duty code of the flag that an unreported case raises


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a report may take, in ms from the opening: `warn_ms` before people are notified, `limit_ms` by law
    (突发公共卫生事件应急条例 20)."""

    warn_ms: int
    limit_ms: int


def case_state(
    opened_ms: int, reported_ms: int | None, watermark_ms: int | None, limits: Limits
) -> CaseState:
    """`waiting`: unknown so far; `unreported`: to warn of; `overdue`: past the limit, also when it was reported
    afterwards."""
    if reported_ms is not None:
        return "overdue" if reported_ms > opened_ms + limits.limit_ms else "reported"
    if watermark_ms is None or watermark_ms < opened_ms + limits.warn_ms:
        return "waiting"
    return "overdue" if watermark_ms >= opened_ms + limits.limit_ms else "unreported"


def next_look_ms(now: CaseState, opened_ms: int, now_ms: int, limits: Limits, retry_ms: int) -> int | None:
    """When to look at it again: never at one that is settled; else at its next deadline, or a little later when the
    tablets are behind it."""
    if now in ("reported", "overdue"):
        return None
    deadline_ms = opened_ms + (limits.warn_ms if now == "waiting" else limits.limit_ms)
    return max(deadline_ms, now_ms + retry_ms)
