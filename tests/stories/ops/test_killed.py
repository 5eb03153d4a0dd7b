"""kill -9 of web and scheduler in the middle of load: what was acknowledged is there, nothing twice, no half window."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.audit.rebuild import check_scope
from server.actions.audit.verify_log import verify_exchanges, verify_scope
from server.actions.records.window_record import window_put
from server.actions.reference.load_reference import load_reference
from server.base.clock import FakeClock, SystemClock
from server.base.db import read, write
from server.models import LogEntry, Record, Window
from server.models.scope import Scope
from sync_protocol.client.clock import SystemTabletClock
from sync_protocol.client.tablet import Tablet
from sync_protocol.client.transport import HttpTransport
from tests.server.cast import Cast
from tests.stories.field import Field

ROUNDS = 3
TIMEOUT_S = 40.0
LOG = {"place": "canteen", "agent": "chlorine", "operator": "王师傅"}


class Processes:
    """A real web server and a real scheduler on one database."""

    def __init__(self, database_url: str, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        settings = {"GONGDI_DATABASE_URL": database_url, "GONGDI_DATA_DIR": str(folder), "GONGDI_TICK_S": "1"}
        self._env = {**os.environ, **settings, "PORT": str(self.port)}
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        for verb in ("serve", "scheduler"):
            command = [sys.executable, "-m", "server", verb]
            quiet = subprocess.DEVNULL
            self._running.append(subprocess.Popen(command, env=self._env, stdout=quiet, stderr=quiet))

    def kill(self) -> None:
        for process in self._running:
            process.send_signal(signal.SIGKILL)
            process.wait()
        self._running.clear()


def wait_until(what: Callable[[], bool], pause: threading.Event) -> None:
    """Ask again until it is true. Fails after TIMEOUT_S."""
    end_s = time.monotonic() + TIMEOUT_S
    while not what():
        assert time.monotonic() < end_s, "it never came true"
        pause.wait(0.05)


@pytest.fixture
def clock() -> FakeClock:
    """The processes read the machine's clock, so the cast has to live in the present."""
    return FakeClock(SystemClock().now_ms())


def test_what_was_acknowledged_survives_kill_9_and_takes_effect_once(
    cast: Cast, app: Flask, database_url: str, tmp_path: Path
) -> None:
    with app.app_context(), write() as session:
        load_reference(session, app.extensions["gongdi"].seals, cast.clock.now_ms())
    field, pause = Field(cast, tmp_path), threading.Event()
    processes = Processes(database_url, tmp_path)
    tablet = Tablet(tmp_path / "tablet", SystemTabletClock(), HttpTransport(timeout_s=5))
    written: set[str] = set()
    try:
        processes.start()
        code = field.code("inspector")
        url = f"http://127.0.0.1:{processes.port}"
        wait_until(lambda: answers(processes.port), pause)
        tablet.enrol(url, code, "tablet", "test")
        assert tablet.sync().ok
        for _ in range(ROUNDS):
            _load_until_killed(tablet, field.scope, processes, written)
            processes.start()
            wait_until(lambda: tablet.sync().ok and tablet.status().unsent == 0, pause)
        wait_until(lambda: _is_planned(app), pause)
        assert tablet.sync().ok
    finally:
        processes.kill()
        tablet.close()
    check_whole(app, cast, written)


def _load_until_killed(tablet: Tablet, scope: str, processes: Processes, written: set[str]) -> None:
    """Write and push without pause while another thread kills both processes in the middle."""
    killer = threading.Timer(0.7, processes.kill)
    killer.start()
    while killer.is_alive():
        written.update(tablet.add(scope, "disinfection_log", LOG) for _ in range(20))
        tablet.push()
    killer.join()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _is_planned(app: Flask) -> bool:
    with app.app_context(), read() as session:
        return bool(session.scalar(sa.select(sa.func.count()).select_from(Window)))


def check_whole(app: Flask, cast: Cast, written: set[str]) -> None:
    seals = app.extensions["gongdi"].seals
    with app.app_context(), read() as session:
        assert set(session.scalars(sa.select(LogEntry.id))) == written
        facts = list(session.scalars(sa.select(Record.id).where(Record.kind == "disinfection_log")))
        assert sorted(facts) == sorted(written)
        scope = session.get_one(Scope, cast.site_a)
        assert list(verify_scope(session, seals, scope)) == []
        assert list(verify_exchanges(session, seals)) == []
        assert list(check_scope(session, seals, cast.site_a)) == []
        bodies = dict(session.execute(sa.select(Record.id, Record.body).where(Record.kind == "window")).all())
        for window in session.scalars(sa.select(Window)):
            assert f'"state":"{window_put(window).body["state"]}"'.encode() in bodies[window.id]  # type: ignore[call-overload]
