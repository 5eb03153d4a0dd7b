"""For those who run the server: is it alive, is it fit to work, what are its figures."""

from __future__ import annotations

import time

from flask import Blueprint, Response, current_app, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from server.actions.check_keys import faults_of_keys, faults_of_stored
from server.actions.watch_health import gauges, health, rows_of_tables, watch_rules
from server.db import DatabaseTrouble, read
from server.door import now_ms, runtime
from server.migrate import newest
from server.rules.readiness import Check, check_heartbeat, check_keys, check_schema
from server.runtime import least_free_bytes

blueprint = Blueprint("ops", __name__)

LATE_TICKS = 4  # a scheduler that missed this many ticks, and at least LATE_MS, has stopped
LATE_MS = 120_000
COUNT_AGAIN_S = 300.0  # SQLite counts by reading
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Figures:
    """What this process counts of its own work."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("gongdi_requests", "Requests answered", labels, registry=self.registry)
        self.seconds = Histogram(
            "gongdi_request_seconds", "Time to answer", ("route",), registry=self.registry, buckets=_BUCKETS_S
        )
        self.registry.register(_Stored())

    def answered(self, method: str, route: str, status: int, took_s: float) -> None:
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(route).observe(took_s)


class _Stored(Collector):
    """Figures that the database knows, asked for when somebody looks; rows are counted once in COUNT_AGAIN_S."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._counted_s = -COUNT_AGAIN_S

    def describe(self) -> list[GaugeMetricFamily]:
        return []

    def collect(self) -> list[GaugeMetricFamily]:
        try:
            with read() as session:
                counted = gauges(session, now_ms())
                age_ms = health(session, now_ms()).heartbeat_age_ms
                if time.monotonic() - self._counted_s >= COUNT_AGAIN_S:
                    self._rows, self._counted_s = rows_of_tables(session), time.monotonic()
        except DatabaseTrouble:
            return [GaugeMetricFamily("gongdi_database_up", "The database answers", value=0)]
        families = [
            GaugeMetricFamily(name, name.replace("_", " "), value=value) for name, value in counted.items()
        ]
        families.append(GaugeMetricFamily("gongdi_database_up", "The database answers", value=1))
        rows = GaugeMetricFamily("gongdi_table_rows", "Rows of each table, about", labels=("table",))
        for name, count in self._rows.items():
            rows.add_metric((name,), count)
        families.append(rows)
        if age_ms is not None:
            told = "Seconds since a scheduler last finished a tick"
            families.append(
                GaugeMetricFamily("gongdi_scheduler_heartbeat_age_seconds", told, value=age_ms / 1000)
            )
        return families


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process answers. For a load balancer: it asks nothing of the database."""
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
    free_bytes = least_free_bytes(held.config)
    try:
        with read() as session:
            told = health(session, now_ms())
            schema = check_schema(told.schema, newest())
            if not schema.ok:
                return {"database": Check(True), "migrations": schema}
            by_rules = watch_rules(session, free_bytes, now_ms())
            key_faults = [*faults_of_keys(session, held.seals), *faults_of_stored(held)]
    except DatabaseTrouble:
        return {
            "database": Check(False, "database_silent", "数据库不应答。请检查数据库和 GONGDI_DATABASE_URL。")
        }
    return {
        "database": Check(True),
        "migrations": schema,
        "scheduler": check_heartbeat(told.heartbeat_age_ms, late_ms),
        "keys": check_keys(key_faults),
        **by_rules,
    }


@blueprint.get("/metrics")
def metrics() -> Response:
    """Prometheus text: this process's requests, and what the database knows."""
    figures: Figures = current_app.extensions["gongdi_figures"]
    return Response(generate_latest(figures.registry), content_type=CONTENT_TYPE_LATEST)
