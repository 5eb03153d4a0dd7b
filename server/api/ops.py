"""For operators: is the server alive, is it ready, and its figures."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from server.actions.ops.check_keys import key_faults_of
from server.actions.ops.health import Machine, health, watch_rules
from server.base.db import DatabaseTrouble, read
from server.base.migrate import newest
from server.base.runtime import least_free_bytes
from server.rules.readiness import Check, check_heartbeat, check_keys, check_schema
from server.web.figures import Figures
from server.web.responses import now_ms, runtime
from server.workflows.keep_backups import newest_backup_ms

blueprint = Blueprint("ops", __name__)

LATE_TICKS = 4  # a scheduler that missed this many ticks, and at least LATE_MS, has stopped
LATE_MS = 120_000


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process answers. For a load balancer: it does not query the database."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Everything that the work needs. For alarms: 503 says which part is not as it should be; `warnings` name what still
    works and soon may not."""
    checks = _checks()
    ready = all(check.ok for check in checks.values())
    answer = jsonify(
        status="ready" if ready else "not_ready",
        warnings=[check.code for check in checks.values() if check.warns],
        checks={name: check.as_dict() for name, check in checks.items()},
    )
    return answer, 200 if ready else 503


def _checks() -> dict[str, Check]:
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


@blueprint.get("/metrics")
def metrics() -> Response:
    """Prometheus text: this server's requests, and what the database knows."""
    figures: Figures = current_app.extensions["gongdi_figures"]
    return Response(generate_latest(figures.registry), content_type=CONTENT_TYPE_LATEST)
