"""What facts do to windows of duties that are not asked by slots, in the transaction that takes the facts in."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.duties.decide_window import decide_window
from server.actions.duties.follow_events import follow_events
from server.actions.duties.mode_evidence import mode_evidence
from server.actions.duties.touches import Touch
from server.actions.records.feed import Feed
from server.models.window import Window, reaching
from server.rules.calendar import DAY_MS
from server.rules.duties.modes import BY_PERIOD
from server.rules.duties.reporting import Reporting
from server.rules.duties.windows import DutyRule
from server.rules.rulebook import Rulebook


def follow_modes(
    session: Session, feed: Feed, touches: Sequence[Touch], reporting: Reporting, now_ms: int, book: Rulebook
) -> list[Window]:
    """Judge the windows of periods, documents and events that these changes may decide; those that changed. Nothing is
    looked up unless a duty asks for such records."""
    rules = book.mode_rules()
    kinds = {touch.kind for touch in touches}
    changed = []
    by_period = [rule for rule in rules if rule.judging in BY_PERIOD and rule.evidence in kinds]
    if by_period:
        windows = _around(session, feed.scope.scope_id, by_period, touches)
        found = mode_evidence(session, feed.seals, windows, book)
        changed += [
            window
            for window in windows
            if window.id in found
            and decide_window(window, now_ms, reporting, found[window.id], book, touches)
        ]
    events = [rule for rule in rules if rule.mode.trigger is not None]
    if any(rule.evidence in kinds or rule.mode.trigger.kind in kinds for rule in events if rule.mode.trigger):
        changed += follow_events(session, feed, touches, reporting, now_ms, book)
    return changed


def _around(
    session: Session, scope_id: str, rules: Sequence[DutyRule], touches: Sequence[Touch]
) -> list[Window]:
    """The windows of these duties that the changes may touch: also those that will look back at them."""
    evidence = {rule.code: rule.evidence for rule in rules}
    looks_back_ms = max(rule.mode.looks_back_days for rule in rules) * DAY_MS
    is_document = {rule.code for rule in rules if rule.judging == "document"}
    asked = [touch for touch in touches if touch.kind in evidence.values()]
    first, last = min(touch.from_ms for touch in asked), max(touch.to_ms for touch in asked) + looks_back_ms
    reached = sa.and_(Window.duty.in_(evidence.keys() - is_document), reaching(first, last))
    if is_document:  # one that was written long ago is looked at by every window since
        reached = sa.or_(reached, sa.and_(Window.duty.in_(is_document), Window.closes_ms >= first))
    query = sa.select(Window).where(
        Window.scope_id == scope_id, reached, Window.state.not_in(("excused", "void"))
    )
    return [
        window
        for window in session.scalars(query)
        if any(
            touch.kind == evidence[window.duty]
            and (window.place_id is None or touch.subject in (None, window.place, window.place_id))
            for touch in asked
        )
    ]
