"""What becomes of a stored window when rules, holidays, suspensions or the site itself change afterwards."""

from __future__ import annotations

from dataclasses import dataclass, replace

from server.rules.duties.judge import reason_code
from server.rules.duties.windows import PlannedWindow

_PLANS_EXCUSES = ("suspended", "stopped", "rest_day")


@dataclass(frozen=True, slots=True)
class StoredWindow:
    """A window as it stands: the part that planning and judging share. `need` is as in Evidence."""

    state: str
    reason: str | None
    opens_ms: int
    due_ms: int
    grace_s: int
    closes_ms: int
    need: int | None = None


def revise(stored: StoredWindow, planned: PlannedWindow | None, now_ms: int) -> StoredWindow | None:
    """The stored window as it must be now that planning gives `planned` (None: it is no longer asked for);
    None when nothing changes. Judge it afterwards.

    1. A window that has opened keeps its times, because it is judged by the rule as of its opening; one still
       to come takes the new ones, or is void when nobody asks for it any more.
    2. A new excuse (a suspension approved late, a holiday added) excuses what is undecided, and takes what
       was `missed` to review, because people have acted upon it. A rest day excuses nothing where people were
       seen.
    3. An excuse that has gone (a make-up day added, a suspension withdrawn) opens the window again.
    """
    revised = _retimed(stored, planned) if stored.opens_ms > now_ms else stored
    if planned is not None:
        revised = _excused(revised, planned.excused) if planned.excused else _asked_again(revised)
    return None if revised == stored else revised


def _retimed(stored: StoredWindow, planned: PlannedWindow | None) -> StoredWindow:
    if planned is None:
        return replace(stored, state="void", reason="not_asked")
    times = replace(
        stored,
        opens_ms=planned.opens_ms,
        due_ms=planned.due_ms,
        grace_s=planned.grace_s,
        closes_ms=planned.closes_ms,
    )
    return replace(times, state="open", reason=None) if stored.reason == "not_asked" else times


def _excused(stored: StoredWindow, excuse: str) -> StoredWindow:
    if excuse == "rest_day" and stored.need:
        return stored
    if stored.state == "missed":
        return replace(stored, state="review", reason="excused_after_missed")
    if stored.state in ("open", "silent", "excused"):
        return replace(stored, state="excused", reason=excuse)
    return stored


def _asked_again(stored: StoredWindow) -> StoredWindow:
    if stored.state == "excused" and reason_code(stored.reason) in _PLANS_EXCUSES:
        return replace(stored, state="open", reason=None)
    return stored
