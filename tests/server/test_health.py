"""What monitors see: alive, fit to work or not and why, and figures."""

from __future__ import annotations

from flask import Flask

from server.db import write
from server.models import Heartbeat
from tests.server.cast import NOW_MS, Cast


def _beat(app: Flask, at_ms: int) -> None:
    with app.app_context(), write() as session:
        session.merge(Heartbeat(name="test", at_ms=at_ms, took_ms=1, did={}))


def test_readiness_needs_a_scheduler_that_beats(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    assert client.get("/readyz").status_code == 503
    _beat(app, NOW_MS)
    assert client.get("/readyz").status_code == 200
    cast.clock.advance(10 * 60_000)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.get_json()["checks"]["scheduler"] == {"ok": False, "heartbeat_age_s": 600.0}
    assert client.get("/healthz").status_code == 200


def test_metrics_tell_the_heartbeats_age_and_count_requests_by_route_only(app: Flask, cast: Cast) -> None:
    _beat(app, NOW_MS - 5_000)
    client = app.test_client()
    client.get(f"/api/v1/sites/{cast.site_a}?secret=1")
    client.get("/wp-login.php")
    figures = client.get("/metrics").text
    assert "gongdi_scheduler_heartbeat_age_seconds 5.0" in figures
    assert "gongdi_flags_open 0.0" in figures
    assert 'route="/api/v1/sites/<uuid:site_id>"' in figures
    assert "secret" not in figures
    assert cast.site_a not in figures
    assert "wp-login" not in figures
