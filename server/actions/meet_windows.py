"""What new facts do to windows, inside the transaction that takes the facts in and under its scope's lock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.feed import Feed
from server.actions.weigh_coverage import COVERAGE_KINDS, coverage_evidence
from server.actions.window_record import window_put
from server.models.record import Record
from server.models.scope import Scope
from server.models.site import Site
from server.models.window import Window
from server.rules.calendar import DAY_MS, local_date_of
from server.rules.judge import NOTHING, Candidate, Evidence, judge, match
from server.rules.rulebook import Rulebook

_LONGEST_MS = 2 * DAY_MS  # no window reaches further from its opening


@dataclass(frozen=True, slots=True)
class FactMet:
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
    dates = {local_date_of(fact.at_ms) for fact in facts if fact.kind in COVERAGE_KINDS}
    changed += _weigh_days(session, scope, dates, now_ms, book)
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
    """Facts were voided or corrected: what they proved is open again, or goes to review when the deadline has
    passed.

    `replaced` names, by the id of a corrected fact, the one that takes its place in the same window.
    """
    held = sa.select(Window).where(Window.scope_id == scope.scope_id, Window.evidence.in_(record_ids))
    changed = []
    for window in session.scalars(held):
        heir = replaced.get(window.evidence or "")
        window.evidence = heir
        if heir is None:
            window.evidence_ms = None
            _decide(window, now_ms, scope.watermark_ms, NOTHING)
        changed.append(window)
    query = sa.select(Record.event_ms).where(
        Record.scope_id == scope.scope_id, Record.id.in_(record_ids), Record.kind.in_(COVERAGE_KINDS)
    )
    dates = {local_date_of(event_ms) for event_ms in session.scalars(query) if event_ms is not None}
    changed += _weigh_days(session, scope, dates, now_ms, book)
    _publish(session, feed, changed)


def watermark_moved(
    session: Session, scope: Scope, before_ms: int | None, after_ms: int | None, now_ms: int
) -> None:
    """Windows that the site's tablets have now reported past are looked at by the next tick."""
    if after_ms is None or (before_ms is not None and after_ms <= before_ms):
        return
    deadline = Window.due_ms + Window.grace_s * 1000
    passed = sa.and_(Window.scope_id == scope.scope_id, Window.state == "silent", deadline <= after_ms)
    session.execute(sa.update(Window).where(passed).values(check_ms=now_ms))


def _meet_logs(
    session: Session, scope: Scope, facts: Sequence[FactMet], now_ms: int, book: Rulebook
) -> list[Window]:
    """Each fact meets the one window of its duty and place that admits it."""
    duties = {rule.evidence: rule.code for rule in book.duties if rule.judging == "log"}
    logs = [fact for fact in facts if fact.kind in duties]
    if not logs:
        return []
    by_place: dict[tuple[str, str], list[Window]] = {}
    for window in _around(session, scope, (fact.at_ms for fact in logs), set(duties.values())):
        by_place.setdefault((window.duty, window.place), []).append(window)
    changed: dict[str, Window] = {}
    for fact in sorted(logs, key=lambda fact: fact.at_ms):
        windows = by_place.get((duties[fact.kind], fact.subject or ""), [])
        found = match(fact.event_ms, fact.claimed_ms, fact.backfilled, [_candidate(one) for one in windows])
        if found.index is not None:
            window = windows[found.index]
            window.evidence, window.evidence_ms = fact.id, fact.at_ms
            _decide(window, now_ms, scope.watermark_ms, Evidence(found.fulfilled))
            changed[window.id] = window
    return list(changed.values())


def _weigh_days(session: Session, scope: Scope, dates: set[str], now_ms: int, book: Rulebook) -> list[Window]:
    """The coverage windows of these local dates, weighed with all that is known now; those that changed."""
    if not dates:
        return []
    duties = {rule.code for rule in book.duties if rule.judging == "coverage"}
    query = sa.select(Window).where(
        Window.scope_id == scope.scope_id, Window.local_date.in_(dates), Window.duty.in_(duties)
    )
    windows = list(session.scalars(query))
    site = session.get_one(Site, scope.scope_id)
    changed = []
    for key, evidence in coverage_evidence(session, scope.scope_id, site.alert, windows, book).items():
        window = next(one for one in windows if one.id == key)
        if _decide(window, now_ms, scope.watermark_ms, evidence):
            changed.append(window)
    return changed


def _decide(window: Window, now_ms: int, watermark_ms: int | None, evidence: Evidence) -> bool:
    """Judge a window by new evidence; whether anything about it changed."""
    before = (window.state, window.reason, window.need, window.have)
    verdict = judge(window.state, window.reason, now_ms, window.deadline_ms, watermark_ms, evidence)
    window.state, window.reason, window.check_ms = verdict.state, verdict.reason, verdict.next_check_ms
    window.need, window.have = evidence.need, evidence.have
    if (window.state, window.reason, window.need, window.have) == before:
        return False
    window.judged_ms, window.judged_watermark_ms = now_ms, watermark_ms
    if window.flag_id is not None or (window.state == "missed" and before[0] != "missed"):
        window.check_ms = now_ms  # its flag has to follow
    return True


def _around(session: Session, scope: Scope, at_ms: Iterable[int], duties: set[str]) -> list[Window]:
    times = list(at_ms)
    query = sa.select(Window).where(
        Window.scope_id == scope.scope_id,
        Window.opens_ms.between(min(times) - _LONGEST_MS, max(times)),
        Window.duty.in_(duties),
    )
    return list(session.scalars(query))


def _candidate(window: Window) -> Candidate:
    return Candidate(window.opens_ms, window.deadline_ms, window.closes_ms, window.state, window.reason)


def _publish(session: Session, feed: Feed, windows: Sequence[Window]) -> None:
    if windows:
        session.flush()
        feed.put([window_put(window) for window in windows])
