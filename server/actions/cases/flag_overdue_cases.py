"""Steps of cases that nobody has done in time: found by the due scan, put under a flag for each step, and those whose unit
is the brigade escalated past the limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.cases.follow_confirmed import open_contact_cases
from server.actions.cases.read_courses import read_courses
from server.actions.devices.refresh_watermark import reporting_of
from server.actions.flags.escalate import trigger
from server.actions.flags.events import SCHEDULER, NewEvent, append_event, flag_puts, withdraw
from server.actions.flags.raise_flags import WITHDRAWABLE, open_flags, raise_flag
from server.actions.records.feed import Feed
from server.models.flag import Flag, FlagEvent
from server.models.record import CaseFile, Record
from server.models.scope import Scope, take_scopes
from server.models.tx import Tx
from server.rules.case_steps import CONFIRMED, Verdict
from server.rules.cases import CASE, TRAVEL_HIT, is_of_cases, next_look_ms
from server.rules.duties.reporting import Reporting
from server.rules.flags.escalation import FEVER_UNREPORTED, SECTION, owner, policy_from

_LOOK_AGAIN_MS = 5 * 60 * 1000  # before a case whose tablets are behind is looked at again
_REVIEW_AGAIN_MS = 3_600_000  # the same for one whose evidence is kept and not applied, or not certain
_REPORTS = {"warned": "case_unreported", "overdue": "case_overdue"}  # of the first step
_STEPS = {"warned": "case_step_warned", "overdue": "case_step_overdue"}
_ARRIVED = "case_evidence_arrived"
_EVENTS = (*_REPORTS.values(), *_STEPS.values(), _ARRIVED)
Noted = tuple[str, str, str, str]  # a flag's duty, a case, an event, the day that it is about


def cases_to_look_at(now_ms: int) -> sa.Select[str]:
    """The scope of each case whose time has come."""
    return sa.select(CaseFile.scope_id).where(CaseFile.check_ms <= now_ms)


def flag_overdue_cases(tx: Tx, limit: int = 200) -> int:
    """Look at up to `limit` cases whose time has come. Gives how many. When nothing is due, that is one look-up in a
    partial index.

    1. Each step is judged by the case, by the records of its forms and by how far the site's tablets have reported in.
    2. What is wrong goes into the history of the site's one open flag of that step, once; past the limit it
       passes to the unit that the step names, where that is not the section.
    3. What comes after that goes into its history too, for a person to look at.
    4. The contacts of a confirmed case get cases of their own.
    5. A flag whose steps turn out to have been done in time is withdrawn; its history stays.
    """
    due = cases_to_look_at(tx.now_ms).order_by(CaseFile.check_ms).limit(limit)
    looked = 0
    for scope in take_scopes(tx.session, sorted(set(tx.session.scalars(due)))):
        looked += _watch_scope(tx, scope)
    return looked


def _watch_scope(tx: Tx, scope: Scope) -> int:
    session, now_ms = tx.session, tx.now_ms
    rows = _cases(session, scope.scope_id, CaseFile.check_ms <= now_ms)
    counting = [case for case, counts in rows if counts]
    for case, _ in rows:
        case.check_ms = None  # a voided one asks for nothing
    watch = _Watch(
        tx,
        scope,
        reporting_of(session, [scope.scope_id], tx.book, now_ms)[scope.scope_id],
        _noted(session, scope.scope_id),
    )
    for one in read_courses(tx, scope.scope_id, counting):
        looks = [watch.follow(one.case, verdict) for verdict in one.judged(watch.reports)]
        one.case.check_ms = min((look for look in looks if look is not None), default=None)
        if one.course.outcome == CONFIRMED:
            open_contact_cases(tx, one.case)
    session.flush()
    watch.withdraw()
    feed = Feed(session, scope, tx.seals, now_ms)
    feed.put(flag_puts(session, list(watch.flags.values())).get(scope.scope_id, []))
    feed.flush()
    return len(rows)


@dataclass(slots=True)
class _Watch:
    """What the cases of a locked site are looked at with. `noted`: what the flags say already; `flags`: those that
    changed."""

    tx: Tx
    scope: Scope
    reports: Reporting
    noted: set[Noted]
    flags: dict[str, Flag] = field(default_factory=dict)

    def follow(self, case: CaseFile, verdict: Verdict) -> int | None:
        """Write what a deadline has come to into its flag, once. Gives when to look at it again."""
        step, day = verdict.clock.step, verdict.clock.day
        action = (_REPORTS if step.code == CASE else _STEPS).get(verdict.state)
        if action is not None and (step.code, case.id, action, day) not in self.noted:
            detail = {"case": case.id} | ({"day": day} if day else {})
            flag = raise_flag(
                self.tx, self.scope, step.code, step.severity, NewEvent(SCHEDULER, action, detail)
            )
            self.flags[flag.id] = flag
            if verdict.state == "overdue" and step.unit != SECTION:
                policy = policy_from(flag.policy)
                unit = owner(policy, step.unit, self.tx.book.reviews())
                trigger(self.tx, flag, policy, FEVER_UNREPORTED, unit)
        if verdict.proof and verdict.state in ("overdue", "review"):
            self._note(case, verdict)
        if verdict.state == "review":
            return max(verdict.clock.due_ms, self.tx.now_ms + _REVIEW_AGAIN_MS)
        clock = verdict.clock
        return next_look_ms(verdict.state, clock.start_ms, self.tx.now_ms, clock.limits, _LOOK_AGAIN_MS)

    def _note(self, case: CaseFile, verdict: Verdict) -> None:
        """Evidence came that proves nothing by itself: whoever deals with the flag looks at it."""
        step, day = verdict.clock.step, verdict.clock.day
        flag = open_flags(self.tx.session, [self.scope.scope_id]).get((self.scope.scope_id, step.code))
        if flag is None or (step.code, case.id, _ARRIVED, day) in self.noted:
            return
        detail = {"case": case.id, "records": list(verdict.proof)} | ({"day": day} if day else {})
        append_event(self.tx, flag, NewEvent(SCHEDULER, _ARRIVED, detail))
        self.noted.add((step.code, case.id, _ARRIVED, day))
        self.flags[flag.id] = flag

    def withdraw(self) -> None:
        """End the flags that nobody acts upon yet and whose steps were all done in time, or are asked no more."""
        session, scope_id = self.tx.session, self.scope.scope_id
        for (_, duty), flag in open_flags(session, [scope_id]).items():
            if not is_of_cases(duty) or flag.state not in WITHDRAWABLE or _was_away(session, flag):
                continue  # people decide about a stay in an area at risk, however soon it was reported
            named = {(case, day) for _, case, _, day in _noted(session, scope_id, flag.id)}
            cases = _cases(session, scope_id, CaseFile.id.in_({case for case, _ in named}))
            courses = read_courses(self.tx, scope_id, [case for case, counts in cases if counts])
            if all(
                verdict.state == "met"
                for one in courses
                for verdict in one.judged(self.reports)
                if verdict.clock.step.code == duty and (one.case.id, verdict.clock.day) in named
            ):
                withdraw(self.tx, flag, "reported_in_time" if duty == CASE else "done_in_time")
                self.flags[flag.id] = flag
        session.flush()


def _cases(
    session: Session, scope_id: str, wanted: sa.ColumnElement[bool]
) -> Sequence[sa.Row[CaseFile, bool]]:
    """Cases of a site, the oldest first, each with whether it counts: a voided one does not."""
    same = sa.and_(Record.scope_id == CaseFile.scope_id, Record.id == CaseFile.id)
    query = sa.select(CaseFile, Record.counts).join(Record, same).where(CaseFile.scope_id == scope_id, wanted)
    return session.execute(query.order_by(CaseFile.opened_ms, CaseFile.id)).all()


def _noted(session: Session, scope_id: str, flag_id: str | None = None) -> set[Noted]:
    """What is written of the steps of this site's cases, in any flag or in one."""
    query = (
        sa.select(Flag.duty, FlagEvent.detail, FlagEvent.action)
        .join(Flag, sa.and_(Flag.scope_id == FlagEvent.scope_id, Flag.id == FlagEvent.flag_id))
        .where(Flag.scope_id == scope_id, Flag.duty.startswith(CASE), FlagEvent.action.in_(_EVENTS))
    )
    if flag_id is not None:
        query = query.where(Flag.id == flag_id)
    return {
        (duty, detail["case"], action, detail.get("day", ""))
        for duty, detail, action in session.execute(query)
    }


def _was_away(session: Session, flag: Flag) -> bool:
    """Whether one of a flag's cases is of somebody who stayed in an area at risk."""
    of_flag = (FlagEvent.scope_id == flag.scope_id, FlagEvent.flag_id == flag.id)
    return bool(session.scalar(sa.select(sa.exists().where(*of_flag, FlagEvent.action == TRAVEL_HIT))))
