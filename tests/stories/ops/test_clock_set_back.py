"""The server's clock is set back an hour: duties are still judged, monitors see it, tablets lose nothing."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from queue import SimpleQueue

import pytest
from click.testing import CliRunner
from flask import Flask

from server.actions.audit.verify_log import verify_exchanges, verify_scope
from server.actions.reference.load_reference import load_reference
from server.app import create_app
from server.base.clock import FakeClock, to_iso
from server.base.config import Config
from server.base.db import db, read, write
from server.cli.main import gongdi
from server.models import Heartbeat
from server.models.scope import Scope
from server.workflows.scheduler import run_until, tick
from sync_protocol.client.tablet import Tablet
from sync_protocol.client.transport import WsgiTransport
from tests.server.cast import NOW_MS, Cast
from tests.stories.field import Field, FieldClock

HOUR_MS = 3_600_000
LOG = {"place": "canteen", "agent": "chlorine", "operator": "王师傅"}


class WallClock(datetime):
    """The machine's clock, which somebody sets."""

    offset = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + cls.offset


class HeardClock(FakeClock):
    """A clock that lets others wait until somebody looks at it."""

    def __init__(self, now_ms: int) -> None:
        super().__init__(now_ms)
        self.looks = threading.Semaphore(0)

    def now_ms(self) -> int:
        self.looks.release()
        return super().now_ms()

    def wait_for_looks(self, number: int) -> bool:
        return all(self.looks.acquire(timeout=20) for _ in range(number))


def test_the_scheduler_goes_on_ticking_when_the_clock_is_set_back(
    app: Flask, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("schedulers.base", "triggers.date", "triggers.interval"):
        monkeypatch.setattr(f"apscheduler.{module}.datetime", WallClock)
    monkeypatch.setattr(WallClock, "offset", timedelta())
    clock = HeardClock(NOW_MS)
    ticking = create_app(replace(config, tick_s=1), clock)
    stopping: SimpleQueue[None] = SimpleQueue()
    scheduler = threading.Thread(target=run_until, args=(ticking, stopping))
    scheduler.start()
    try:
        assert clock.wait_for_looks(4), "it did not begin"
        WallClock.offset = timedelta(hours=-1)
        clock.set(NOW_MS - HOUR_MS)
        while clock.looks.acquire(blocking=False):  # those of before
            pass
        assert clock.wait_for_looks(4), "it waits for the clock to catch up"
    finally:
        stopping.put(None)
        scheduler.join()
    assert _heartbeat_ms(ticking) == NOW_MS - HOUR_MS
    with ticking.app_context():
        db.engine.dispose()


def test_a_heartbeat_from_the_future_is_no_sign_of_life(app: Flask, cast: Cast) -> None:
    tick(app, NOW_MS)
    client = app.test_client()
    assert client.get("/readyz").status_code == 200
    cast.clock.set(NOW_MS - 5_000)  # as another machine's clock may differ
    assert client.get("/readyz").status_code == 200
    cast.clock.set(NOW_MS - HOUR_MS)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    check = answer.get_json()["checks"]["scheduler"]
    assert (check["code"], check["heartbeat_age_s"]) == ("heartbeat_in_future", -3600.0)
    assert "时钟" in check["detail"]
    tick(app, NOW_MS - HOUR_MS)
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("ahead_ms", [HOUR_MS, -HOUR_MS])
def test_a_tick_at_an_assumed_time_is_no_heartbeat(
    app: Flask, cast: Cast, config: Config, ahead_ms: int
) -> None:
    env = {"GONGDI_DATABASE_URL": config.database_url, "GONGDI_DATA_DIR": str(config.data_dir)}
    at = to_iso(NOW_MS + ahead_ms)
    result = CliRunner().invoke(gongdi, ("tick", "--now", at), obj=create_app, env=env)
    assert result.exit_code == 0 and "windows" in json.loads(result.output)
    assert _heartbeat_ms(app) is None
    assert app.test_client().get("/readyz").get_json()["checks"]["scheduler"]["code"] == "scheduler_silent"
    assert CliRunner().invoke(gongdi, ("tick",), obj=create_app, env=env).exit_code == 0
    assert _heartbeat_ms(app) is not None


def test_a_tablet_whose_server_lives_an_hour_ago_brings_everything_in_once(
    cast: Cast, tmp_path: Path
) -> None:
    seals = cast.app.extensions["gongdi"].seals
    with cast.app.app_context(), write() as session:
        load_reference(session, seals, NOW_MS)
    own = FakeClock(NOW_MS)
    field = Field(cast, tmp_path)
    tablet = Tablet(tmp_path / "t1", FieldClock(own), WsgiTransport(cast.app), random.Random("t1"))
    tablet.enrol("http://gongdi.test", field.code("inspector"), "t1", "test")
    both: list[Callable[[int], None]] = [own.advance, cast.clock.advance]
    for advance in both:
        advance(60_000)
    assert tablet.sync().ok
    tablet.add(field.scope, "disinfection_log", LOG)
    cast.clock.set(NOW_MS - HOUR_MS)
    own.advance(60_000)
    tablet.add(field.scope, "disinfection_log", LOG)
    for _ in range(3):  # the first learns the server's time
        tablet.sync()
        for advance in both:
            advance(60_000)
    assert tablet.status().unsent == 0
    with cast.app.app_context(), read() as session:
        assert list(verify_scope(session, seals, session.get_one(Scope, cast.site_a))) == []
        assert list(verify_exchanges(session, seals)) == []


def _heartbeat_ms(app: Flask) -> int | None:
    with app.app_context(), read() as session:
        row = session.get(Heartbeat, "scheduler")
        return None if row is None else row.at_ms
