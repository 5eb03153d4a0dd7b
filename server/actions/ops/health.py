"""Is this server fit to work? What the database knows of it: its schema, the scheduler's heartbeat, the calendar."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.reference.enter_holidays import days_known
from server.actions.reference.load_reference import rules_in_force
from server.base.db import Base, is_postgresql
from server.models.device import Device
from server.models.entry import HeldEntry, Quarantine
from server.models.flag import Flag, Heartbeat
from server.models.site import Site
from server.models.window import Window
from server.rules.calendar import local_date_of
from server.rules.readiness import Check, DiskLimits, check_backup, check_disk, check_holidays

_counts = Flag.scope_id.not_in(sa.select(Site.id).where(Site.practice))
COUNT_MAX = 100_000  # a gauge is counted up to here: watching must not cost more than what is watched


@dataclass(frozen=True, slots=True)
class Health:
    """What a monitor wants to know; ages in milliseconds, None: never; below 0: it is from the future."""

    schema: str | None
    heartbeat_age_ms: int | None


def schema_of(session: Session) -> str | None:
    """The migration that the database is at; None when it was never migrated."""
    if not sa.inspect(session.connection()).has_table("alembic_version"):
        return None
    return session.scalar(sa.select(sa.column("version_num")).select_from(sa.table("alembic_version")))


def health(session: Session, now_ms: int) -> Health:
    """What /readyz reports. The age is of the youngest heartbeat: any scheduler will do."""
    schema = schema_of(session)
    if schema is None:
        return Health(None, None)
    beat_ms = session.scalar(sa.select(sa.func.max(Heartbeat.at_ms)))
    return Health(schema, None if beat_ms is None else now_ms - beat_ms)


@dataclass(frozen=True, slots=True)
class Machine:
    """What the process sees of its machine. `backed_up_ms`: when the newest backup was made."""

    free_bytes: int
    keeps_backups: bool
    backed_up_ms: int | None


def watch_rules(session: Session, machine: Machine, now_ms: int) -> dict[str, Check]:
    """The checks that work with numbers of the rules in force: room on the disk, the newest backup where backups are kept,
    and how far the calendar goes."""
    book, today = rules_in_force(session), local_date_of(now_ms)
    try:
        limits = DiskLimits(book.number("disk_free_mb_min", today), book.number("disk_free_mb_warn", today))
        warn_days = round(book.number("holidays_ahead_d", today))
        late_h = book.number("backup_late_h", today)
    except LookupError:
        detail = "基础数据没有装入或不是本版本的, 请运行 gongdi seed reference。"
        return {"reference": Check(True, "reference_missing", detail)}
    checks = {
        "disk": check_disk(machine.free_bytes, limits),
        "holidays": check_holidays(book.holidays, today, warn_days),
    }
    if machine.keeps_backups:
        age_ms = None if machine.backed_up_ms is None else now_ms - machine.backed_up_ms
        checks["backup"] = check_backup(age_ms, late_h)
    return checks


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


def rows_of_tables(session: Session) -> dict[str, int]:
    """How many rows each table has: on PostgreSQL as its statistics say, where they say anything; else counted."""
    counted = {}
    if is_postgresql(session):
        known = sa.text("SELECT relname, reltuples FROM pg_class WHERE relkind = 'r' AND reltuples > 0")
        counted = {name: int(rows) for name, rows in session.execute(known)}
    tables = Base.metadata.tables
    for name in tables.keys() - counted.keys():
        counted[name] = session.scalar(sa.select(sa.func.count()).select_from(tables[name])) or 0
    return {name: counted[name] for name in sorted(tables)}


def _count(session: Session, query: sa.Select[str]) -> int:
    bounded = query.limit(COUNT_MAX).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(bounded)) or 0
