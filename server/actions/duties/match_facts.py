"""What facts do to windows, inside the transaction that takes the facts in and under its scope's lock."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.duties.decide_window import decide_window
from server.actions.duties.follow_coverage import follow_coverage
from server.actions.duties.follow_modes import follow_modes
from server.actions.duties.log_evidence import log_evidence
from server.actions.duties.touches import Touch, merged
from server.actions.records.feed import Feed
from server.actions.records.window_record import window_put
from server.models.scope import Scope
from server.models.site import Site
from server.models.window import Window, reaching
from server.rules.calendar import DAY_MS, local_date_of, midnight_ms
from server.rules.duties.matching import Matched
from server.rules.duties.reporting import Reporting
from server.rules.rulebook import Rulebook


def match_facts(
    session: Session,
    feed: Feed,
    touches: Sequence[Touch],
    reporting: Reporting,
    now_ms: int,
    book: Rulebook,
) -> None:
    """Judge the windows that these changes may decide, by all facts that are known now, and publish those that changed.

    Records of a place are matched with the windows of every duty that asks for their kind; coverage (who of those
    present was measured) is kept by day, and follows what changed; duties of periods, documents and events follow
    (follow_modes.py). Few statements, however many facts.
    """
    scope = feed.scope
    changed = _match_logs(session, scope, touches, reporting, now_ms, book)
    changed += _weigh_around(session, scope, touches, reporting, now_ms, book)
    changed += follow_modes(session, feed, touches, reporting, now_ms, book)
    if changed:
        session.flush()
        feed.put([window_put(window) for window in changed])


def _match_logs(
    session: Session,
    scope: Scope,
    touches: Sequence[Touch],
    reporting: Reporting,
    now_ms: int,
    book: Rulebook,
) -> list[Window]:
    evidence = {rule.code: rule.evidence for rule in book.duties if rule.judging == "log"}
    kinds = set(evidence.values())
    logs = merged(touch for touch in touches if touch.kind in kinds)
    if not logs:
        return []
    asked = Window.duty.in_(
        [code for code, kind in evidence.items() if kind in {touch.kind for touch in logs}]
    )
    windows = [
        window
        for window in _around(session, scope, logs, asked)
        if any(_touches(touch, window, evidence[window.duty]) for touch in logs)
    ]
    site = session.get_one(Site, scope.scope_id)
    found = log_evidence(session, windows, {site.id: site.alert}, book)
    return [
        window for window in windows if decide_window(window, now_ms, reporting, found[window.id], book, logs)
    ]


def _touches(touch: Touch, window: Window, kind: str) -> bool:
    here = touch.subject in (None, window.place, window.place_id) or window.place_id is None
    return touch.kind == kind and here and touch.from_ms < _end_ms(window) and window.opens_ms <= touch.to_ms


def _weigh_around(
    session: Session,
    scope: Scope,
    touches: Sequence[Touch],
    reporting: Reporting,
    now_ms: int,
    book: Rulebook,
) -> list[Window]:
    """The coverage windows whose day holds one of these changes, by all that is known now; those that changed. The day of
    a shift that ends after midnight reaches into the next one."""
    people = [touch for touch in touches if touch.kind in book.coverage_kinds]
    if not people:
        return []
    weighed = merged(people, of_people=True)
    coverage = Window.duty.in_({rule.code for rule in book.duties if rule.judging == "coverage"})
    days = [
        Touch(
            touch.kind,
            None,
            midnight_ms(local_date_of(touch.from_ms)),
            midnight_ms(local_date_of(touch.to_ms)) + DAY_MS,
        )
        for touch in weighed
    ]
    windows = [
        window
        for window in _around(session, scope, days, coverage)
        if any(
            day.from_ms <= midnight_ms(window.local_date) < day.to_ms
            or (touch.from_ms < _end_ms(window) and window.opens_ms <= touch.to_ms)
            for day, touch in zip(days, weighed, strict=True)
        )
    ]
    site = session.get_one(Site, scope.scope_id)
    evidence = follow_coverage(session, site, people, windows, now_ms, book)
    return [
        window
        for window in windows
        if decide_window(window, now_ms, reporting, Matched(evidence[window.id]), book, weighed)
    ]


def _around(
    session: Session, scope: Scope, touches: Sequence[Touch], wanted: sa.ColumnElement[bool]
) -> list[Window]:
    """The windows that may be touched, read through the index of openings."""
    first, last = min(touch.from_ms for touch in touches), max(touch.to_ms for touch in touches)
    opened = reaching(first, last)
    return list(session.scalars(sa.select(Window).where(Window.scope_id == scope.scope_id, opened, wanted)))


def _end_ms(window: Window) -> int:
    return max(window.closes_ms, window.deadline_ms)
