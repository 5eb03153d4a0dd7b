"""Cases that nobody has reported: found by the due scan, put under a flag, and escalated to the brigade past the limit."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.devices.refresh_watermark import reporting_of
from server.actions.flags.escalate import trigger
from server.actions.flags.events import SCHEDULER, NewEvent, flag_puts, withdraw
from server.actions.flags.raise_flags import WITHDRAWABLE, open_flags, raise_flag
from server.actions.records.feed import Feed
from server.models.flag import Flag, FlagEvent
from server.models.record import CaseFile, Record
from server.models.scope import Scope, take_scopes
from server.models.tx import Tx
from server.rules.calendar import local_date_of
from server.rules.cases import (
    CASE,
    CASE_KIND,
    TRAVEL_HIT,
    CaseState,
    Limits,
    case_state,
    next_look_ms,
)
from server.rules.duties.reporting import Reporting
from server.rules.flags.escalation import FEVER_UNREPORTED, policy_from
from server.rules.rulebook import Rulebook

_LOOK_AGAIN_MS = 5 * 60 * 1000  # before a case whose tablets are behind is looked at again
_HOUR_MS = 3_600_000
_EVENTS = {"unreported": "case_unreported", "overdue": "case_overdue"}


def cases_to_look_at(now_ms: int) -> sa.Select[str]:
    """The scope of each case whose time has come."""
    return sa.select(CaseFile.scope_id).where(CaseFile.check_ms <= now_ms)


def flag_overdue_cases(tx: Tx, limit: int = 200) -> int:
    """Look at up to `limit` cases whose time has come. Gives how many. When nothing is due, that is one look-up in a
    partial index.

    1. A case is judged by its reports and by how far the site's tablets have reported in.
    2. What is wrong goes into the history of the site's one open flag of cases, once; past the limit it calls the
       brigade.
    3. A flag whose cases turn out to have been reported in time is withdrawn; its history stays.
    """
    due = cases_to_look_at(tx.now_ms).order_by(CaseFile.check_ms).limit(limit)
    looked = 0
    for scope in take_scopes(tx.session, sorted(set(tx.session.scalars(due)))):
        looked += _watch_scope(tx, scope)
    return looked


def _watch_scope(tx: Tx, scope: Scope) -> int:
    session, now_ms, book = tx.session, tx.now_ms, tx.book
    rows = _cases(session, scope.scope_id, CaseFile.check_ms <= now_ms)
    reported = _reported(session, scope.scope_id)
    reports = reporting_of(session, [scope.scope_id], book, now_ms)[scope.scope_id]
    flags: dict[str, Flag] = {}
    for case, counts in rows:
        limits = _limits(book, case.opened_ms)
        now: CaseState = "reported"  # a voided one asks for nothing
        if counts:
            now = _state_of(case, reports, limits)
        case.check_ms = next_look_ms(now, case.opened_ms, now_ms, limits, _LOOK_AGAIN_MS)
        action = _EVENTS.get(now)
        if action is not None and (case.id, action) not in reported:
            event = NewEvent(SCHEDULER, action, {"case": case.id})
            flag = raise_flag(tx, scope, CASE, "severe", event)
            flags[flag.id] = flag
            if now == "overdue":
                trigger(tx, flag, policy_from(flag.policy), FEVER_UNREPORTED)
    session.flush()
    flags |= {flag.id: flag for flag in _withdraw(tx, scope, reports)}
    feed = Feed(session, scope, tx.seals, now_ms)
    feed.put(flag_puts(session, list(flags.values())).get(scope.scope_id, []))
    feed.flush()
    return len(rows)


def _cases(
    session: Session, scope_id: str, wanted: sa.ColumnElement[bool]
) -> Sequence[sa.Row[CaseFile, bool]]:
    """Cases of a site, the oldest first, each with whether it counts: a voided one does not."""
    same = sa.and_(Record.scope_id == CaseFile.scope_id, Record.id == CaseFile.id)
    query = sa.select(CaseFile, Record.counts).join(Record, same).where(CaseFile.scope_id == scope_id, wanted)
    return session.execute(query.order_by(CaseFile.opened_ms, CaseFile.id)).all()


def _limits(book: Rulebook, opened_ms: int) -> Limits:
    """As they held when the case was opened."""
    day = local_date_of(opened_ms)
    hours = (book.number(code, day) for code in ("case_report_warn_h", "case_report_h"))
    return Limits(*(round(number * _HOUR_MS) for number in hours))


def _reported(session: Session, scope_id: str, flag_id: str | None = None) -> set[tuple[str, str]]:
    """What has been reported of which case of this site, in any flag or in one: (case, action)."""
    query = (
        sa.select(FlagEvent.detail, FlagEvent.action)
        .join(Flag, sa.and_(Flag.scope_id == FlagEvent.scope_id, Flag.id == FlagEvent.flag_id))
        .where(Flag.scope_id == scope_id, Flag.duty == CASE, FlagEvent.action.in_(_EVENTS.values()))
    )
    if flag_id is not None:
        query = query.where(Flag.id == flag_id)
    return {(detail["case"], action) for detail, action in session.execute(query)}


def _was_away(session: Session, flag: Flag) -> bool:
    """Whether one of a flag's cases is of somebody who stayed in an area at risk."""
    of_flag = (FlagEvent.scope_id == flag.scope_id, FlagEvent.flag_id == flag.id)
    return bool(session.scalar(sa.select(sa.exists().where(*of_flag, FlagEvent.action == TRAVEL_HIT))))


def _state_of(case: CaseFile, reports: Reporting, limits: Limits) -> CaseState:
    """The state of a case. It is unknown while a report may be in a tablet that is waited for, or that reports no more."""
    lost = reports.lost_of([CASE_KIND], case.opened_ms, case.opened_ms + limits.limit_ms)
    through_ms = None if lost is not None else reports.watermark([CASE_KIND])
    return case_state(case.opened_ms, case.reported_ms, through_ms, limits)


def _withdraw(tx: Tx, scope: Scope, reports: Reporting) -> Sequence[Flag]:
    session = tx.session
    flag = open_flags(session, [scope.scope_id]).get((scope.scope_id, CASE))
    if flag is None or flag.state not in WITHDRAWABLE:
        return ()
    if _was_away(session, flag):
        return ()  # people decide about a stay in an area at risk, however soon it was reported
    named = {case for case, _ in _reported(session, scope.scope_id, flag.id)}
    for case, counts in _cases(session, scope.scope_id, CaseFile.id.in_(named)):
        limits = _limits(tx.book, case.opened_ms)
        if counts and _state_of(case, reports, limits) != "reported":
            return ()
    withdraw(tx, flag, "reported_in_time")
    session.flush()
    return (flag,)
