"""An administrator's first day, from an empty folder: accounts, the whole city from one workbook, the calendar of the coming
year, a tablet that breaks; and the way from the demo city, or from practising, to real work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
import xlsxwriter
from flask import Flask

from server.actions.reference.enter_holidays import days_known
from server.app import create_app
from server.base.clock import FakeClock
from server.base.config import Config
from server.base.db import db, read, write
from server.demo.city import seed_demo
from server.models import Device, Flag, Reference, Site, User
from server.rules.calendar import instant_ms
from tests.server.cast import Cast
from tests.server.cli.test_commands import Run, _runner, run
from tests.stories.field import Field
from tests.stories.flags.cast import missed_flag, notices, planned_field, waiting

__all__ = ["run"]

NEXT_YEAR = "日期,安排,名称\n2027-01-01,放假,元旦\n2027/2/6,放假,春节\n2027年2月20日,上班,春节\n"
PASSWORD = "a long pass phrase"


def _page(app: Flask, cast: Cast, name: str, path: str) -> str:
    """What this user reads there."""
    client = app.test_client()
    client.set_cookie("gongdi_session", cast.client(name).token)
    return client.get(path).text


def _logs_in(app: Flask, name: str) -> int:
    body = {"name": name, "password": PASSWORD}
    return app.test_client().post("/api/v1/sessions", json=body).status_code


def test_the_first_account_needs_no_demo_city(
    blank_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONGDI_DEMO", "0")
    run = _runner(blank_database_url, tmp_path)
    assert run("prepare").exit_code == 0
    made = run("user", "add", "li", "--role", "admin", "--password-stdin", given=f"{PASSWORD}\n")
    assert made.exit_code == 0, made.output
    config = Config.from_env({"GONGDI_DATABASE_URL": blank_database_url, "GONGDI_DATA_DIR": str(tmp_path)})
    app = create_app(config)
    assert _logs_in(app, "li") == 201
    with app.app_context(), read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Site)) == 0
    with app.app_context():
        db.engine.dispose()


def test_a_whole_city_of_one_workbook_is_inspected_the_same_day(
    app: Flask, run: Run, cast: Cast, tmp_path: Path
) -> None:
    assert run("seed", "reference").exit_code == 0
    tables = {
        "地点": [["名称", "区县", "场所"], *([f"新区{n}号地块", "红旗区", "食堂:食堂"] for n in range(30))],
        "人员": [
            ["登录名", "角色", "科室", "初始密码"],
            *([f"insp{n}", "检查员", "质监站", PASSWORD] for n in range(3)),
        ],
        "分配": [["登录名", "地点"], *([f"insp{n % 3}", f"新区{n}号地块"] for n in range(30))],
    }
    path = tmp_path / "全市.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, rows in tables.items():
            page = book.add_worksheet(name)
            for number, row in enumerate(rows):
                page.write_row(number, 0, row)
    assert "新增 30" in run("import", str(path)).output
    assert run("import", str(path), "--commit").exit_code == 0
    assert _logs_in(app, "insp0") == 201
    with app.app_context(), read() as session:
        cast.users["insp0"] = session.scalars(sa.select(User.id).where(User.name == "insp0")).one()
    tablet = Field(cast, tmp_path).tablet("new", "insp0")
    assert len([scope for scope in tablet.scopes() if scope.startswith("site:")]) == 10


def test_the_coming_year_is_entered_before_the_known_one_runs_out(
    app: Flask, run: Run, cast: Cast, tmp_path: Path
) -> None:
    assert run("seed", "reference").exit_code == 0
    assert "节假日安排只录入到 2026-12-31" in _page(app, cast, "admin", "/console/flags")
    assert "节假日安排" not in _page(app, cast, "section", "/console/flags")
    with app.app_context(), read() as session:
        before = days_known(session, cast.clock.now_ms())
    file = tmp_path / "2027.csv"
    file.write_text(NEXT_YEAR, "utf-8")
    entered = run("holidays", "add", str(file), "--source", "国办发明电〔2026〕7号")
    assert "已录入 2027 年" in entered.output, entered.output
    assert "2027-12-31" in run("holidays", "list").output
    assert "节假日安排" not in _page(app, cast, "admin", "/console/flags")
    with app.app_context(), read() as session:
        assert days_known(session, cast.clock.now_ms()) == before + 365
        row = session.get_one(Reference, ("holidays", "2027-02-20", "2027-02-20"))
        assert (row.data["kind"], row.source) == ("working_day", "国办发明电〔2026〕7号")
    file.write_text(NEXT_YEAR.replace("2027/2/6", "2027/2/7"), "utf-8")
    assert run("holidays", "add", str(file), "--source", "更正").exit_code == 0
    with app.app_context(), read() as session:
        assert session.get(Reference, ("holidays", "2027-02-06", "2027-02-06")) is None
    assert run("seed", "reference").exit_code == 0
    assert "2027-12-31" in run("holidays", "list").output, "an upgrade keeps what the office entered"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("日期,名称\n2027-01-01,元旦\n", "第一行应有"),
        ("日期,安排,名称\n2027-02-30,放假,春节\n", "第 2 行"),
        ("日期,安排,名称\n2027-01-01,过年,春节\n", "安排应是"),
        ("日期,安排,名称\n2027-01-01,放假,元旦\n2028-01-01,放假,元旦\n", "同一年"),
        ("日期,安排,名称\n2025-01-01,放假,元旦\n", "已经过去"),
        ("日期,安排,名称\n2027-01-01,放假,元旦\n2027-01-01,放假,元旦\n", "重复"),
        ("日期,安排,名称\n", "至少一天"),
    ],
    ids=["no column", "no date", "no kind", "two years", "over", "twice", "nothing"],
)
def test_a_calendar_that_cannot_be_is_refused_with_its_line(
    run: Run, cast: Cast, tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "x.csv"
    file.write_text(text, "utf-8")
    answer = run("holidays", "add", str(file), "--source", "x")
    assert answer.exit_code == 1
    assert message in answer.output


def test_a_broken_tablet_is_replaced_by_one_that_has_what_it_had_sent(
    app: Flask, run: Run, cast: Cast, tmp_path: Path
) -> None:
    assert run("seed", "reference").exit_code == 0
    field = Field(cast, tmp_path)
    old = field.tablet("old")
    old.add(field.scope, "disinfection_log", {"place": "canteen", "agent": "chlorine", "operator": "王师傅"})
    assert old.sync().ok
    with app.app_context(), read() as session:
        device = session.scalars(sa.select(Device.id)).one()
    result = run("device", "replace", device)
    assert result.exit_code == 0, result.output
    assert "已注销 old" in result.output
    assert re.search(r"/field/#code=[0-9A-Z]{4}-[0-9A-Z]{5}-[0-9A-Z]{5}", result.output)
    assert not old.sync().ok
    assert len(field.tablet("new").list("disinfection_log")) == 1


def test_a_practice_site_works_and_counts_nowhere(app: Flask, cast: Cast, tmp_path: Path) -> None:
    field = planned_field(app, cast, tmp_path)
    with app.app_context(), write() as session:
        session.get_one(Site, cast.site_a).practice = True
    tablet = field.tablet("first")
    tablet.add(field.scope, "disinfection_log", {"place": "gate", "agent": "chlorine", "operator": "练习"})
    with pytest.raises(ValueError):
        missed_flag(field, tablet)  # the section's list is empty
    with app.app_context(), read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Flag)), (
            "who practises has a flag to practise on"
        )
    for name in ("section", "brigade"):
        assert waiting(field, name) == [] and notices(field, name) == []
        caller = cast.client(name)
        assert caller.get("/api/v1/flags").get_json()["items"] == []
        assert cast.site_a not in [site["id"] for site in caller.get("/api/v1/sites").get_json()["items"]]
    inspector = cast.client("inspector").get("/api/v1/flags").get_json()["items"]
    assert inspector, "and sees it"
    assert "gongdi_flags_open 0" in app.test_client().get("/metrics").text


def test_an_official_practises_at_a_site_that_is_assigned_to_him(
    app: Flask, run: Run, cast: Cast, tmp_path: Path
) -> None:
    field = planned_field(app, cast, tmp_path)
    with app.app_context(), write() as session:
        session.get_one(Site, cast.site_a).practice = True
    assert run("assign", "section", cast.site_a).exit_code == 0
    flag = missed_flag(field)
    assert flag in [key for key, _ in waiting(field, "section")]
    shown = _page(app, cast, "section", "/console/overview")
    assert "总览" in shown and "牧野花园" not in shown


def test_the_demo_ends_and_counts_no_more(sqlite_template: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'gongdi.sqlite3'}"
    (tmp_path / "gongdi.sqlite3").write_bytes(sqlite_template.read_bytes())
    until_ms = instant_ms("2026-11-26", "05:00")
    app = create_app(
        Config.from_env({"GONGDI_DATABASE_URL": url, "GONGDI_DATA_DIR": str(tmp_path)}), FakeClock(until_ms)
    )
    seed_demo(app, 2, 0, until_ms, lambda share: None)
    run = _runner(url, tmp_path)
    ended = run("seed", "end-demo", "--yes")
    assert ended.exit_code == 0, ended.output
    assert "2 个演示地点" in ended.output
    with app.app_context(), read() as session:
        assert session.scalars(sa.select(User.name).where(User.active)).all() == []
        assert set(session.scalars(sa.select(Site.practice))) == {True}
    with app.app_context():
        db.engine.dispose()
    assert "0 个演示账号, 0 个演示地点" in run("seed", "end-demo", "--yes").output
