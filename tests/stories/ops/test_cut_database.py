"""PostgreSQL goes away in the middle of a request or of a tick: 503 with Retry-After, never 500, and what is sent again
leaves the state of one clean delivery."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from server.actions.audit.verify_log import verify_scope
from server.actions.reference.load_reference import load_reference
from server.app import create_app
from server.base.clock import FakeClock
from server.base.config import Config
from server.base.db import DatabaseTrouble, db, read, write
from server.models import Heartbeat, LogEntry, Window
from server.models.scope import Scope
from server.workflows.scheduler import tick
from tests.conftest import Server
from tests.engines import close_kept
from tests.server.cast import Cast
from tests.stories.cutting_proxy import CuttingProxy, cutting
from tests.stories.field import Field
from tests.stories.wire import WireDevice

POINTS = 12  # at how many places each request is cut


@pytest.fixture
def database_url(postgresql_server: Server) -> str:
    """SQLite has no connection that could be cut."""
    return postgresql_server.emptied()


class Wire:
    """The app's way to its database, which can be cut."""

    def __init__(self, app: Flask, proxy: CuttingProxy, cuts: list[int | None]) -> None:
        self.app, self.proxy, self.cuts = app, proxy, cuts

    def fresh(self, cut: int | None) -> None:
        """The next connection is cut after so many bytes towards the database."""
        with self.app.app_context():
            db.engine.dispose()
        close_kept()
        del self.cuts[self.proxy.made :]
        self.cuts += [None] * (self.proxy.made - len(self.cuts)) + [cut]

    def points(self, work: Callable[[], object]) -> list[int]:
        """Places that are spread over all that `work` sends to the database."""
        self.fresh(None)
        before = self.proxy.carried
        work()
        step = (self.proxy.carried - before) // POINTS
        return [step * i for i in range(1, POINTS + 1)]


@pytest.fixture
def wire(config: Config, clock: FakeClock, app: Flask, cast: Cast) -> Iterator[Wire]:
    """The cast's app has its own connections; this one's go through the proxy."""
    with app.app_context(), write() as session:
        load_reference(session, app.extensions["gongdi"].seals, cast.clock.now_ms())
    address = urlsplit(config.database_url)
    cuts: list[int | None] = []
    with cutting(f"http://{address.netloc.rpartition('@')[2]}", cuts) as proxy:
        host = f"{address.username}@{urlsplit(proxy.address).netloc}"
        made = create_app(replace(config, database_url=address._replace(netloc=host).geturl()), clock)
        yield Wire(made, proxy, cuts)
        with made.app_context():
            db.engine.dispose()
        made.extensions["gongdi_pool"].shutdown()


def test_a_push_that_is_cut_anywhere_is_asked_to_come_again_and_takes_effect_once(
    wire: Wire, cast: Cast, tmp_path: Path
) -> None:
    device = WireDevice(Field(cast, tmp_path))
    device.http = wire.app.test_client()
    statuses = []
    for cut in wire.points(lambda: device.push(device.line(), device.line())):
        lines = [device.line() for _ in range(2)]
        wire.fresh(cut)
        answer = device.push(*lines)
        statuses.append(answer.status_code)
        if answer.status_code != 200:
            _is_busy(answer)
            wire.fresh(None)
            answer = device.push(*lines)
        assert {line["outcome"] for line in answer.get_json()["outcomes"]} <= {"applied", "duplicate"}
    assert statuses.count(503) >= POINTS // 2
    wire.fresh(None)
    with wire.app.app_context(), read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(LogEntry)) == 2 * (POINTS + 1)
        scope = session.get_one(Scope, cast.site_a)
        assert list(verify_scope(session, wire.app.extensions["gongdi"].seals, scope)) == []


@pytest.mark.parametrize("path", ["/api/v1/flags", "/console/flags", "/sync/v1/media", "/metrics"])
def test_a_page_that_is_cut_anywhere_says_that_the_server_is_busy(wire: Wire, cast: Cast, path: str) -> None:
    token = cast.client("section").token
    client = wire.app.test_client()
    client.set_cookie("gongdi_session", token, path="/console")

    def look() -> TestResponse:
        return client.get(path, headers={"Authorization": f"Bearer {token}"})

    whole = look().status_code
    for cut in wire.points(look):
        wire.fresh(cut)
        answer = look()
        if answer.status_code != whole:
            _is_busy(answer)
        assert look().status_code == whole, "the next connection is a good one"


def test_a_tick_that_is_cut_anywhere_is_done_by_the_next(wire: Wire, cast: Cast) -> None:
    for cut in [1, *wire.points(lambda: tick(wire.app, cast.clock.now_ms()))]:
        cast.clock.advance(86_400_000)
        wire.fresh(cut)
        did = tick(wire.app, cast.clock.now_ms())
        assert cut > 1 or not any(part.get("failed") for part in did.values()), "what is due is asked again"
        wire.fresh(None)
        again = tick(wire.app, cast.clock.now_ms())
        assert not any(part.get("failed") for part in again.values())
        with wire.app.app_context(), read() as session:
            assert session.scalar(sa.select(sa.func.max(Heartbeat.at_ms))) == cast.clock.now_ms()
    with wire.app.app_context(), read() as session:
        assert session.scalar(sa.select(Window.id).limit(1)) is not None


def _is_busy(answer: TestResponse) -> None:
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert "busy" in answer.text


def test_a_read_that_finds_no_database_leaves_its_process_fit_to_go_on(wire: Wire) -> None:
    with wire.app.app_context():
        wire.fresh(1)
        with pytest.raises(DatabaseTrouble), read():
            pass
        wire.fresh(None)
        with write() as session:
            assert session.scalar(sa.select(1)) == 1
