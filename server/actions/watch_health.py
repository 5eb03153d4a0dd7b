"""Is this server fit to work? The database, its schema, and the scheduler's heartbeat."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.enter_holidays import days_known
from server.models.device import Device
from server.models.entry import HeldEntry, Quarantine
from server.models.flag import Flag, Heartbeat
from server.models.site import Site
from server.models.window import Window

_counts = Flag.scope_id.not_in(sa.select(Site.id).where(Site.practice))
COUNT_MAX = 100_000  # a gauge is counted up to here: watching must not cost more than what is watched


@dataclass(frozen=True, slots=True)
class Health:
    """What a monitor wants to know; ages in milliseconds, None: never."""

    schema: str | None
    heartbeat_age_ms: int | None


def schema_of(session: Session) -> str | None:
    """The migration that the database is at; None when it was never migrated."""
    if not sa.inspect(session.connection()).has_table("alembic_version"):
        return None
    return session.scalar(sa.select(sa.column("version_num")).select_from(sa.table("alembic_version")))


def health(session: Session, now_ms: int) -> Health:
    """What /readyz tells. The age is of the youngest heartbeat: any scheduler will do."""
    schema = schema_of(session)
    if schema is None:
        return Health(None, None)
    beat_ms = session.scalar(sa.select(sa.func.max(Heartbeat.at_ms)))
    return Health(schema, None if beat_ms is None else max(0, now_ms - beat_ms))


def gauges(session: Session, now_ms: int) -> dict[str, int]:
    """Cheap counts for /metrics: each is answered by a small table or a partial index, and bounded."""
    return {
        "gongdi_flags_open": _count(session, sa.select(Flag.id).where(Flag.closed_ms.is_(None), _counts)),
        "gongdi_windows_overdue": _count(session, sa.select(Window.id).where(Window.check_ms <= now_ms)),
        "gongdi_entries_held": _count(session, sa.select(HeldEntry.entry_id)),
        "gongdi_quarantine_open": _count(session, sa.select(Quarantine.id).where(Quarantine.state == "open")),
        "gongdi_devices_active": _count(session, sa.select(Device.id).where(Device.state == "active")),
        "gongdi_holidays_known_days": max(0, days_known(session, now_ms)),
    }


def _count(session: Session, query: sa.Select[str]) -> int:
    bounded = query.limit(COUNT_MAX).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(bounded)) or 0
