"""What the facts received so far say about coverage windows: who was there, and who was measured. All facts of the day are
looked at again: what a push and a tick keep instead (follow_coverage) is held against this."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.duties.log_evidence import facts_between
from server.actions.records.count_people import people_of
from server.models.entry import ANY_KIND
from server.models.record import Worker
from server.models.window import AnyWindow
from server.rules.calendar import midnight_ms
from server.rules.duties.coverage import MEASURED_BY, Pass, Reading, Span, Whom, weigh
from server.rules.duties.judge import Evidence
from server.rules.duties.matching import Fact
from server.rules.duties.windows import DutyRule, rule_of
from server.rules.rulebook import PASSES, Rulebook

SOME, STAFF, EVERYBODY = "some", "staff", "everybody"  # all but the canteen's staff; they alone; all


@dataclass(frozen=True, slots=True)
class Asked:
    """What a coverage window asks: its times, slots and evidence, of whom (SOME, STAFF, EVERYBODY), and for which share."""

    span: Span
    whom: str
    share: float


@dataclass(frozen=True, slots=True)
class _Day:
    """The passes and readings around some windows of one site, and its canteen staff. `unnamed`: readings that are kept
    and do not say of whom, by their kind and when they may have been taken."""

    passes: Sequence[Pass]
    readings: Sequence[Reading]
    staff: frozenset[str]
    unnamed: Sequence[tuple[str, int, int]]


def coverage_evidence(
    session: Session, scope_id: str, alert: str, windows: Sequence[AnyWindow], book: Rulebook
) -> dict[str, Evidence]:
    """The evidence for each coverage window of one site, by window id: a few statements for any number of
    windows. People are counted, not records."""
    if not windows:
        return {}
    asked = {window.id: asked_of(window, alert, book) for window in windows}
    starts_ms = min(one.span.day_starts_ms for one in asked.values())
    kinds = book.coverage_kinds
    day = _facts(session, scope_id, kinds, (starts_ms, max(one.span.end_ms for one in asked.values())))
    return {key: _weigh(one, day) for key, one in asked.items()}


def asked_of(window: AnyWindow, alert: str, book: Rulebook) -> Asked:
    """What the rule that holds for a coverage window asks."""
    rule = rule_of(book.duties, window.duty, alert, window.local_date, window.slot)
    slots = rule.slots if rule is not None else ()
    admits = next((one.admits for one in slots if one.code == window.slot), ())
    starts_ms = min(midnight_ms(window.local_date), window.opens_ms)
    times = (starts_ms, window.opens_ms, window.due_ms, window.deadline_ms, window.closes_ms)
    evidence = rule.evidence if rule is not None else MEASURED_BY
    share = book.number("coverage_share", window.local_date)
    return Asked(Span(*times, admits, evidence), _whom(rule, evidence, book), share)


def _whom(rule: DutyRule | None, evidence: str, book: Rulebook) -> str:
    """A duty leaves out those whom another one asks for the same."""
    if rule is not None and rule.staff:
        return STAFF
    of_staff = any(
        one.staff and one.evidence == evidence and one.judging == "coverage" for one in book.duties
    )
    return SOME if of_staff else EVERYBODY


def shown_by(kind: str, worker: str, fact: Fact) -> Pass | Reading:
    """A fact as coverage sees it."""
    lo, hi = fact.earliest_ms, fact.latest_ms
    if kind != PASSES:
        return Reading(worker, fact.slot or "", lo, hi, fact.observed_ms, fact.kept, kind)
    if fact.observed_ms is not None:
        lo = hi = fact.observed_ms
    return Pass(worker, fact.slot or "", lo, hi, fact.kept)


def reaching(span: Span, unnamed: Iterable[tuple[str, int, int]]) -> int:
    """How many of these readings, by their kind and when they may have been taken, may be ones of this window."""
    kinds = (span.evidence, ANY_KIND)
    return sum(kind in kinds and lo < span.end_ms and span.opens_ms <= hi for kind, lo, hi in unnamed)


def _weigh(asked: Asked, day: _Day) -> Evidence:
    span, share = asked.span, asked.share
    unnamed = reaching(span, day.unnamed)
    whom = {STAFF: Whom(only=day.staff), SOME: Whom(without=day.staff), EVERYBODY: Whom()}[asked.whom]
    return weigh(day.passes, day.readings, span, share, whom, unnamed)


def _facts(session: Session, scope_id: str, kinds: Collection[str], between: tuple[int, int]) -> _Day:
    people = people_of(session, scope_id)
    found = facts_between(session, [scope_id], set(kinds), *between)
    passes, readings, unnamed = [], [], []
    for kind in kinds:
        for subject, fact in found.get((scope_id, kind), []):
            if subject is None:
                if kind != PASSES:
                    unnamed.append((kind, fact.earliest_ms, fact.latest_ms))
                continue
            shown = shown_by(kind, people.get(subject, subject), fact)
            if isinstance(shown, Pass):
                passes.append(shown)
            else:
                readings.append(shown)
    staff = frozenset(people[worker] for worker in _canteen_staff(session, scope_id))
    return _Day(passes, readings, staff, unnamed)


_CANTEEN_STAFF = sa.select(Worker.id).where(
    Worker.scope_id == sa.bindparam("scope_id"), Worker.canteen_staff.is_(True)
)


def _canteen_staff(session: Session, scope_id: str) -> frozenset[str]:
    return frozenset(session.scalars(_CANTEEN_STAFF, {"scope_id": scope_id}))
