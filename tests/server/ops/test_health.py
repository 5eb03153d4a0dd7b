"""What monitors see: whether the server is alive, whether it is ready and why not, and metrics."""

from __future__ import annotations

import shutil

import pytest
from flask import Flask

from server.actions.reference.load_reference import load_reference
from server.base.db import write
from server.base.seal import fresh_key
from server.models import Heartbeat, KeyFingerprint
from server.rules.calendar import midnight_ms
from server.web import readiness
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
    check = answer.get_json()["checks"]["scheduler"]
    assert (check["ok"], check["code"], check["heartbeat_age_s"]) == (False, "scheduler_silent", 600.0)
    assert client.get("/healthz").status_code == 200


def test_metrics_report_the_heartbeats_age_and_count_requests_by_route_only(app: Flask, cast: Cast) -> None:
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


def test_lost_key_files_show_while_the_process_still_holds_the_keys(app: Flask, cast: Cast) -> None:
    _beat(app, NOW_MS)
    keys = app.extensions["gongdi"].config.data_dir / "keys"
    aside = keys.rename(keys.with_name("elsewhere"))
    assert _codes(app) == (503, {"keys": "keys_missing"})
    shutil.copytree(aside, keys)
    (keys / "digest_key").write_text(fresh_key())
    assert _codes(app) == (503, {"keys": "keys_wrong"})
    (keys / "digest_key").write_text("x")
    assert _codes(app) == (503, {"keys": "keys_wrong"})
    shutil.rmtree(keys)
    aside.rename(keys)
    assert _codes(app) == (200, {})


def test_a_database_that_was_exchanged_under_a_running_server_shows(app: Flask, cast: Cast) -> None:
    _beat(app, NOW_MS)
    with app.app_context(), write() as session:
        session.get_one(KeyFingerprint, "sealing:k1").fingerprint = "0" * 32
    assert _codes(app) == (503, {"keys": "keys_wrong"})


@pytest.mark.parametrize(
    ("free_mb", "expected"),
    [(499, (503, {"disk": "disk_full"})), (4_999, (200, {"disk": "disk_low"})), (5_000, (200, {}))],
)
def test_a_disk_without_room_is_not_ready_and_one_with_little_is_a_warning(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, free_mb: int, expected: object
) -> None:
    _load(app)
    cast.clock.set(midnight_ms("2026-10-01"))  # the calendar is known for long
    _beat(app, cast.clock.now_ms())
    monkeypatch.setattr(readiness, "least_free_bytes", lambda _: free_mb * 1_000_000)
    assert _codes(app) == expected


def test_the_end_of_the_official_calendar_is_announced_two_months_before(app: Flask, cast: Cast) -> None:
    _load(app)
    for day, code in (("2026-11-01", {}), ("2026-11-02", {"holidays": "holidays_end"}), ("2027-01-01", None)):
        cast.clock.set(midnight_ms(day))
        _beat(app, midnight_ms(day))
        status, codes = _codes(app)
        assert status == 200
        assert codes == (code if code is not None else {"holidays": "holidays_end"})


def test_a_server_without_its_rules_says_so(app: Flask, cast: Cast) -> None:
    _beat(app, NOW_MS)
    report = app.test_client().get("/readyz").get_json()
    assert report["warnings"] == ["reference_missing"]
    assert "gongdi seed reference" in report["checks"]["reference"]["detail"]


def _load(app: Flask) -> None:
    with app.app_context(), write() as session:
        load_reference(session, app.extensions["gongdi"].seals, NOW_MS)


def _codes(app: Flask) -> tuple[int, dict[str, str]]:
    """What /readyz answers: its status, and the codes of what is not as it should be."""
    answer = app.test_client().get("/readyz")
    checks = answer.get_json()["checks"].items()
    codes = {name: check["code"] for name, check in checks if "code" in check and name != "reference"}
    return answer.status_code, codes
