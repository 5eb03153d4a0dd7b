"""Escalation: steps whose time has come are taken, once, by whichever scheduler gets there first."""

from __future__ import annotations

import logging

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.feed import Feed
from server.actions.flag_record import SCHEDULER, append_event, flag_puts
from server.models.flag import Flag, FlagStep
from server.models.scope import Scope, take_scopes
from server.rules.escalation import policy_from
from server.seal import Seals

_CONTRACTOR = "contractor"
_log = logging.getLogger("gongdi.flags")


def take_due_steps(session: Session, seals: Seals, now_ms: int, limit: int = 200) -> int:
    """Take up to `limit` due steps. Gives how many. Steps of a flag that has ended are done with, without
    effect; a scope that fails is logged, left for the next tick, and does not stop the rest."""
    due = sa.and_(FlagStep.due_ms <= now_ms, FlagStep.done_ms.is_(None))
    scope_ids = sorted(
        set(session.scalars(sa.select(FlagStep.scope_id).where(due).order_by(FlagStep.due_ms).limit(limit)))
    )
    taken = 0
    for scope in take_scopes(session, scope_ids) if scope_ids else []:
        try:
            with session.begin_nested():
                taken += _take_in_scope(session, seals, scope, due, now_ms)
        except Exception:  # whatever is wrong with one scope must not stop the others
            _log.exception("steps were not taken", extra={"fields": {"scope": scope.scope_id}})
    return taken


def _take_in_scope(
    session: Session, seals: Seals, scope: Scope, due: sa.ColumnElement[bool], now_ms: int
) -> int:
    feed = Feed(session, scope, seals, now_ms)
    query = sa.select(FlagStep).where(FlagStep.scope_id == scope.scope_id, due).order_by(FlagStep.due_ms)
    changed: dict[str, Flag] = {}
    steps = list(session.scalars(query, execution_options={"populate_existing": True}))
    for step in steps:
        flag = session.get_one(Flag, (scope.scope_id, step.flag_id))
        step.done_ms = now_ms
        if flag.closed_ms is None:
            _take(session, flag, step, now_ms)
            changed[flag.id] = flag
    session.flush()
    feed.put(flag_puts(session, list(changed.values())).get(scope.scope_id, []))
    feed.flush()
    return len(steps)


def _take(session: Session, flag: Flag, step: FlagStep, now_ms: int) -> None:
    """A step that escalates passes the flag's move to its unit (质安科, then 监察支队)."""
    rule = next((one for one in policy_from(flag.policy).steps if one.code == step.step), None)
    if rule is not None and rule.escalates:
        flag.unit, flag.level = step.unit, max(flag.level, 2)
    elif step.unit != _CONTRACTOR:
        flag.level = max(flag.level, 1)
    append_event(
        session, flag, now_ms, SCHEDULER, f"step_{step.step}", {"unit": step.unit, "due_ms": step.due_ms}
    )
