"""Which deadlines fall on which days, for one person."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.models.access import Viewer, visible_flags
from server.models.flag import Flag, FlagStep
from server.models.site import Site
from server.rules.calendar import add_days, local_date_of, midnight_ms
from server.rules.flags.moves import CONTRACTOR

DEADLINES_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Deadline:
    """A move that is asked of the viewer's unit or company by a time."""

    flag_id: str
    site: str
    duty: str
    severity: str
    step: str
    due_ms: int


def deadlines_between(session: Session, viewer: Viewer, first: str, last: str) -> dict[str, list[Deadline]]:
    """By local date, both included, what falls due; severe flags first, then by time."""
    unit = CONTRACTOR if viewer.role == CONTRACTOR else viewer.unit
    asked = [FlagStep.asks, FlagStep.done_ms.is_(None), FlagStep.unit == unit]
    if viewer.role == CONTRACTOR:
        asked.append(sa.or_(Flag.company.is_(None), Flag.company == viewer.company))
    query = (
        sa.select(Flag.id, Site.name, Flag.duty, Flag.severity, FlagStep.step, FlagStep.due_ms)
        .select_from(FlagStep)
        .join(Flag, sa.and_(Flag.scope_id == FlagStep.scope_id, Flag.id == FlagStep.flag_id))
        .join(Site, Site.id == Flag.scope_id)
        .where(*asked, Flag.closed_ms.is_(None), visible_flags(viewer))
        .where(FlagStep.due_ms >= midnight_ms(first), FlagStep.due_ms < midnight_ms(add_days(last, 1)))
        .order_by(sa.case({"severe": 0}, value=Flag.severity, else_=1), FlagStep.due_ms, Flag.id)
        .limit(DEADLINES_MAX)
    )
    found: dict[str, list[Deadline]] = {}
    for row in session.execute(query):
        found.setdefault(local_date_of(row.due_ms), []).append(Deadline(*row))
    return found
