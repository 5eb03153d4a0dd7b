"""The database server loses its standby under load, then dies, and the standby takes over: the app finds it by its address
of two hosts, and what was acknowledged is there, once."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.reference.load_reference import load_reference
from server.base.clock import FakeClock, SystemClock
from server.base.config import Config
from server.base.db import write
from server.base.migrate import upgrade
from sync_protocol.client.clock import SystemTabletClock
from sync_protocol.client.tablet import Tablet
from sync_protocol.client.transport import HttpTransport
from tests.engines import close_kept
from tests.postgresql import DURABLE, Programs, create_database
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.ops.test_killed import LOG, Processes, answers, check_whole, wait_until

LOAD_S = 1.5  # until the line between the two is cut; it goes on meanwhile
PUSHES_ALONE = 5  # that a primary would acknowledge if it did not wait for its standby


@dataclass(frozen=True)
class Pair:
    """A primary that acknowledges a commit when its standby has it too."""

    programs: Programs
    primary: Path
    standby: Path
    primary_url: str
    standby_url: str
    died_s: list[float] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Of the product's database, as docs/OPERATING.md writes it."""
        hosts = "&".join(
            f"host={sa.make_url(url).host}:{sa.make_url(url).port}"
            for url in (self.primary_url, self.standby_url)
        )
        return f"postgresql://{self.programs.name}@/gongdi?{hosts}&target_session_attrs=read-write"

    def part(self) -> None:
        """Cut the line between the two."""
        with psycopg.connect(self.standby_url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET primary_conninfo = ''")
            connection.execute("SELECT pg_reload_conf()")
        with psycopg.connect(self.primary_url, autocommit=True) as connection:
            query = "SELECT count(*) FROM pg_stat_replication"
            wait_until(lambda: connection.execute(query).fetchone() == (0,), threading.Event())

    def cancel_what_waits(self) -> None:
        """As an operator may who sees that nothing goes on."""
        query = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        with psycopg.connect(self.primary_url, autocommit=True) as connection:
            wait_until(lambda: connection.execute(query).fetchone() is not None, threading.Event())

    def entries_of_standby(self) -> set[str]:
        with psycopg.connect(self.standby_url.replace("/postgres", "/gongdi")) as connection:
            return {str(key) for (key,) in connection.execute("SELECT id FROM entry")}

    def fail_over(self) -> None:
        self.died_s.append(time.monotonic())
        self.programs.stop(self.primary)
        self.programs.promote(self.standby)


@pytest.fixture
def pair() -> Iterator[Pair]:
    with tempfile.TemporaryDirectory(prefix="gongdi-failover-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        programs = Programs.ready(folder)
        primary = programs.make_cluster("primary")
        with programs.running(primary, DURABLE) as first:
            create_database(first, "gongdi")
            standby = programs.follow(first, "standby")
            with programs.running(standby, DURABLE) as second:
                _let_wait_for_standby(first)
                yield Pair(programs, primary, standby, f"{first}/postgres", f"{second}/postgres")
        close_kept()


def _let_wait_for_standby(url: str) -> None:
    with psycopg.connect(f"{url}/postgres", autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        connection.execute("SELECT pg_reload_conf()")


@pytest.fixture
def database_url(pair: Pair) -> str:
    engine = sa.create_engine(Config.from_env({"GONGDI_DATABASE_URL": pair.url}).database_url)
    upgrade(engine)
    engine.dispose()
    return pair.url


@pytest.fixture
def clock() -> FakeClock:
    """The processes read the machine's clock, so the cast has to live in the present."""
    return FakeClock(SystemClock().now_ms())


def test_the_standby_takes_over_and_nothing_acknowledged_is_lost(
    pair: Pair, cast: Cast, app: Flask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with app.app_context(), write() as session:
        load_reference(session, app.extensions["gongdi"].seals, cast.clock.now_ms())
    in_field, pause = Field(cast, tmp_path), threading.Event()
    processes = Processes(pair.url, tmp_path)
    tablet = Tablet(tmp_path / "tablet", SystemTabletClock(), HttpTransport(timeout_s=3))
    written: set[str] = set()
    acknowledged: set[str] = set()
    try:
        processes.start()
        code = in_field.code("inspector")
        wait_until(lambda: answers(processes.port), pause)
        tablet.enrol(f"http://127.0.0.1:{processes.port}", code, "tablet", "test")
        assert tablet.sync().ok
        parting = threading.Timer(LOAD_S, pair.part)
        parting.start()
        after = 0
        while parting.is_alive() or (after := after + 1) <= PUSHES_ALONE:
            written.update(tablet.add(in_field.scope, "disinfection_log", LOG) for _ in range(20))
            if tablet.push().problem is not None:
                break  # nobody confirms any more
            acknowledged |= written
        parting.join()
        pair.fail_over()
        assert (
            pair.entries_of_standby() >= acknowledged
        )  # before the tablet, which keeps its lines, brings them again
        wait_until(lambda: tablet.sync().ok and tablet.status().unsent == 0, pause)
        with capsys.disabled():
            print(f" (in use again after {time.monotonic() - pair.died_s[0]:.1f} s) ", end="")
    finally:
        processes.kill()
        tablet.close()
    check_whole(app, cast, written)


def test_a_commit_that_somebody_cancels_while_it_waits_for_the_standby_is_not_acknowledged(
    pair: Pair, cast: Cast, app: Flask, tmp_path: Path
) -> None:
    """PostgreSQL itself calls it a success, and only warns: it is in the primary alone."""
    tablet = Field(cast, tmp_path).tablet("tablet")
    pause, scope = threading.Event(), f"site:{cast.site_a}"
    first = tablet.add(scope, "disinfection_log", LOG)
    assert tablet.push().problem is None
    pair.part()
    second = tablet.add(scope, "disinfection_log", LOG)
    for _ in range(2):  # the second time everything is there already, and as little confirmed
        canceling = threading.Thread(target=pair.cancel_what_waits)
        canceling.start()
        problem = tablet.push().problem
        canceling.join()
        assert problem is not None
        assert tablet.status().unsent == 1
    pair.fail_over()
    assert pair.entries_of_standby() == {first}
    wait_until(lambda: tablet.sync().ok, pause)
    assert tablet.status().unsent == 0
    tablet.close()
    check_whole(app, cast, {first, second})
