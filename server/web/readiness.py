"""Everything that the work needs, checked now: for monitors, and for administrators at the console."""

from __future__ import annotations

from server.actions.ops.check_keys import key_faults_of
from server.actions.ops.health import Machine, health, watch_rules
from server.base.db import DatabaseTrouble, read
from server.base.migrate import newest
from server.base.runtime import least_free_bytes
from server.rules.readiness import Check, check_heartbeat, check_keys, check_schema
from server.web.responses import now_ms, runtime
from server.workflows.keep_backups import newest_backup_ms

LATE_TICKS = 4  # a scheduler that missed this many ticks, and at least LATE_MS, has stopped
LATE_MS = 120_000


def readiness() -> dict[str, Check]:
    """Each check by its name."""
    held = runtime()
    late_ms = max(LATE_MS, LATE_TICKS * 1000 * held.config.tick_s)
    folder = held.config.backup_dir
    backed_up_ms = None if folder is None else newest_backup_ms(folder)
    machine = Machine(least_free_bytes(held.config), folder is not None, backed_up_ms)
    try:
        with read() as session:
            found = health(session, now_ms())
            schema = check_schema(found.schema, newest())
            if not schema.ok:
                return {"database": Check(True), "migrations": schema}
            by_rules = watch_rules(session, machine, now_ms())
            key_faults = key_faults_of(session, held)
    except DatabaseTrouble:
        return {
            "database": Check(False, "database_silent", "数据库不应答。请检查数据库和 GONGDI_DATABASE_URL。")
        }
    return {
        "database": Check(True),
        "migrations": schema,
        "scheduler": check_heartbeat(found.heartbeat_age_ms, late_ms),
        "keys": check_keys(key_faults),
        **by_rules,
    }
