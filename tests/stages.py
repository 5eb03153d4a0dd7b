"""What many tests begin with is written once in a process, and for the others it is put back as it was: the cast, the
reference data, the windows of a first tick.

A stage is what `write` makes of the stage before, at a time, with the keys that all tests have. It is written again when
anything else was committed to the database meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import Flask

from server.actions.reference import load_reference as loading
from server.base.config import Config
from server.base.db import Base, db, write
from server.base.runtime import Runtime
from server.base.seal import make_keys

T = TypeVar("T")


@dataclass
class _Place:
    """Where a database is: at a stage, and since then as many commits."""

    stage: tuple[Hashable, ...]
    commits: int = 0


@dataclass(frozen=True)
class _Kept:
    rows: Any  # a database in memory, or the rows of each table as PostgreSQL copies them
    result: Any
    now_ms: int  # when it was done


@dataclass
class _Stages:
    places: dict[str | None, _Place] = field(default_factory=dict)  # by database
    kept: dict[tuple[Hashable, ...], _Kept] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict)


_stages = _Stages()


@sa.event.listens_for(sa.Engine, "commit")
def _count(connection: sa.Connection) -> None:
    place = _stages.places.get(connection.engine.url.database)
    if place is not None:
        place.commits += 1


def know_empty(url: str) -> None:
    """A database with every table and no rows: an app that is made on it can reach stages."""
    _stages.places[sa.make_url(url).database] = _Place(())


def give_keys(config: Config) -> None:
    """The keys that all tests have, where an app would make its own."""
    folder: Path = config.data_dir / "keys"
    if not _stages.keys:
        make_keys(config)
        _stages.keys.update({path.name: path.read_bytes() for path in folder.iterdir()})
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, content in _stages.keys.items():
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)


def begin(app: Flask) -> None:
    """An app that was just made, on a database that was empty before and holds its keys, is at the first stage."""
    runtime: Runtime = app.extensions["gongdi"]
    with app.app_context():
        kind, name = db.engine.name, db.engine.url.database
    place = _stages.places.pop(name, None)
    if place == _Place((), commits=1):  # its keys
        keys = tuple(sorted(runtime.seals.fingerprints.items()))
        _stages.places[name] = _Place((kind, keys, runtime.clock.now_ms()))


def reach(app: Flask, name: Hashable, make: Callable[[], T]) -> T:
    """The stage of this name: what `make` writes, and gives. That has to follow from the stage before, the name and the
    time. Nobody changes what it gives."""
    with app.app_context():
        database = db.engine.url.database
    place = _stages.places.get(database)
    if place is None or place.commits:
        return make()
    clock = app.extensions["gongdi"].clock
    files = str(loading.SEED_DATA)  # where a test may have put others
    stage = (*place.stage, (name, clock.now_ms(), files))
    kept = _stages.kept.get(stage)
    if kept is None:
        result = make()
        kept = _Kept(_saved(app), result, clock.now_ms())
        _stages.kept[stage] = kept
    else:
        before = _stages.kept.get(place.stage)
        _restore(app, kept.rows, before.rows if before else None)
        clock.set(kept.now_ms)
    _stages.places[database] = _Place(stage)
    result_: T = kept.result
    return result_


def reach_reference(app: Flask, at_ms: int | None = None) -> None:
    """The stage at which the reference data is loaded, now or at another time."""
    runtime: Runtime = app.extensions["gongdi"]
    now_ms = runtime.clock.now_ms() if at_ms is None else at_ms

    def load() -> None:
        with app.app_context(), write() as session:
            loading.load_reference(session, runtime.seals, now_ms)

    reach(app, ("reference", now_ms), load)


def _saved(app: Flask) -> Any:
    with app.app_context():
        raw = db.engine.raw_connection()
        try:
            driver: Any = raw.driver_connection
            if db.engine.name == "sqlite":
                kept = sqlite3.connect(":memory:", check_same_thread=False)
                driver.backup(kept)
                return kept
            tables = [table.name for table in Base.metadata.sorted_tables]
            return {name: _copied(driver, name) for name in tables}
        finally:
            raw.close()


def _copied(driver: Any, table: str) -> bytes:
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table}" TO STDOUT (FORMAT BINARY)') as copy:
        return b"".join(bytes(piece) for piece in copy)


def _restore(app: Flask, rows: Any, before: Any) -> None:
    with app.app_context():
        raw = db.engine.raw_connection()
        try:
            driver: Any = raw.driver_connection
            if db.engine.name == "sqlite":
                rows.backup(driver)
                return
            differing = [name for name, kept in rows.items() if before is None or before[name] != kept]
            with driver.cursor() as cursor:
                cursor.execute("SET LOCAL session_replication_role = replica")  # in any order
                cursor.execute("; ".join(f'DELETE FROM "{name}"' for name in differing))
                for name in differing:
                    with cursor.copy(f'COPY "{name}" FROM STDIN (FORMAT BINARY)') as copy:
                        copy.write(rows[name])
            driver.commit()
        finally:
            raw.close()
