"""What the facts received so far say about coverage windows: who was there, and who was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.duties.log_evidence import facts_between
from server.actions.records.count_people import people_of
from server.models.record import Worker
from server.models.window import AnyWindow
from server.rules.calendar import midnight_ms
from server.rules.duties.coverage import Pass, Reading, Span, weigh
from server.rules.duties.judge import Evidence
from server.rules.duties.windows import DutyRule, rule_of
from server.rules.rulebook import PASSES, Rulebook

_READINGS = "temperature_check"
COVERAGE_KINDS = (PASSES, _READINGS)


@dataclass(frozen=True, slots=True)
class _Day:
    """The passes and readings around some windows of one site, and its canteen staff. `unnamed`: readings that are kept
    and do not say of whom, by when they may have been taken."""

    passes: Sequence[Pass]
    readings: Sequence[Reading]
    staff: frozenset[str]
    unnamed: Sequence[tuple[int, int]]


def coverage_evidence(
    session: Session, scope_id: str, alert: str, windows: Sequence[AnyWindow], book: Rulebook
) -> dict[str, Evidence]:
    """The evidence for each coverage window of one site, by window id: a few statements for any number of
    windows. People are counted, not records."""
    if not windows:
        return {}
    starts = {window.id: min(midnight_ms(window.local_date), window.opens_ms) for window in windows}
    day = _facts(session, scope_id, min(starts.values()), max(_end_ms(w) for w in windows))
    return {window.id: _weigh(window, starts[window.id], day, alert, book) for window in windows}


def _weigh(window: AnyWindow, day_starts_ms: int, day: _Day, alert: str, book: Rulebook) -> Evidence:
    rule = rule_of(book.duties, window.duty, alert, window.local_date, window.slot)
    admits = _admits(rule, window.slot)
    span = Span(day_starts_ms, window.opens_ms, window.due_ms, window.deadline_ms, window.closes_ms, admits)
    share = book.number("coverage_share", window.local_date)
    unnamed = sum(lo < _end_ms(window) and window.opens_ms <= hi for lo, hi in day.unnamed)
    if rule is not None and rule.staff:
        return weigh(day.passes, day.readings, span, share, only=day.staff, unnamed=unnamed)
    return weigh(day.passes, day.readings, span, share, without=day.staff, unnamed=unnamed)


def _admits(rule: DutyRule | None, slot: str) -> tuple[str, ...]:
    return next((one.admits for one in rule.slots if one.code == slot), ()) if rule is not None else ()


def _facts(session: Session, scope_id: str, from_ms: int, to_ms: int) -> _Day:
    people = people_of(session, scope_id)
    found = facts_between(session, [scope_id], set(COVERAGE_KINDS), from_ms, to_ms)
    passes, readings, unnamed = [], [], []
    for subject, fact in found.get((scope_id, PASSES), []):
        at_ms = fact.observed_ms
        lo, hi = (fact.earliest_ms, fact.latest_ms) if at_ms is None else (at_ms, at_ms)
        if subject is not None:
            passes.append(Pass(people.get(subject, subject), fact.slot or "", lo, hi, fact.kept))
    for subject, fact in found.get((scope_id, _READINGS), []):
        lo, hi = fact.earliest_ms, fact.latest_ms
        if subject is None:
            unnamed.append((lo, hi))
        else:
            person = people.get(subject, subject)
            readings.append(Reading(person, fact.slot or "", lo, hi, fact.observed_ms, fact.kept))
    staff = frozenset(people[worker] for worker in _canteen_staff(session, scope_id))
    return _Day(passes, readings, staff, unnamed)


def _canteen_staff(session: Session, scope_id: str) -> frozenset[str]:
    query = sa.select(Worker.id).where(Worker.scope_id == scope_id, Worker.canteen_staff.is_(True))
    return frozenset(session.scalars(query))


def _end_ms(window: AnyWindow) -> int:
    return max(window.closes_ms, window.deadline_ms)
