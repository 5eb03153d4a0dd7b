"""Whose move flags are and until when, for lists of them; and the colleagues to whom one may be given."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.models.access import Viewer
from server.models.flag import Flag, FlagStep
from server.models.user import User
from server.rules.flags.escalation import Policy, policy_from, turn


def turns_of(session: Session, flags: Sequence[Flag], unit: str | None = None) -> dict[str, FlagStep]:
    """The step that each live flag waits for first, by the flag's id; of the steps that are asked of `unit`, if
    one is given. One statement."""
    query = sa.select(FlagStep).where(
        FlagStep.scope_id.in_({flag.scope_id for flag in flags}),
        FlagStep.flag_id.in_([flag.id for flag in flags if flag.closed_ms is None]),
        FlagStep.asks,
        FlagStep.done_ms.is_(None),
        FlagStep.unit == unit if unit is not None else sa.true(),
    )
    asked: dict[str, list[FlagStep]] = {}
    for step in session.scalars(query):
        asked.setdefault(step.flag_id, []).append(step)
    turns = {flag.id: turn_of(flag, asked.get(flag.id, ())) for flag in flags}
    return {flag_id: step for flag_id, step in turns.items() if step is not None}


def turn_of(flag: Flag, steps: Sequence[FlagStep], policy: Policy | None = None) -> FlagStep | None:
    """Whose move a flag is and until when: of its steps, the one that it waits for first. `policy`: the flag's, for whoever
    has read it."""
    if flag.closed_ms is not None:
        return None
    waiting = {step.step: step for step in steps if step.asks and step.done_ms is None}
    code = turn(policy or policy_from(flag.policy), {code: step.due_ms for code, step in waiting.items()})
    return waiting[code] if code is not None else None


def people_named(session: Session, user_ids: Collection[str | None]) -> dict[str, str]:
    """The names of these people by their ids. One statement."""
    query = sa.select(User.id, User.display_name).where(
        User.id.in_({one for one in user_ids if one is not None})
    )
    return {row.id: row.display_name for row in session.execute(query)}


def people_of_unit(session: Session, viewer: Viewer) -> list[tuple[str, str]]:
    """The people of the viewer's own unit who may take a flag over: (log-in name, name), by name; empty for who is of
    none."""
    if viewer.unit is None:
        return []
    query = sa.select(User.name, User.display_name).where(User.unit == viewer.unit, User.active)
    return [(name, shown) for name, shown in session.execute(query.order_by(User.display_name, User.name))]
