"""The disk is full: nothing is acknowledged that is not kept, everybody is notified, and work resumes where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event
from werkzeug.test import TestResponse

from server.actions.audit.rebuild import check_scope
from server.actions.audit.verify_log import verify_exchanges, verify_scope
from server.actions.reference.load_reference import load_reference
from server.base.db import db, read, write
from server.models import LogEntry
from server.models.scope import Scope
from server.web import readiness
from tests.server.cast import NOW_MS, Cast
from tests.stories.field import Field
from tests.stories.wire import WireDevice

LOG = {"place": "canteen", "agent": "chlorine", "operator": "王师傅"}
_FULL = (
    "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE SQLSTATE '53100'; END $$"
)
_GUARD = 'CREATE TRIGGER no_room BEFORE INSERT ON "entry" EXECUTE FUNCTION no_room()'


def test_a_full_disk_refuses_pushes_and_loses_nothing(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, seals = cast.app, cast.app.extensions["gongdi"].seals
    with app.app_context(), write() as session:
        load_reference(session, seals, NOW_MS)
    field = Field(cast, tmp_path)
    device, tablet = WireDevice(field), field.tablet("t1")
    written = {tablet.add(field.scope, "disinfection_log", LOG) for _ in range(200)}
    monkeypatch.setattr(readiness, "least_free_bytes", lambda _: 0)
    with _full(app):
        answer = device.push(*[device.line(body=LOG) for _ in range(200)])
        assert _accepted(answer) == set()
        tablet.sync()
        assert tablet.status().unsent == len(written)
        assert _entries(app) == set()
        ready = app.test_client().get("/readyz")
        assert (ready.status_code, ready.get_json()["checks"]["disk"]["code"]) == (503, "disk_full")
    monkeypatch.undo()
    cast.clock.advance(60_000)
    assert tablet.sync().ok
    assert _entries(app) == written
    with app.app_context(), read() as session:
        assert list(verify_scope(session, seals, session.get_one(Scope, cast.site_a))) == []
        assert list(verify_exchanges(session, seals)) == []
        assert list(check_scope(session, seals, cast.site_a)) == []


@contextmanager
def _full(app: Flask) -> Iterator[None]:
    """No room: SQLite may not grow by a page, PostgreSQL raises what it raises when its disk is full."""
    with app.app_context():
        engine = db.engine
    if engine.name == "postgresql":
        url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_FULL)
            connection.execute(_GUARD)
            yield
            connection.execute("DROP FUNCTION no_room() CASCADE")
        return

    def limit(connection: Any, _record: Any) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages}")

    engine.dispose()
    event.listen(engine, "connect", limit)
    yield
    event.remove(engine, "connect", limit)
    engine.dispose()


def _accepted(answer: TestResponse) -> set[str]:
    """What a push was answered: all of it later (503), or scope by scope."""
    if answer.status_code == 503:
        assert (answer.get_json()["code"], answer.headers["Retry-After"]) == ("busy", "5")
        return set()
    assert answer.status_code == 200, answer.text
    return {outcome["outcome"] for outcome in answer.get_json()["outcomes"]} - {"retry"}


def _entries(app: Flask) -> set[str]:
    with app.app_context(), read() as session:
        return set(session.scalars(sa.select(LogEntry.id)))
