"""The demo city shows something of everything, at whatever hour it is made."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from flask import Flask

from schemas.book import FormBook
from server.actions.papers.sealed_words import facts_of
from server.actions.records.registers import state_aad
from server.actions.sync import append_scope, read_push
from server.actions.sync.values import Applying, Effect, Written
from server.app import create_app
from server.base.clock import FakeClock
from server.base.config import Config
from server.base.db import db, read
from server.demo import city as city_module
from server.demo import crews as crews_module
from server.demo.city import demo_log_ins, seed_demo
from server.demo.history import RAISED_SITES
from server.models import (
    CaseFile,
    Contest,
    Device,
    Flag,
    LogEntry,
    Media,
    Paper,
    Quarantine,
    Record,
    Site,
    SiteSignal,
    Window,
)
from server.rules.calendar import instant_ms
from tests.server.rules.cast import rows

SITES = 10  # with each behaviour
# The earliest hour of a day leaves the shortest history; and a month has ended within `device_dormant_d` (demo/history.py).
UNTIL_MS = instant_ms("2026-12-03", "00:30")
STATES = {
    "met": {"met"},
    "late": {"done_late", "backfilled"},
    "silent": {"silent"},
    "missed": {"missed"},
}
NO_WINDOWS = "what the records themselves show, or what the system raises"
NEVER_LATE = {  # why nobody can be late
    "PLAN": "a document is valid on the day of the look, or it is not",
    "FUNDS": "a document is valid on the day of the look, or it is not",
    "RESPONSIBLE-SITE": "somebody is named on the day of the look, or nobody is",
    "LIAISON": "somebody is named on the day of the look, or nobody is",
    "CAMERA": "what its platform reports is about the time itself",
}


@contextmanager
def slow_lines() -> Iterator[set[bytes]]:
    """The lines that are read strictly, or applied one by one, while this is open."""
    found: set[bytes] = set()
    read_strictly, apply_entry = read_push._read_strictly, append_scope.apply_entry

    def reading(line: read_push.Line, kinds: FormBook) -> None:
        found.add(line.raw)
        read_strictly(line, kinds)

    def applying(applying: Applying, written: Written) -> Effect:
        found.add(written.line.raw)
        return apply_entry(applying, written)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read_push, "_read_strictly", reading)
        patch.setattr(append_scope, "apply_entry", applying)
        yield found


@pytest.fixture(scope="module")
def city(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("city")
    url = f"sqlite:///{shutil.copy(sqlite_template, folder / 'gongdi.sqlite3')}"
    config = Config.from_env({"GONGDI_DATABASE_URL": url, "GONGDI_DATA_DIR": str(folder)})
    app = create_app(config, FakeClock(UNTIL_MS))
    with slow_lines() as slow:
        seed_demo(app, SITES, 3, UNTIL_MS, lambda share: None)
    app.extensions["slow_lines"] = slow
    yield app
    with app.app_context():
        db.engine.dispose()


def test_of_what_its_tablets_and_rosters_send_99_of_100_lines_take_the_one_path(city: Flask) -> None:
    with city.app_context(), read() as session:
        count = session.scalar(sa.select(sa.func.count()).select_from(LogEntry)) or 0
    assert count > 500 and len(city.extensions["slow_lines"]) <= count / 100


def test_flags_are_in_many_states(city: Flask) -> None:
    with city.app_context(), read() as session:
        states = set(session.scalars(sa.select(Flag.state)))
    assert states >= {"open", "rectifying", "submitted", "verified", "closed", "transferred", "stop_work"}


@pytest.mark.parametrize("table", [CaseFile, Contest, Media, Quarantine, SiteSignal])
def test_there_is_something_of_everything(city: Flask, table: type) -> None:
    with city.app_context(), read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(table))


def test_an_order_was_signed_and_served_with_what_is_made_up_and_says_so(city: Flask) -> None:
    seals = city.extensions["gongdi"].seals
    with city.app_context(), read() as session:
        (order,) = session.scalars(sa.select(Paper).where(Paper.kind == "order"))
        facts = facts_of(seals, order)
    assert order.number.startswith("示例责改〔") and order.served_ms is not None
    assert facts["issuer"] == "示例市住房和城乡建设局（演示）"
    assert "新乡" not in str(facts["blocks"]) and "DEMO-0001" in str(facts["blocks"])


def test_rounds_findings_and_supplies_were_written(city: Flask) -> None:
    with city.app_context(), read() as session:
        kinds = set(session.scalars(sa.select(Record.kind)))
    assert kinds >= {"inspection_round", "inspection_finding", "supply_movement", "case"}


def test_one_case_has_its_course_and_another_lacks_every_step(city: Flask) -> None:
    with city.app_context(), read() as session:
        kinds = set(session.scalars(sa.select(Record.kind)))
        duties = set(session.scalars(sa.select(Flag.duty)))
        lines = session.scalars(sa.select(Record.id).where(Record.kind == "report_line")).all()
    assert kinds >= {"case_report", "community_acceptance", "nucleic_test", "isolation_order", "health_watch"}
    assert "CASE" in duties and len(lines) > len(("community", "headquarters", "bureau"))


DUTIES = [row for row in rows("duties") if not row.get("planned")]


@pytest.mark.parametrize("row", DUTIES, ids=lambda row: row["code"])
def test_each_duty_has_been_met_done_late_unheard_of_and_missed(city: Flask, row: dict[str, Any]) -> None:
    with city.app_context(), read() as session:
        found = set(session.scalars(sa.select(Window.state).where(Window.duty == row["code"])))
    if row["judging"] == "none":
        assert found == set(), NO_WINDOWS
        return
    shown = {name for name, states in STATES.items() if states & found}
    assert shown == STATES.keys() - ({"late"} if row["code"] in NEVER_LATE else set())


def test_a_case_is_confirmed_and_its_contact_has_one_too(city: Flask) -> None:
    with city.app_context(), read() as session:
        kinds = set(session.scalars(sa.select(Record.kind)))
        flags = set(session.scalars(sa.select(Flag.duty).where(Flag.duty.startswith("CASE-"))))
        cases = session.scalars(sa.select(CaseFile)).all()
        states = [
            msgspec.json.decode(city.extensions["gongdi"].seals.open(state_aad("case", one.id), one.state))
            for one in cases
        ]
    assert {"hospital_transfer", "case_contact"} <= kinds and "CASE-HOSPITAL" not in flags
    assert [one["outcome"] for one in states if one.get("outcome")] == ["confirmed"]
    (contact,) = [one for one in states if one["cause"] == "contact"]
    assert "再居家监测 3 天" in contact["note"]


def test_the_alert_level_of_some_sites_is_raised(city: Flask) -> None:
    with city.app_context(), read() as session:
        levels = list(session.scalars(sa.select(Site.alert)))
    assert levels.count("raised") == len(RAISED_SITES) < len(levels)


def test_log_ins_name_two_contractors_and_one_inspector(city: Flask) -> None:
    with city.app_context(), read() as session:
        names = {name for name, _ in demo_log_ins(session)}
    assert names >= {"demo-inspector01", "demo-laozi", "demo-laozi2", "demo-zhian", "demo-jiancha"}
    assert "demo-inspector02" not in names


def test_a_city_may_have_more_sites_than_tablets_may_enrol_in_a_minute(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1,000 sites have 251 tablets; 30 may enrol in a minute from one address. Most begin on the last day. Here each site
    has a tablet of its own: it is tablets that count."""
    monkeypatch.setattr(crews_module, "SITES_PER_INSPECTOR", 1)
    monkeypatch.setattr(city_module, "_WITH_HISTORY", 15)
    url = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'gongdi.sqlite3')}"
    until_ms = instant_ms("2026-11-26", "05:00")
    config = Config.from_env({"GONGDI_DATABASE_URL": url, "GONGDI_DATA_DIR": str(tmp_path)})
    app = create_app(config, FakeClock(until_ms))
    seed_demo(app, 32, 0, until_ms, lambda share: None)
    with app.app_context(), read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Device)) == 33
        db.engine.dispose()
