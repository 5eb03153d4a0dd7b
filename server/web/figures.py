"""The figures of /metrics: what the processes of this server count of their work, and what the database knows."""

from __future__ import annotations

import os
import time

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from server.actions.ops.check_keys import key_faults_of
from server.actions.ops.health import gauges, health, rows_of_tables
from server.base.config import Config
from server.base.db import DatabaseTrouble, read
from server.base.runtime import least_free_bytes
from server.web.processes import FIGURES_FOLDER
from server.web.responses import now_ms, runtime
from server.workflows.keep_backups import newest_backup_ms

COUNT_AGAIN_S = 300.0  # SQLite counts by reading
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Figures:
    """What this process counts of its own work; `registry` has what all processes of this server counted."""

    def __init__(self) -> None:
        self.registry = own = CollectorRegistry()
        if FIGURES_FOLDER in os.environ:
            own = CollectorRegistry()
            MultiProcessCollector(self.registry)  # type: ignore[no-untyped-call]
        labels = ("method", "route", "status")
        self.requests = Counter("gongdi_requests", "Requests answered", labels, registry=own)
        self.seconds = Histogram(
            "gongdi_request_seconds", "Time to answer", ("route",), registry=own, buckets=_BUCKETS_S
        )
        self.registry.register(_Stored())

    def answered(self, method: str, route: str, status: int, took_s: float) -> None:
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(route).observe(took_s)


class _Stored(Collector):
    """Figures from the database, queried when somebody looks; rows are counted once in COUNT_AGAIN_S."""

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
                counted["gongdi_keys_faulty"] = len(key_faults_of(session, runtime()))
                if time.monotonic() - self._counted_s >= COUNT_AGAIN_S:
                    self._rows, self._counted_s = rows_of_tables(session), time.monotonic()
        except DatabaseTrouble:
            return [GaugeMetricFamily("gongdi_database_up", "The database answers", value=0)]
        families = [
            GaugeMetricFamily(name, name.replace("_", " "), value=value) for name, value in counted.items()
        ]
        families.append(GaugeMetricFamily("gongdi_database_up", "The database answers", value=1))
        families += _of_machine(runtime().config)
        rows = GaugeMetricFamily("gongdi_table_rows", "Rows of each table, about", labels=("table",))
        for name, count in self._rows.items():
            rows.add_metric((name,), count)
        families.append(rows)
        if age_ms is not None:
            title = "Seconds since a scheduler last finished a tick"
            families.append(
                GaugeMetricFamily("gongdi_scheduler_heartbeat_age_seconds", title, value=age_ms / 1000)
            )
        return families


def _of_machine(config: Config) -> list[GaugeMetricFamily]:
    title = "Free space where keys, photos or the SQLite database are, whichever is less"
    families = [GaugeMetricFamily("gongdi_disk_free_bytes", title, value=least_free_bytes(config))]
    made_ms = None if config.backup_dir is None else newest_backup_ms(config.backup_dir)
    if made_ms is not None:
        title = "Seconds since the newest backup was made"
        families.append(
            GaugeMetricFamily("gongdi_backup_age_seconds", title, value=(now_ms() - made_ms) / 1000)
        )
    return families
