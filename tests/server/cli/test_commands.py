"""The commands: what they do is reported; a mistake is one clear line and never a traceback."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask

from server.actions.reference import load_reference
from server.app import create_app
from server.base.clock import to_iso
from server.base.db import read
from server.cli.main import gongdi
from server.models import Company, Site, SiteCompany
from server.models.audit import AuditEvent
from server.models.place import places_of
from tests.server.cast import COMPANY_A, Cast, identity
from tests.stories.field import WORKER, Field

Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, tmp_path: Path) -> Run:
    """Runs `gongdi` with these arguments, on this test's database."""
    return _runner(database_url, tmp_path)


def _runner(database_url: str, tmp_path: Path) -> Run:
    env = {"GONGDI_DATABASE_URL": database_url, "GONGDI_DATA_DIR": str(tmp_path)}

    def run_it(*args: str, given: str = "") -> Result:
        result = CliRunner().invoke(gongdi, args, obj=create_app, env=env, input=given)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run_it


def test_an_empty_database_is_reported_with_how_to_fill_it(blank_database_url: str, tmp_path: Path) -> None:
    run = _runner(blank_database_url, tmp_path)
    for command in (("serve",), ("user", "list")):
        result = run(*command)
        assert result.exit_code == 1
        assert "gongdi db upgrade" in result.output
    assert run("db", "upgrade").exit_code == 0
    assert run("db", "upgrade").exit_code == 0
    assert run("user", "list").exit_code == 0


def test_an_administrator_makes_an_inspector_assigns_a_site_and_hands_out_a_code(
    run: Run, cast: Cast
) -> None:
    made = run("user", "add", "lihua", "--role", "inspector", "--password-stdin", given="long enough\n")
    assert made.exit_code == 0
    assert "lihua" in run("user", "list").output
    assert run("assign", "lihua", cast.site_a).exit_code == 0
    assert run("assign", "lihua", "凤泉新城").exit_code == 0
    assert run("unassign", "lihua", cast.site_a).exit_code == 0
    code = run("enrol-code", "lihua")
    assert re.search(r"[0-9A-Z]{4}-[0-9A-Z]{5}-[0-9A-Z]{5}", code.output)
    assert "█" in code.output


def test_an_administrator_takes_a_site_under_inspection_suspends_and_resumes_it(
    app: Flask, run: Run, cast: Cast
) -> None:
    assert run("seed", "reference").exit_code == 0
    company = ("--company", f"{COMPANY_A}:甲:乙建筑:009")
    place = ("--place", "canteen:食堂", "--place", "dormitory:1号楼")
    more = ("--inhabited", "--position", "35.303", "113.927")
    made = run("site", "add", "东苑一期", "--district", "410702", *company, *place, *more)
    assert made.exit_code == 0, made.output
    with app.app_context(), read() as session:
        (site,) = session.scalars(sa.select(Site).where(Site.name == "东苑一期"))
        assert (site.unit, site.latitude_deg) == ("zhian", 35.303)
        assert [place.name for place in places_of(session, [site.id])[site.id]] == ["食堂", "1号楼"]
        (company_row,) = session.scalars(sa.select(SiteCompany).where(SiteCompany.site_id == site.id))
        assert company_row.role == "009" and session.get_one(Company, COMPANY_A).name == "甲:乙建筑"
    day = to_iso(cast.clock.now_ms())[:10]
    approval = ("--from", day, "--approved-by", "新建停〔2021〕3号", "--reason", "扬尘管控")
    assert run("site", "suspend", "东苑一期", *approval).exit_code == 0
    assert "另行通知" in run("site", "list").output
    assert "已复工" in run("site", "resume", "东苑一期").output
    assert "没有停工" in run("site", "resume", "东苑一期").output


MISTAKES = {
    "a district that is not there": ("site", "add", "x", "--district", "999999"),
    "a place of no kind": ("site", "add", "x", "--district", "410702", "--place", "sauna:桑拿"),
    "a place without a name": ("site", "add", "x", "--district", "410702", "--place", "canteen"),
    "a company whose code is wrong": ("site", "add", "x", "--district", "410702", "--company", "91:x:009"),
    "a position off the globe": ("site", "add", "x", "--district", "410702", "--position", "99", "1"),
    "a suspension of a site that is not there": (
        *("site", "suspend", "nowhere", "--from", "2026-11-24", "--approved-by", "x", "--reason", "x"),
    ),
    "a name that is taken": ("user", "add", "section", "--role", "section", "--password-stdin"),
    "a user who is not there": ("enrol-code", "nobody"),
    "a code for a clerk": ("enrol-code", "section"),
    "a site that is not there": ("assign", "inspector", "nowhere"),
    "an assignment that is not there": ("unassign", "brigade", "凤泉新城"),
    "a device that is not there": ("device", "revoke", identity("no device")),
    "no terminal for a password": ("user", "password", "section"),
    "a role that is not there": ("user", "add", "x", "--role", "root"),
    "a tablet that never enrolled": ("tablet", "--home", "{home}", "sync"),
    "no JSON": ("tablet", "--home", "{home}", "add", "--site", "x", "worker", "{"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_one_line_and_an_exit_code(run: Run, cast: Cast, tmp_path: Path, case: str) -> None:
    args = [arg.replace("{home}", str(tmp_path / "tablet")) for arg in MISTAKES[case]]
    result = run(*args, given="long enough\n")
    assert result.exit_code != 0
    assert "Traceback" not in result.output


def test_a_tablet_asks_before_it_registers_a_person_whom_it_holds(
    run: Run, app: Flask, cast: Cast, tmp_path: Path
) -> None:
    Field(cast, tmp_path).tablet("tablet").close()
    add = ("tablet", "--home", str(tmp_path / "tablet"), "add", "worker", json.dumps(WORKER))
    assert run(*add).exit_code == 0
    asked = run(*add)
    assert asked.exit_code == 1 and "[same_person]" in asked.output and str(WORKER["name"]) in asked.output
    assert run(*add, "--anyway").exit_code == 0


def test_reference_data_that_cannot_be_met_is_named_row_by_row(
    run: Run, cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(load_reference.SEED_DATA, tmp_path / "seed_data"))
    duties = folder / "duties.json"
    rows = (
        duties.read_text("utf-8").replace('"isolation_room"', '"room_log"').replace('"drill"', '"drill_log"')
    )
    duties.write_text(rows, "utf-8")
    monkeypatch.setattr(load_reference, "SEED_DATA", folder)
    result = run("seed", "reference")
    assert result.exit_code == 1
    assert "duties.json 第 12 条 ISOLATE: 没有记录类型 room_log" in result.output
    assert "duties.json 第 14 条 DRILL: 没有记录类型 drill_log" in result.output
    assert "[evidence_unknown]" in result.output and "[reference_invalid]" in result.output


def test_every_command_has_help(app: Flask) -> None:
    for name, command in gongdi.commands.items():
        assert command.help, name
        assert CliRunner().invoke(gongdi, [name, "--help"]).exit_code == 0


def test_places_are_added_renamed_closed_and_listed(app: Flask, cast: Cast, run: Run) -> None:
    assert run("seed", "reference").exit_code == 0
    site = cast.site_a
    made = run("place", "add", site, "dormitory", "1号楼")
    assert made.exit_code == 0, made.output
    assert "已改名为 东楼" in run("place", "rename", site, "1号楼", "东楼").output
    assert (
        "没有场所 1号楼" in run("place", "close", site, "1号楼").output
    )  # it is found by its name of today, or its id
    wrong = run("place", "add", site, "sauna", "桑拿房")
    assert wrong.exit_code != 0 and "没有代码 sauna" in wrong.output
    assert "停用" in run("place", "close", site, "东楼").output
    listed = run("place", "list", site).output
    assert "食堂" in listed and "东楼" in listed and "1号楼" in listed
    with app.app_context(), read() as session:
        done = sa.select(AuditEvent.what).where(AuditEvent.what.like("place_%")).order_by(AuditEvent.id)
        assert list(session.scalars(done)) == ["place_added", "place_renamed", "place_closed"]
