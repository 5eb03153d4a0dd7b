"""What a window becomes. Everything that writes a window's state asks here: the push that brings facts, the tick that
finds it due, planning that makes and revises it, and a person who excuses it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from server.rules.calendar import local_date_of
from server.rules.duties.judge import (
    EXPIRING,
    FILE_PENDING,
    PLACE_CLOSED,
    TRIGGER_GONE,
    Evidence,
    Reported,
    is_soft,
    judge,
    reason_code,
)
from server.rules.duties.reporting import Reporting
from server.rules.duties.windows import PlannedWindow, deadline
from server.rules.rulebook import Rulebook

REASON_MAX = 200  # characters
_FILE_MS = 3_600_000
_PLANS_EXCUSES = ("suspended", "stopped", "rest_day", PLACE_CLOSED)


class Stored(Protocol):
    """A window as it is in the database, as far as deciding needs it."""

    state: str
    reason: str | None
    need: int | None
    have: int | None
    flag_id: str | None
    opens_ms: int

    @property
    def deadline_ms(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Decision:
    """A window's state, why, the people who had to be measured (`need`) and were (`have`), and when the scheduler must
    look at it again (None: only new data can change it)."""

    state: str
    reason: str | None
    need: int | None
    have: int | None
    check_ms: int | None


def reported_of(reporting: Reporting, kinds: Iterable[str], window: Stored, now_ms: int) -> Reported:
    """What a site's devices have reported of the kinds that a window is judged by."""
    lost = reporting.lost_of(kinds, window.opens_ms, window.deadline_ms)
    return Reported(now_ms, reporting.watermark(kinds), lost)


def silence_ms(book: Rulebook, now_ms: int) -> int:
    """How long a window stays silent before the silent-site flag opens: tablets are often offline for an hour."""
    return round(book.number("silent_site_h", local_date_of(now_ms)) * 3_600_000)


def decide(window: Stored, evidence: Evidence, reported: Reported, silence_ms: int) -> Decision:
    """What a window is by all facts known now (the table of `judge`). One that is silent is looked at again when its
    silence has lasted `silence_ms`, long enough for a flag: a tablet that is merely late raises none. One that waits for
    a file is looked at every hour, because files come apart from records."""
    verdict = judge(window.state, window.reason, window.deadline_ms, reported, evidence)
    check_ms = verdict.next_check_ms
    flagged_ms = window.deadline_ms + silence_ms
    if verdict.state == "silent" and reported.now_ms < flagged_ms:
        check_ms = flagged_ms
    if reason_code(verdict.reason) == FILE_PENDING:
        check_ms = reported.now_ms + _FILE_MS
    return Decision(verdict.state, verdict.reason, evidence.need, evidence.have, check_ms)


def decide_at_push(window: Stored, evidence: Evidence, reported: Reported, silence_ms: int) -> Decision:
    """As `decide`, where flags and reminders are left to the tick: what they have to follow is due at once."""
    decided = decide(window, evidence, reported, silence_ms)
    is_silent_long = decided.state == "silent" and decided.check_ms is None
    flag_follows = window.flag_id is not None or decided.state == "missed" or is_silent_long
    is_reminder = reason_code(decided.reason) == EXPIRING
    return replace(decided, check_ms=reported.now_ms) if flag_follows or is_reminder else decided


def begin(planned: PlannedWindow) -> Decision:
    """A new window: excused from the start, or open and looked at by its deadline."""
    if planned.excused:
        return Decision("excused", planned.excused[:REASON_MAX], None, None, None)
    return Decision("open", None, None, None, planned.deadline_ms)


def reopen(window: Stored, revised: StoredWindow, now_ms: int) -> Decision:
    """A window that planning has revised. One that was decided by its lack is looked at again at once, because its flag
    depends on it."""
    check_ms = deadline(revised.due_ms, revised.grace_s) if revised.state == "open" else None
    if window.state in ("silent", "missed"):
        check_ms = now_ms
    return Decision(revised.state, revised.reason, window.need, window.have, check_ms)


def withdraw(window: Stored, now_ms: int) -> Decision:
    """What asked for a window is void or corrected: nothing is asked any more. Its flag follows."""
    return Decision(
        "void", TRIGGER_GONE, window.need, window.have, now_ms if window.flag_id is not None else None
    )


def ask_again(window: Stored, now_ms: int) -> Decision:
    """What asked for a withdrawn window counts again."""
    return Decision("open", None, None, None, max(now_ms, window.deadline_ms))


def approve(window: Stored, approved_by: str) -> Decision:
    """A person has looked into it and excuses it (核实豁免)."""
    reason = f"approved: {approved_by}"[:REASON_MAX]
    return Decision("excused", reason, window.need, window.have, None)


@dataclass(frozen=True, slots=True)
class StoredWindow:
    """A window as it is stored: the part that planning and judging share. `need` is as in Evidence."""

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
       seen. A closed place excuses what may have been done there, too: nobody can do it any more.
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
    is_undecided = stored.state in ("open", "silent", "excused")
    is_over = excuse == PLACE_CLOSED and stored.state == "review" and is_soft(stored.reason)
    if is_undecided or is_over:
        return replace(stored, state="excused", reason=excuse)
    return stored


def _asked_again(stored: StoredWindow) -> StoredWindow:
    if stored.state == "excused" and reason_code(stored.reason) in _PLANS_EXCUSES:
        return replace(stored, state="open", reason=None)
    return stored
