"""What new facts do to windows, inside the transaction that takes the facts in and under its scope's lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.feed import Feed
from server.actions.raise_flags import silence_ms
from server.actions.weigh_coverage import COVERAGE_KINDS, coverage_evidence
from server.actions.window_record import window_put
from server.models.record import Record
from server.models.scope import Scope
from server.models.site import Site
from server.models.window import Window
from server.rules.calendar import DAY_MS, local_date_of, midnight_ms
from server.rules.judge import NOTHING, Candidate, Evidence, judge, match
from server.rules.rulebook import Rulebook

_LONGEST_MS = 2 * DAY_MS  # no window reaches further from its opening


class FactMet(NamedTuple):
    """A fact that was taken in, as windows see it. `subject`: a worker's id or a place's kind."""

    id: str
    kind: str
    event_ms: int
    claimed_ms: int
    backfilled: bool
    subject: str | None
    slot: str | None

    @property
    def at_ms(self) -> int:
        """When it counts: a provably backfilled fact at the time that it claims."""
        return self.claimed_ms if self.backfilled else self.event_ms


def meet_windows(
    session: Session, feed: Feed, scope: Scope, facts: Sequence[FactMet], now_ms: int, book: Rulebook
) -> None:
    """Let new facts meet the windows that ask for them, and publish the windows that changed.

    A record of a place meets one window at once. Coverage (who of those present was measured) is weighed
    anew for the days that the facts fall on. Few statements, however many facts.
    """
    changed = _meet_logs(session, scope, facts, now_ms, book)
    times = {fact.at_ms for fact in facts if fact.kind in COVERAGE_KINDS}
    changed += _weigh_around(session, scope, times, now_ms, book)
    _publish(session, feed, changed)


def retract(
    session: Session,
    feed: Feed,
    scope: Scope,
    record_ids: Sequence[str],
    replaced: Mapping[str, str],
    now_ms: int,
    book: Rulebook,
) -> None:
    """Facts were voided or corrected: another one of the same window takes their place, else what they proved
    is open again, or goes to review when the deadline has passed.

    `replaced` names, by the id of a corrected fact, the one that takes its place in the same window.
    """
    query = sa.select(Record.kind, Record.event_ms).where(
        Record.scope_id == scope.scope_id, Record.id.in_(record_ids)
    )
    facts = [(kind, event_ms) for kind, event_ms in session.execute(query) if event_ms is not None]
    if not facts:
        return
    changed = []
    for window in _around(session, scope, [at_ms for _, at_ms in facts], sa.true()):
        if window.evidence in record_ids:
            heir = replaced.get(window.evidence or "")
            if heir is not None:
                window.evidence = heir
            else:
                _stand_in(session, scope, window, now_ms, book)
            changed.append(window)
    times = {at_ms for kind, at_ms in facts if kind in COVERAGE_KINDS}
    changed += _weigh_around(session, scope, times, now_ms, book)
    _publish(session, feed, changed)


def watermark_moved(
    session: Session, scope: Scope, before_ms: int | None, after_ms: int | None, now_ms: int
) -> None:
    """Windows that the site's tablets have now reported past are looked at by the next tick."""
    if after_ms is None or (before_ms is not None and after_ms <= before_ms):
        return
    opened = Window.opens_ms <= after_ms
    if before_ms is not None:  # what it had passed before was looked at then
        opened = Window.opens_ms.between(before_ms - _LONGEST_MS, after_ms)
    deadline = Window.due_ms + Window.grace_s * 1000
    silent = sa.and_(Window.scope_id == scope.scope_id, Window.state == "silent")
    passed = sa.update(Window).where(silent, opened, deadline <= after_ms)
    session.execute(passed.values(check_ms=now_ms))


def _meet_logs(
    session: Session, scope: Scope, facts: Sequence[FactMet], now_ms: int, book: Rulebook
) -> list[Window]:
    """Each fact meets the one window of its duty and place that admits it."""
    duties = {rule.evidence: rule.code for rule in book.duties if rule.judging == "log"}
    logs = [fact for fact in facts if fact.kind in duties]
    if not logs:
        return []
    by_place: dict[tuple[str, str], list[Window]] = {}
    for window in _around(session, scope, [fact.at_ms for fact in logs], Window.duty.in_(duties.values())):
        by_place.setdefault((window.duty, window.place), []).append(window)
    changed: dict[str, Window] = {}
    for fact in sorted(logs, key=lambda fact: fact.at_ms):
        windows = by_place.get((duties[fact.kind], fact.subject or ""), [])
        found = match(fact.event_ms, fact.claimed_ms, fact.backfilled, [_candidate(one) for one in windows])
        if found.index is not None:
            window = windows[found.index]
            window.evidence, window.evidence_ms = fact.id, fact.at_ms
            _decide(window, now_ms, scope.watermark_ms, Evidence(found.fulfilled), book)
            changed[window.id] = window
    return list(changed.values())


def _stand_in(session: Session, scope: Scope, window: Window, now_ms: int, book: Rulebook) -> None:
    """The record that met a window counts no more. The earliest other one that it admits takes its place."""
    kinds = [rule.evidence for rule in book.duties if rule.code == window.duty and rule.judging == "log"]
    end_ms = max(window.closes_ms, window.deadline_ms + 1)
    query = (
        sa.select(Record.id, Record.event_ms, Record.backfilled)
        .where(Record.scope_id == scope.scope_id, Record.kind.in_(kinds))
        .where(Record.event_ms >= window.opens_ms, Record.event_ms < end_ms)
        .where(Record.subject == window.place, Record.counts.is_(True), Record.deleted_ms.is_(None))
    )
    found = session.execute(query.order_by(Record.backfilled, Record.event_ms, Record.id).limit(1)).first()
    window.evidence, window.evidence_ms = (found.id, found.event_ms) if found is not None else (None, None)
    evidence = NOTHING
    if found is not None:
        late = "timely" if found.event_ms <= window.deadline_ms else "late"
        evidence = Evidence("backfilled" if found.backfilled else late)
    _decide(window, now_ms, scope.watermark_ms, evidence, book)


def _weigh_around(
    session: Session, scope: Scope, times_ms: set[int], now_ms: int, book: Rulebook
) -> list[Window]:
    """The coverage windows whose day holds one of these times, weighed with all that is known now; those that
    changed. The day of a shift that ends after midnight reaches into the next one."""
    if not times_ms:
        return []
    coverage = Window.duty.in_({rule.code for rule in book.duties if rule.judging == "coverage"})
    days = {local_date_of(at_ms) for at_ms in times_ms}
    windows = [
        window
        for window in _around(session, scope, [midnight_ms(day) + DAY_MS for day in days], coverage)
        if window.local_date in days
        or any(window.opens_ms <= at_ms < max(window.closes_ms, window.deadline_ms + 1) for at_ms in times_ms)
    ]
    site = session.get_one(Site, scope.scope_id)
    weighed = coverage_evidence(session, scope.scope_id, site.alert, windows, book)
    return [
        window for window in windows if _decide(window, now_ms, scope.watermark_ms, weighed[window.id], book)
    ]


def _decide(
    window: Window, now_ms: int, watermark_ms: int | None, evidence: Evidence, book: Rulebook
) -> bool:
    """Judge a window by new evidence; whether anything about it changed. What the scheduler was to look at stays due
    unless something did."""
    before = (window.state, window.reason, window.need, window.have)
    verdict = judge(window.state, window.reason, now_ms, window.deadline_ms, watermark_ms, evidence)
    if (verdict.state, verdict.reason, evidence.need, evidence.have) == before:
        return False
    window.state, window.reason = verdict.state, verdict.reason
    window.need, window.have = evidence.need, evidence.have
    window.judged_ms, window.judged_watermark_ms = now_ms, watermark_ms
    if window.flag_id is not None or verdict.state == "missed":
        window.check_ms = now_ms  # its flag has to follow
    elif verdict.state == "silent":
        window.check_ms = window.deadline_ms + silence_ms(book, now_ms)
    else:
        window.check_ms = verdict.next_check_ms
    return True


def _around(
    session: Session, scope: Scope, times_ms: Sequence[int], wanted: sa.ColumnElement[bool]
) -> list[Window]:
    """The windows that may hold one of these times, read through the index of openings."""
    opened = Window.opens_ms.between(min(times_ms) - _LONGEST_MS, max(times_ms))
    return list(session.scalars(sa.select(Window).where(Window.scope_id == scope.scope_id, opened, wanted)))


def _candidate(window: Window) -> Candidate:
    return Candidate(window.opens_ms, window.deadline_ms, window.closes_ms, window.state, window.reason)


def _publish(session: Session, feed: Feed, windows: Sequence[Window]) -> None:
    if windows:
        session.flush()
        feed.put([window_put(window) for window in windows])
