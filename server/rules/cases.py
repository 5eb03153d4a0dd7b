"""Cases (发热, 症状, 红黄码, 疫区往返): whether a step of one was done in time.

Like a window, a step is judged by what the tablets have reported, not by the server's clock: it may have been done hours
ago, and written on a tablet that has no network. `server/rules/case_steps.py` says which steps there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

StepState = Literal["waiting", "met", "warned", "overdue", "review"]
TRAVEL_HIT = "travel_hit"  # what happened to a flag: somebody stayed in an area at risk
CASE_KIND = "case"
CASE = "CASE"  # the duty code of the flag that an unreported case raises


def is_of_cases(duty: str) -> bool:
    """Whether a flag of this duty is about a step of cases: no window has it."""
    return duty == CASE or duty.startswith(f"{CASE}-")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a step may take, in ms from its start: `warn_ms` before people are notified (None: they are not),
    `limit_ms` at most."""

    warn_ms: int | None
    limit_ms: int


def step_state(start_ms: int, done_ms: int | None, watermark_ms: int | None, limits: Limits) -> StepState:
    """`waiting`: unknown so far; `warned`: to warn of; `overdue`: past the limit, also when it was done afterwards."""
    if done_ms is not None:
        return "overdue" if done_ms > start_ms + limits.limit_ms else "met"
    first_ms = limits.limit_ms if limits.warn_ms is None else limits.warn_ms
    if watermark_ms is None or watermark_ms < start_ms + first_ms:
        return "waiting"
    return "overdue" if watermark_ms >= start_ms + limits.limit_ms else "warned"


def next_look_ms(now: StepState, start_ms: int, now_ms: int, limits: Limits, retry_ms: int) -> int | None:
    """When to look at it again: never at one that is settled; else at its next deadline, or a little later when the
    tablets are behind it."""
    if now in ("met", "overdue"):
        return None
    first_ms = limits.limit_ms if limits.warn_ms is None else limits.warn_ms
    deadline_ms = start_ms + (first_ms if now == "waiting" else limits.limit_ms)
    return max(deadline_ms, now_ms + retry_ms)
