"""What is known of the course of cases: their own fields, and the records of their forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from server.actions.duties.log_evidence import facts_between
from server.actions.duties.mode_evidence import bodies_of
from server.actions.duties.written_by import roles_of
from server.actions.records.registers import state_aad
from server.base.clock import from_iso
from server.models.record import CaseFile
from server.models.tx import Tx
from server.models.user import OFFICIALS
from server.rules.calendar import DAY_MS, HOUR_MS, local_date_of
from server.rules.case_steps import (
    RELEASE,
    CaseStep,
    Clock,
    Course,
    Said,
    SampleDays,
    Verdict,
    clocks,
    judge_clock,
)
from server.rules.cases import CASE, CASE_KIND
from server.rules.duties.conditions import field_with
from server.rules.duties.reporting import Reporting

_EVERY = "*"  # the stamp of every field that has none of its own
_REPORTED = "_reported"


@dataclass(frozen=True, slots=True)
class CaseCourse:
    """A case, what it says, and its steps."""

    case: CaseFile
    state: Mapping[str, Any]
    course: Course
    steps: tuple[CaseStep, ...]

    def judged(self, reports: Reporting) -> list[Verdict]:
        """What each of its deadlines has come to, the earliest first."""
        return [
            judge_clock(self.course, clock, _through(reports, clock))
            for clock in clocks(self.course, self.steps)
        ]


def _through(reports: Reporting, clock: Clock) -> int | None:
    """Through when everything is known that a step is judged by. Nobody can say while it may be in a tablet that is
    waited for, or that reports no more."""
    kinds = [CASE_KIND, clock.step.evidence]
    if reports.lost_of(kinds, clock.start_ms, clock.due_ms) is not None:
        return None
    return reports.watermark(kinds)


def read_courses(tx: Tx, scope_id: str, cases: Sequence[CaseFile]) -> list[CaseCourse]:
    """The courses of these cases of one site, in a few statements."""
    if not cases:
        return []
    said = _said(tx, scope_id, cases)
    test_days = {row["code"]: _test_days(row) for row in tx.book.rows.get("return_rules", ())}
    found = []
    for case in cases:
        state = msgspec.json.decode(tx.seals.open(state_aad(CASE_KIND, case.id), case.state))
        day = local_date_of(case.opened_ms)
        steps = tx.book.case_steps(day)
        if not case.has_course:
            steps = tuple(step for step in steps if step.code == CASE)
        course = Course(
            opened_ms=case.opened_ms,
            ended_ms=_ended_ms(case) if case.ended else None,
            outcome=str(state.get("outcome") or ""),
            reports=_reports(state),
            said=said.get(case.id, ()),
            test_days=test_days,
            backfill_ms=round(tx.book.backfill_max_h(day) * HOUR_MS),
        )
        found.append(CaseCourse(case, state, course, steps))
    return found


def _test_days(row: Mapping[str, Any]) -> SampleDays:
    watch = (row.get("watch_tests") or ()) if row.get("watch_days") else None
    return SampleDays(row.get("tests") or (), watch)


def _reports(state: Mapping[str, Any]) -> dict[str, int]:
    """By whom it was reported to, when, as the case itself says."""
    return {
        name.removesuffix(_REPORTED): from_iso(value)
        for name, value in state.items()
        if name.endswith(_REPORTED) and value is not None
    }


def _ended_ms(case: CaseFile) -> int:
    """When its outcome was written."""
    stamp = case.stamps.get("outcome") or case.stamps[_EVERY]
    return int(stamp[3])


def _said(tx: Tx, scope_id: str, cases: Sequence[CaseFile]) -> dict[str, list[Said]]:
    """The records of the forms by which steps are judged, by case."""
    kinds, ids = set(tx.book.case_evidence), [case.id for case in cases]
    if not kinds:
        return {}
    facts = facts_between(tx.session, [scope_id], kinds, 0, tx.now_ms + DAY_MS, ids)
    keys = [(scope_id, fact.id) for some in facts.values() for _, fact in some if not fact.kept]
    bodies = bodies_of(tx.session, tx.seals, keys)
    released = [fact.id for (_, kind), some in facts.items() if kind == RELEASE for _, fact in some]
    authors = roles_of(tx.session, scope_id, released)
    found: dict[str, list[Said]] = {}
    for (_, kind), some in facts.items():
        for subject, fact in some:
            body = bodies.get((scope_id, fact.id), {})
            if subject is None or not _may_write(kind, fact.kept, authors.get(fact.id)):
                continue
            claimed_ms = None if fact.kept else _claimed_ms(tx, kind, body)
            found.setdefault(subject, []).append(Said(kind, fact, body, claimed_ms))
    return found


def _claimed_ms(tx: Tx, kind: str, body: Mapping[str, Any]) -> int | None:
    """When something was done, where its form asks for that."""
    known = tx.book.kinds.get(kind)
    name = field_with(known, "started") if known is not None else None
    value = body.get(name) if name is not None else None
    return from_iso(value) if isinstance(value, str) else None


def _may_write(kind: str, is_kept: bool, role: str | None) -> bool:
    """Nobody but a section, or higher, releases anybody."""
    return kind != RELEASE or is_kept or role in OFFICIALS
