"""Escalation: steps whose time has come are taken, once, by whichever scheduler gets there first."""

from __future__ import annotations

import logging

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.feed import Feed
from server.actions.flag_record import SCHEDULER, append_event, flag_puts
from server.actions.tell_people import People, read_people, receivers, tell
from server.models.flag import Flag, FlagStep
from server.models.scope import Scope, take_scopes
from server.models.site import Site
from server.rules.calendar import local_date_of
from server.rules.escalation import SILENT, Policy, PolicyStep, Step, hasten, policy_from, tells
from server.rules.rulebook import Rulebook
from server.seal import Seals

_CONTRACTOR = "contractor"
_log = logging.getLogger("gongdi.flags")


def take_due_steps(session: Session, seals: Seals, now_ms: int, book: Rulebook, limit: int = 200) -> int:
    """Take up to `limit` due steps. Gives how many. Steps of a flag that has ended are done with, without
    effect; a scope that fails is logged, left for the next tick, and does not stop the rest."""
    due = sa.and_(FlagStep.due_ms <= now_ms, FlagStep.taken_ms.is_(None), FlagStep.done_ms.is_(None))
    first = sa.select(FlagStep.scope_id).where(due).order_by(FlagStep.due_ms).limit(limit)
    scopes = take_scopes(session, sorted(set(session.scalars(first))))
    if not scopes:
        return 0
    people = read_people(session, [scope.scope_id for scope in scopes])
    delay_ms = round(book.number("digest_delay_min", local_date_of(now_ms)) * 60_000)
    taken = 0
    for scope in scopes:
        try:
            with session.begin_nested():
                taken += _take_in_scope(session, seals, scope, due, people, delay_ms, now_ms)
        except Exception:  # whatever is wrong with one scope must not stop the others
            _log.exception("steps were not taken", extra={"fields": {"scope": scope.scope_id}})
    return taken


def _take_in_scope(
    session: Session,
    seals: Seals,
    scope: Scope,
    due: sa.ColumnElement[bool],
    people: People,
    delay_ms: int,
    now_ms: int,
) -> int:
    query = sa.select(FlagStep).where(FlagStep.scope_id == scope.scope_id, due).order_by(FlagStep.due_ms)
    steps = list(session.scalars(query, execution_options={"populate_existing": True}))
    site = session.get_one(Site, scope.scope_id)
    silent_open = _silent_open(session, scope.scope_id)
    changed: dict[str, Flag] = {}
    for step in steps:
        flag = session.get_one(Flag, (scope.scope_id, step.flag_id))
        step.taken_ms = now_ms
        policy = policy_from(flag.policy)
        rule = policy.step(step.step)
        if not step.asks or flag.closed_ms is not None:
            step.done_ms = now_ms
        if flag.closed_ms is None:
            _take(session, flag, step, rule, now_ms)
            changed[flag.id] = flag
            if rule is not None:
                trigger(session, flag, policy, rule.triggers, now_ms)
                if tells(rule, flag.state, flag.duty, silent_open):
                    severe = rule.pages and flag.severity == "severe"
                    who = receivers(people, site, step.unit)
                    tell(session, people, who, flag, f"step_{step.step}", severe, now_ms, delay_ms)
    session.flush()
    feed = Feed(session, scope, seals, now_ms)
    feed.put(flag_puts(session, list(changed.values())).get(scope.scope_id, []))
    feed.flush()
    return len(steps)


def _take(session: Session, flag: Flag, step: FlagStep, rule: PolicyStep | None, now_ms: int) -> None:
    """A step that escalates passes the flag's move to its unit (质安科, then 监察支队)."""
    if rule is not None and rule.escalates:
        flag.unit, flag.level = step.unit, max(flag.level, 2)
    elif step.unit != _CONTRACTOR:
        flag.level = max(flag.level, 1)
    append_event(
        session, flag, now_ms, SCHEDULER, f"step_{step.step}", {"unit": step.unit, "due_ms": step.due_ms}
    )


def trigger(session: Session, flag: Flag, policy: Policy, trigger: str, now_ms: int) -> None:
    """What a step's falling due means for others: an overdue rectification calls the brigade, also when an order had
    ended that clock. The next round of the tick takes what is due now."""
    wanted = {step.code for step in policy.steps if trigger and trigger in step.at_once_on}
    if not wanted:
        return
    query = sa.select(FlagStep).where(
        FlagStep.scope_id == flag.scope_id, FlagStep.flag_id == flag.id, FlagStep.step.in_(wanted)
    )
    for row in session.scalars(query):
        (soon,) = hasten(policy, [Step(row.step, row.unit, row.due_ms)], trigger, now_ms)
        if row.done_ms is not None:
            row.due_ms, row.taken_ms, row.done_ms = now_ms, None, None
        elif row.taken_ms is None:
            row.due_ms = soon.due_ms


def _silent_open(session: Session, scope_id: str) -> bool:
    query = sa.select(Flag.id).where(Flag.scope_id == scope_id, Flag.duty == SILENT, Flag.closed_ms.is_(None))
    return session.scalar(query.limit(1)) is not None
