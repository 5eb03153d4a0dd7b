"""Whose move flags are and until when, for lists of them; and the colleagues to whom one may be given."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.models.access import Viewer
from server.models.flag import Flag, FlagStep
from server.models.user import User


def turns_of(session: Session, flags: Sequence[Flag]) -> dict[str, FlagStep]:
    """The step that each live flag waits for, by the flag's id: of those that ask for a move, the one due first. One
    statement."""
    query = (
        sa.select(FlagStep)
        .where(
            FlagStep.scope_id.in_({flag.scope_id for flag in flags}),
            FlagStep.flag_id.in_([flag.id for flag in flags if flag.closed_ms is None]),
            FlagStep.asks,
            FlagStep.done_ms.is_(None),
        )
        .order_by(FlagStep.due_ms.desc())
    )
    return {step.flag_id: step for step in session.scalars(query)}


def people_of_unit(session: Session, viewer: Viewer) -> list[tuple[str, str]]:
    """The people of the viewer's own unit who may take a flag over: (log-in name, name), by name; empty for who is of
    none."""
    if viewer.unit is None:
        return []
    query = sa.select(User.name, User.display_name).where(User.unit == viewer.unit, User.active)
    return [(name, shown) for name, shown in session.execute(query.order_by(User.display_name, User.name))]
