"""Signals as people see them: with their names and figures, for those who judge sites."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.models.access import Viewer, sees_signals
from server.models.signal import SiteSignal
from server.rules.signals import Signal, explain


def signals_of(session: Session, viewer: Viewer, site_id: str, from_day: str) -> list[tuple[str, str, str]]:
    """The signals of a site since a local date, newest first: (local date, name, explanation). Only for those who
    judge sites."""
    if not sees_signals(viewer):
        return []
    query = sa.select(SiteSignal).where(SiteSignal.scope_id == site_id, SiteSignal.local_date >= from_day)
    rows = session.scalars(query.order_by(SiteSignal.local_date.desc(), SiteSignal.n))
    return [(row.local_date, *explain(Signal(row.code, row.local_date, row.figures))) for row in rows]


def signal_counts(session: Session, viewer: Viewer, site_ids: Sequence[str], from_day: str) -> dict[str, int]:
    """How many signals each site has since a local date. Only for those who judge sites."""
    if not sees_signals(viewer):
        return {}
    query = sa.select(SiteSignal.scope_id, sa.func.count()).where(
        SiteSignal.scope_id.in_(site_ids), SiteSignal.local_date >= from_day
    )
    return dict(session.execute(query.group_by(SiteSignal.scope_id)).all())
