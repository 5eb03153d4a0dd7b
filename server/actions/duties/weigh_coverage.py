"""What the facts received so far say about coverage windows: who was there, and who was measured. All facts of the day are
looked at again: what a push and a tick keep instead (follow_coverage) is held against this."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.duties.log_evidence import facts_between
from server.actions.records.count_people import people_of
from server.models.record import Worker
from server.models.window import AnyWindow
from server.rules.calendar import midnight_ms
from server.rules.duties.coverage import Pass, Reading, Span, Whom, weigh
from server.rules.duties.judge import Evidence
from server.rules.duties.matching import Fact
from server.rules.duties.windows import rule_of
from server.rules.rulebook import PASSES, Rulebook

READINGS = "temperature_check"
COVERAGE_KINDS = (PASSES, READINGS)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a coverage window asks: its times and slots, whether only of the canteen's staff, and for which share."""

    span: Span
    of_staff: bool
    share: float


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
    asked = {window.id: asked_of(window, alert, book) for window in windows}
    starts_ms = min(one.span.day_starts_ms for one in asked.values())
    day = _facts(session, scope_id, starts_ms, max(one.span.end_ms for one in asked.values()))
    return {key: _weigh(one, day) for key, one in asked.items()}


def asked_of(window: AnyWindow, alert: str, book: Rulebook) -> Asked:
    """What the rule that holds for a coverage window asks."""
    rule = rule_of(book.duties, window.duty, alert, window.local_date, window.slot)
    slots = rule.slots if rule is not None else ()
    admits = next((one.admits for one in slots if one.code == window.slot), ())
    starts_ms = min(midnight_ms(window.local_date), window.opens_ms)
    span = Span(starts_ms, window.opens_ms, window.due_ms, window.deadline_ms, window.closes_ms, admits)
    share = book.number("coverage_share", window.local_date)
    return Asked(span, rule is not None and bool(rule.staff), share)


def shown_by(kind: str, worker: str, fact: Fact) -> Pass | Reading:
    """A fact as coverage sees it."""
    lo, hi = fact.earliest_ms, fact.latest_ms
    if kind == READINGS:
        return Reading(worker, fact.slot or "", lo, hi, fact.observed_ms, fact.kept)
    if fact.observed_ms is not None:
        lo = hi = fact.observed_ms
    return Pass(worker, fact.slot or "", lo, hi, fact.kept)


def reaching(span: Span, intervals: Iterable[tuple[int, int]]) -> int:
    """How many of these readings, by when they may have been taken, may be ones of this window."""
    return sum(lo < span.end_ms and span.opens_ms <= hi for lo, hi in intervals)


def _weigh(asked: Asked, day: _Day) -> Evidence:
    span, share = asked.span, asked.share
    unnamed = reaching(span, day.unnamed)
    if asked.of_staff:
        return weigh(day.passes, day.readings, span, share, Whom(only=day.staff), unnamed)
    return weigh(day.passes, day.readings, span, share, Whom(without=day.staff), unnamed)


def _facts(session: Session, scope_id: str, from_ms: int, to_ms: int) -> _Day:
    people = people_of(session, scope_id)
    found = facts_between(session, [scope_id], set(COVERAGE_KINDS), from_ms, to_ms)
    passes, readings, unnamed = [], [], []
    for kind in COVERAGE_KINDS:
        for subject, fact in found.get((scope_id, kind), []):
            if subject is None:
                if kind == READINGS:
                    unnamed.append((fact.earliest_ms, fact.latest_ms))
                continue
            shown = shown_by(kind, people.get(subject, subject), fact)
            if isinstance(shown, Pass):
                passes.append(shown)
            else:
                readings.append(shown)
    staff = frozenset(people[worker] for worker in _canteen_staff(session, scope_id))
    return _Day(passes, readings, staff, unnamed)


def _canteen_staff(session: Session, scope_id: str) -> frozenset[str]:
    query = sa.select(Worker.id).where(Worker.scope_id == scope_id, Worker.canteen_staff.is_(True))
    return frozenset(session.scalars(query))
