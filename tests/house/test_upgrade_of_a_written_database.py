"""A database that an older server wrote, with a day of two tablets, their flags and what was refused: brought up to today's
schema, its state still follows from its log, and every line, signature and receipt is proved."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from flask import Flask
from sqlalchemy.orm import Session

from server.actions.audit.rebuild import check_scope
from server.actions.audit.verify_log import verify_exchanges, verify_scope
from server.actions.ops.health import schema_of
from server.actions.reference.load_reference import load_reference
from server.app import create_app
from server.base.clock import FakeClock
from server.base.config import Config
from server.base.db import db, read, write
from server.base.migrate import _unenforced, alembic_config
from server.models import Flag, HeldEntry, LogEntry, Place, Record, Scope, Site, Window
from server.rules.calendar import instant_ms
from server.workflows import upgrade as upgrade_module
from server.workflows.scheduler import tick
from server.workflows.upgrade import upgrade_database

# One row a line, without reference data, as the server of schema 0006 left it on the evening of 2026-11-24.
WRITTEN = Path(__file__).with_name("written_at_0006.jsonl")
BEFORE = "0006"
EVENING_MS = instant_ms("2026-11-24", "21:30")


def _key(byte: int) -> str:
    return base64.urlsafe_b64encode(bytes([byte]) * 32).decode().rstrip("=")


KEYS = {
    "GONGDI_SECRET_KEYS": f"k1:{_key(1)}",
    "GONGDI_DIGEST_KEY": _key(2),
    "GONGDI_SIGNING_KEY": _key(3),
}


@pytest.fixture
def places() -> list[dict[str, str]] | None:
    """What the site had for places; None: what is written."""
    return None


@pytest.fixture
def old_url(blank_database_url: str, places: list[dict[str, str]] | None) -> str:
    """A database at the old schema, with the rows that were written then."""
    engine = sa.create_engine(Config.from_env({"GONGDI_DATABASE_URL": blank_database_url}).database_url)
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), BEFORE)
        tables = sa.MetaData()
        tables.reflect(connection)
        rows: dict[str, list[dict[str, Any]]] = {}
        for line in WRITTEN.read_text("utf-8").splitlines():
            written = json.loads(line)
            rows.setdefault(written["table"], []).append(written["row"])
        for table in tables.sorted_tables:
            for row in rows.get(table.name, []):
                given = {"places": json.dumps(places)} if places and table.name == "site" else {}
                _insert(connection, table, {**row, **given})
    engine.dispose()
    return blank_database_url


def _insert(connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> None:
    """As text, which both databases take for ids and JSON."""
    values = {name: _value(table.c[name], value) for name, value in row.items()}
    names, marks = ", ".join(f'"{name}"' for name in values), ", ".join(f":{name}" for name in values)
    connection.execute(sa.text(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'), values)


def _value(column: sa.Column[Any], value: Any) -> Any:
    if isinstance(value, dict):
        return base64.b64decode(value["base64"])
    return bool(value) if isinstance(column.type, sa.Boolean) else value


@pytest.fixture
def upgraded(old_url: str, tmp_path: Path) -> Iterator[Flask]:
    """Today's server on the old database, upgraded and with today's reference data."""
    config = Config.from_env({"GONGDI_DATABASE_URL": old_url, "GONGDI_DATA_DIR": str(tmp_path), **KEYS})
    app = create_app(config, FakeClock(EVENING_MS))
    seals = app.extensions["gongdi"].seals
    with app.app_context():
        upgrade_database(seals, EVENING_MS)
        with write() as session:
            load_reference(session, seals, EVENING_MS)
    yield app
    app.extensions["gongdi_pool"].shutdown()
    with app.app_context():
        db.engine.dispose()


def _faults(app: Flask) -> list[str]:
    """What `rebuild --check` and `verify-log` find."""
    seals = app.extensions["gongdi"].seals
    with app.app_context(), read() as session:
        found: list[str] = []
        for scope in session.scalars(sa.select(Scope).where(Scope.kind == "site")):
            found += [f"{one.what} {one.id}" for one in check_scope(session, seals, scope.scope_id)]
            found += [one.what for one in verify_scope(session, seals, scope)]
        return found + [one.what for one in verify_exchanges(session, seals)]


def test_what_an_older_server_wrote_is_proved_by_todays(upgraded: Flask) -> None:
    assert _faults(upgraded) == []


def test_an_upgrade_that_is_cut_short_begins_again(
    old_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Config.from_env({"GONGDI_DATABASE_URL": old_url, "GONGDI_DATA_DIR": str(tmp_path), **KEYS})
    app = create_app(config, FakeClock(EVENING_MS))
    seals = app.extensions["gongdi"].seals

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with app.app_context():
        with monkeypatch.context() as patch:
            patch.setattr(upgrade_module, "repair_scope", killed)
            with pytest.raises(KeyboardInterrupt):
                upgrade_database(seals, EVENING_MS)
        with read() as session:
            assert schema_of(session) == BEFORE
        upgrade_database(seals, EVENING_MS)
    assert _faults(app) == []
    with app.app_context():
        db.engine.dispose()


def test_nothing_that_an_older_server_decided_is_lost(upgraded: Flask) -> None:
    with upgraded.app_context(), read() as session:
        outcomes = Counter(session.scalars(sa.select(LogEntry.outcome)))
        assert outcomes == {"applied": 7, "contested": 1, "held": 1, "refused": 1}
        assert len(session.scalars(sa.select(HeldEntry)).all()) == 1
        flags = {(flag.duty, flag.state, flag.rev) for flag in session.scalars(sa.select(Flag))}
        assert flags == {("DISINFECT", "submitted", 7), ("TEMP", "open", 6)}
        windows = sa.select(Window.duty, Window.state).where(Window.state.in_(("met", "missed")))
        judged = {tuple(row) for row in session.execute(windows)}
        assert judged == {("DISINFECT", "met"), ("DISINFECT", "missed"), ("TEMP", "missed")}


def test_the_scheduler_goes_on_from_it(upgraded: Flask) -> None:
    later_ms = EVENING_MS + 3_600_000
    did = tick(upgraded, later_ms)
    assert not [part for part, found in did.items() if found.get("failed")], did
    assert _faults(upgraded) == []


TWO_CANTEENS = [{"kind": "canteen", "name": "东食堂"}, {"kind": "canteen", "name": "西食堂"}]


def _disinfections(session: Session) -> list[Window]:
    """The windows of the canteen in the order in which they open; the record is of the first day's afternoon."""
    asked = sa.select(Window).where(Window.duty == "DISINFECT").order_by(Window.opens_ms, Window.place_id)
    return list(session.scalars(asked))


def test_the_only_place_of_a_kind_takes_over_its_records_and_its_windows_to_come(upgraded: Flask) -> None:
    with upgraded.app_context(), read() as session:
        before = {one.id: one.state for one in _disinfections(session)}
    tick(upgraded, EVENING_MS)
    with upgraded.app_context(), read() as session:
        (log,) = session.scalars(sa.select(Record).where(Record.kind == "disinfection_log"))
        canteen = session.get_one(Place, (log.scope_id, log.subject))
        assert (canteen.kind, canteen.name, canteen.from_ms) == ("canteen", "食堂", 0)
        windows = _disinfections(session)
        assert {one.id: one.state for one in windows} == before
        opened = [one.opens_ms <= EVENING_MS for one in windows]
        assert [one.place_id for one in windows] == [None if was else canteen.id for was in opened]
    assert _faults(upgraded) == []


@pytest.mark.parametrize("places", [TWO_CANTEENS])
def test_windows_that_had_opened_stay_as_they_were_asked_and_those_to_come_are_of_each_place(
    upgraded: Flask,
) -> None:
    tick(upgraded, EVENING_MS)
    with upgraded.app_context(), read() as session:
        (log,) = session.scalars(sa.select(Record).where(Record.kind == "disinfection_log"))
        site = session.get_one(Site, log.scope_id)
        ids = sorted(session.scalars(sa.select(Place.id).where(Place.site_id == site.id)))
        assert (log.subject, sorted((log.maybe_places or "").split())) == ("canteen", ids)
        today, *later = (
            [one for one in _disinfections(session) if one.local_date == date]
            for date in ("2026-11-24", "2026-11-25", "2026-11-26")
        )
        assert [(one.place_id, one.state) for one in today] == [(None, "missed"), (None, "met")]
        for day in later:
            assert sorted(one.place_id or "" for one in day) == sorted(ids * 2)
            assert {one.state for one in day} == {"open"}
    assert _faults(upgraded) == []


@pytest.mark.parametrize("places", [TWO_CANTEENS])
def test_a_schema_without_ids_of_places_can_be_gone_back_to(upgraded: Flask) -> None:
    with (
        upgraded.app_context(),
        db.engine.connect() as connection,
        _unenforced(connection),
        connection.begin(),
    ):
        command.downgrade(alembic_config(connection), "0014")
        site = sa.table("site", sa.column("places", sa.JSON()))
        (places, *_) = connection.execute(sa.select(site.c.places)).scalars()
        assert places == TWO_CANTEENS
        subjects = connection.execute(sa.text("SELECT subject FROM record WHERE kind = 'disinfection_log'"))
        assert subjects.scalars().all() == ["canteen"]
