"""What the facts received so far say about coverage windows: who was there, and who was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.count_people import people_of
from server.models.record import Record, Worker
from server.models.window import AnyWindow
from server.rules.calendar import midnight_ms
from server.rules.coverage import Pass, Reading, Span, weigh
from server.rules.judge import Evidence
from server.rules.rulebook import Rulebook
from server.rules.windows import DutyRule, rule_of

_PASS, _READING = "gate_pass", "temperature_check"
COVERAGE_KINDS = (_PASS, _READING)


def coverage_evidence(
    session: Session, scope_id: str, alert: str, windows: Sequence[AnyWindow], book: Rulebook
) -> dict[str, Evidence]:
    """The evidence for each coverage window of one site, by window id: three statements for any number of
    windows. People are counted, not records."""
    if not windows:
        return {}
    starts = {window.id: min(midnight_ms(window.local_date), window.opens_ms) for window in windows}
    people = people_of(session, scope_id)
    span = (min(starts.values()), max(_end_ms(window) for window in windows))
    passes, readings = _facts(session, scope_id, people, *span)
    staff = frozenset(people[worker] for worker in _canteen_staff(session, scope_id))
    return {
        window.id: _weigh(window, starts[window.id], passes, readings, staff, alert, book)
        for window in windows
    }


def _weigh(
    window: AnyWindow,
    day_starts_ms: int,
    passes: Sequence[Pass],
    readings: Sequence[Reading],
    staff: frozenset[str],
    alert: str,
    book: Rulebook,
) -> Evidence:
    rule = rule_of(book.duties, window.duty, alert, window.local_date, window.slot)
    admits = _admits(rule, window.slot)
    span = Span(day_starts_ms, window.opens_ms, window.deadline_ms, window.closes_ms, admits)
    share = book.number("coverage_share", window.local_date)
    if rule is not None and rule.staff:
        return weigh(passes, readings, span, share, only=staff)
    return weigh(passes, readings, span, share, without=staff)


def _admits(rule: DutyRule | None, slot: str) -> tuple[str, ...]:
    return next((one.admits for one in rule.slots if one.code == slot), ()) if rule is not None else ()


def _facts(
    session: Session, scope_id: str, people: Mapping[str, str], from_ms: int, to_ms: int
) -> tuple[list[Pass], list[Reading]]:
    columns = (Record.kind, Record.subject, Record.slot, Record.event_ms, Record.backfilled)
    query = sa.select(*columns).where(
        Record.scope_id == scope_id,
        Record.kind.in_(COVERAGE_KINDS),
        Record.event_ms.between(from_ms, to_ms),
        Record.counts.is_(True),
        Record.deleted_ms.is_(None),
    )
    passes, readings = [], []
    for kind, subject, slot, event_ms, backfilled in session.execute(query):
        person = people.get(subject or "", subject or "")
        if kind == _PASS:
            passes.append(Pass(person, slot or "", event_ms or 0))
        else:
            readings.append(Reading(person, slot or "", event_ms or 0, bool(backfilled)))
    return passes, readings


def _canteen_staff(session: Session, scope_id: str) -> frozenset[str]:
    query = sa.select(Worker.id).where(Worker.scope_id == scope_id, Worker.canteen_staff.is_(True))
    return frozenset(session.scalars(query))


def _end_ms(window: AnyWindow) -> int:
    return max(window.closes_ms, window.deadline_ms)
