"""The power goes at any moment: what the server acknowledged is in its database, what the tablet called saved is in its
own, and the two come together again.

`GONGDI_TEST_CUTS=2000` cuts as often as that."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.audit.rebuild import check_scope
from server.actions.audit.verify_log import verify_exchanges, verify_scope
from server.app import create_app
from server.base.clock import FakeClock
from server.base.config import Config
from server.base.db import db, read
from server.models import LogEntry, Record
from server.models.scope import Scope
from server.workflows.scheduler import tick
from sync_protocol.client.store import FILE_NAME
from sync_protocol.client.tablet import Tablet
from sync_protocol.client.transport import WsgiTransport
from tests.server.cast import Cast
from tests.stages import reach_reference
from tests.stories.field import Field, FieldClock
from tests.stories.ops.disk import Disk, Recording, is_whole, recorded

CUTS = int(os.environ.get("GONGDI_TEST_CUTS", "200"))
LOOKED_INTO = 20  # of the cuts, by the product's own checks
PUSHES = 60
LOG = {"place": "canteen", "agent": "chlorine", "operator": "王师傅"}
SERVER = "gongdi.sqlite3"


@dataclass(frozen=True)
class Promised:
    """What somebody relies on: entries that the tablet saved, and those that the server acknowledged."""

    saved: frozenset[str] = frozenset()
    acknowledged: frozenset[str] = frozenset()


@pytest.fixture
def afternoon(app: Flask, cast: Cast, clock: FakeClock, tmp_path: Path) -> Recording:
    """A tablet that writes and pushes, and a scheduler."""
    reach_reference(app)
    tablet = Field(cast, tmp_path).tablet("tablet")
    tablet.close()
    with app.app_context():
        db.engine.dispose()
    scope, saved, acknowledged = f"site:{cast.site_a}", set[str](), set[str]()
    rng = random.Random(1)
    with recorded(tmp_path) as recording:
        with _tablet(tmp_path / "tablet", app, clock) as tablet:
            for number in range(PUSHES):
                for _ in range(rng.randrange(1, 9)):
                    clock.advance(1_000)
                    saved.add(tablet.add(scope, "disinfection_log", LOG))
                    recording.mark(Promised(frozenset(saved), frozenset(acknowledged)))
                assert tablet.sync().ok if number % 7 == 0 else tablet.push().problem is None
                acknowledged |= saved
                recording.mark(Promised(frozenset(saved), frozenset(acknowledged)))
                if number % 20 == 5:
                    clock.advance(600_000)
                    tick(app, clock.now_ms())
        with app.app_context():
            db.engine.dispose()
    return recording


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_acknowledged_or_saved_is_there_after_every_power_cut(
    afternoon: Recording, app: Flask, cast: Cast, clock: FakeClock, config: Config, tmp_path: Path
) -> None:
    assert _was_checkpointed(afternoon), "the log of writes came into the database while there was work"
    after = tmp_path / "after"
    rng = random.Random(2)
    for number, (disk, promised) in enumerate(_cuts(afternoon, rng, CUTS)):
        shutil.rmtree(after, ignore_errors=True)
        after.mkdir()
        disk.cut(after, rng)
        assert _lost(after, promised) == set()
        if number % (CUTS // LOOKED_INTO) == 0:
            _come_together(after, promised, config, cast, clock)


@pytest.mark.parametrize("level", ["NORMAL", "OFF"])
def test_a_database_that_does_not_wait_for_its_disk_is_found_out(level: str, tmp_path: Path) -> None:
    """The proof that the cuts above cut something."""
    path = tmp_path / SERVER
    with recorded(tmp_path) as recording:
        connection = sqlite3.connect(path, isolation_level=None)
        for pragma in ("journal_mode=WAL", f"synchronous={level}"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("CREATE TABLE entry (id TEXT PRIMARY KEY)")
        written: set[str] = set()
        for number in range(50):
            connection.execute("INSERT INTO entry VALUES (?)", [f"{number}"])
            written.add(f"{number}")
            recording.mark(Promised(acknowledged=frozenset(written)))
        connection.close()
    after = tmp_path / "after"
    after.mkdir()
    rng, losses = random.Random(3), 0
    for disk, promised in _cuts(recording, rng, 50):
        for path in after.iterdir():
            path.unlink()
        disk.cut(after, rng)
        losses += bool(_lost(after, promised))
    assert losses > 10


def _cuts(recording: Recording, rng: random.Random, count: int) -> Iterator[tuple[Disk, Promised]]:
    """The disk at so many moments, in order, and what was promised until then."""
    disk, promised, played = Disk(recording), Promised(), 0
    for moment in sorted(rng.choices(range(len(recording.steps)), k=count)):
        for step in recording.steps[played:moment]:
            disk.take(step)
            promised = step.mark or promised
        played = moment
        yield disk, promised


def _lost(folder: Path, promised: Promised) -> set[str]:
    """What was promised and is not there, by the names of entries; or the name of a database that is broken."""
    server, tablet = folder / SERVER, folder / FILE_NAME
    broken = {path.name for path in (server, tablet) if path.exists() and not is_whole(path)}
    if broken:
        return broken
    saved = _column(tablet, "SELECT id FROM outbox") if promised.saved else set()
    kept = _column(server, "SELECT id FROM entry")
    return (promised.acknowledged - kept) | (promised.saved - saved)


def _column(path: Path, query: str) -> set[str]:
    connection = sqlite3.connect(path)
    try:
        return {name for (name,) in connection.execute(query)}
    except sqlite3.OperationalError:  # no such table yet
        return set()
    finally:
        connection.close()


def _come_together(folder: Path, promised: Promised, config: Config, cast: Cast, clock: FakeClock) -> None:
    """Server and tablet start again on what is left: whatever was saved arrives and takes effect once, and the log proves
    itself."""
    app = create_app(replace(config, database_url=f"sqlite:///{folder / SERVER}"), clock)
    home = folder / "tablet"
    home.mkdir()
    for path in folder.glob(f"{FILE_NAME}*"):
        path.rename(home / path.name)
    with _tablet(home, app, clock) as tablet:
        assert tablet.sync().ok
        assert tablet.status().unsent == 0
    seals = app.extensions["gongdi"].seals
    with app.app_context(), read() as session:
        entries = set(session.scalars(sa.select(LogEntry.id)))
        facts = list(session.scalars(sa.select(Record.id).where(Record.kind == "disinfection_log")))
        assert entries >= promised.saved
        assert sorted(facts) == sorted(entries)
        assert list(verify_scope(session, seals, session.get_one(Scope, cast.site_a))) == []
        assert list(verify_exchanges(session, seals)) == []
        assert list(check_scope(session, seals, cast.site_a)) == []
    app.extensions["gongdi_pool"].shutdown()
    with app.app_context():
        db.engine.dispose()


def _tablet(home: Path, app: Flask, clock: FakeClock) -> Tablet:
    return Tablet(home, FieldClock(clock), WsgiTransport(app), random.Random(4))


def _was_checkpointed(recording: Recording) -> bool:
    """Whether the server's database itself was written before the last tablet's word."""
    last = max(number for number, step in enumerate(recording.steps) if step.act == "mark")
    return any(step.path.endswith(SERVER) and step.act == "written" for step in recording.steps[:last])
