"""A trip into an area at risk opens a case and a flag, whichever came first, the trip or the list; a list that takes an
area off closes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.audit.rebuild import check_scope
from server.actions.audit.verify_log import verify_scope
from server.base.db import read
from server.models import CaseFile, Flag, FlagEvent, Screening, TravelHit
from server.models.scope import Scope
from server.rules.calendar import DAY_MS
from server.workflows.scheduler import tick
from sync_protocol.client.tablet import Tablet
from tests.server.cast import COMPANY_A
from tests.server.office import Office
from tests.server.rosters.people import person
from tests.stories.field import Field
from tests.stories.forms.conftest import Run, field, run
from tests.stories.forms.workbooks import LABEL
from tests.stories.rosters.uploads import xlsx

__all__ = ["field", "run"]
TITLES = ("代码", "名称", "级别", "起算日期", "列入日期", "移出日期")
HEILONGJIANG = ("231281", "黑龙江省安达市", "中风险", "", "2026-11-18", "")


def trip_form() -> dict[str, list[dict[str, Any]]]:
    """A form about trips, under a name of its own: what it is, its types and roles say."""

    def item(kind: str, name: str, title: str, role: str = "", required: str = "yes") -> dict[str, Any]:
        roles = {"bind::gongdi:role": role} if role else {}
        return {"type": kind, "name": name, LABEL: title, "required": required, **roles}

    survey = [
        item("select_one_from_file workers.csv", "who", "人员", "worker"),
        item("select_one_from_file areas.csv", "where", "到过"),
        item("date", "first", "到达", "valid_from"),
        item("date", "last", "离开", "valid_to", required="no"),
    ]
    named = {"form_title": "行程登记", "form_id": "journey", "version": "1", "default_language": "中文 (zh)"}
    own = {
        "from": "2026-11-01",
        "mark": "P",
        "source": "测试",
        "nature": "fact",
        "site_kinds": "construction",
    }
    spaces = {"namespaces": 'gongdi="https://gongdi.example/xlsform"'}
    return {"survey": survey, "settings": [{**named, **spaces}], "gongdi": [{**own, "writers": "inspector"}]}


@pytest.fixture
def tablet(field: Field, run: Run, tmp_path: Path) -> Tablet:
    """A tablet at a site whose office asks for trips."""
    path = tmp_path / "journey.json"
    path.write_text(json.dumps(trip_form(), ensure_ascii=False), "utf-8")
    done = run("form", "publish", str(path))
    assert done.exit_code == 0, done.output
    made = field.tablet("first")
    assert made.sync().ok
    return made


def worker(field: Field, tablet: Tablet, number: int) -> str:
    who = person(number)
    named = {"name": who.name, "certificate_type": "id_card", "certificate_number": who.certificate_number}
    at_work = {"company": COMPANY_A, "team": "一班", "trade": "020", "role": "worker"}
    return tablet.add(field.scope, "worker", {**named, **at_work, "entered_on": "2026-11-01"})


def went(field: Field, tablet: Tablet, who: str, area: str, first: str, last: str | None = None) -> str:
    body = {"who": who, "where": area, "first": first} | ({"last": last} if last is not None else {})
    entry = tablet.add(field.scope, "journey", body)
    assert tablet.sync().ok and tablet.refused() == [], tablet.refused()
    return entry


def listed(run: Run, folder: Path, *rows: tuple[str, ...], options: tuple[str, ...] = ()) -> str:
    path = folder / "名单.xlsx"
    path.write_bytes(xlsx(rows, TITLES))
    done = run("risk-area", "import", str(path), "--source", "国务院客户端 2026-11-20", *options)
    assert done.exit_code == 0, done.output
    return str(done.output)


def cases(field: Field) -> list[str]:
    """Whose cases there are."""
    tick(field.app, field.cast.clock.now_ms())
    with field.app.app_context(), read() as session:
        return list(session.scalars(sa.select(CaseFile.worker_id).order_by(CaseFile.opened_ms, CaseFile.id)))


def test_a_trip_into_a_listed_area_opens_a_case_and_a_flag(
    field: Field, run: Run, tablet: Tablet, tmp_path: Path
) -> None:
    listed(run, tmp_path, HEILONGJIANG)
    away, home = worker(field, tablet, 1), worker(field, tablet, 2)
    went(field, tablet, away, "231281002", "2026-11-10", "2026-11-15")
    went(field, tablet, home, "410702", "2026-11-10", "2026-11-15")
    assert cases(field) == [away]
    assert tablet.sync().ok
    (case,) = tablet.list("case")
    assert case.body["cause"] == "travel" and "黑龙江省安达市" in case.body["note"]
    assert "居家隔离 7 天" in case.body["note"]
    office = Office(field.app, field.cast)
    with field.app.app_context(), read() as session:
        flag = session.scalars(sa.select(Flag).where(Flag.duty == "CASE")).one()
        assert (flag.severity, flag.state) == ("severe", "open")
        events = session.scalars(sa.select(FlagEvent.action).where(FlagEvent.flag_id == flag.id)).all()
        assert (
            "travel_hit" in events and session.scalar(sa.select(sa.func.count()).select_from(Screening)) == 0
        )
        seals, scope = field.app.extensions["gongdi"].seals, session.get_one(Scope, field.cast.site_a)
        assert list(verify_scope(session, seals, scope)) == []
        assert list(check_scope(session, seals, scope.scope_id)) == []
    page = office.seat("section").get(f"flags/{flag.id}")
    assert "有人到过风险地区" in page and person(1).name not in page


def test_a_list_that_comes_after_the_trip_finds_it_once(
    field: Field, run: Run, tablet: Tablet, tmp_path: Path
) -> None:
    away = worker(field, tablet, 1)
    went(field, tablet, away, "231281", "2026-11-16")
    assert cases(field) == []
    said = listed(run, tmp_path, HEILONGJIANG)
    assert "已录入 1 处, 移出 0 处" in said
    assert cases(field) == [away]
    assert listed(run, tmp_path, HEILONGJIANG).startswith("已录入 0 处")
    listed(run, tmp_path, HEILONGJIANG, ("231281002", "安达市某街道", "高风险", "", "2026-11-20", ""))
    assert cases(field) == [away]  # his case is open: the second area is the same stay
    with field.app.app_context(), read() as session:
        assert len(set(session.scalars(sa.select(TravelHit.key)))) == 2


def test_a_complete_list_takes_areas_off_and_closes_nothing(
    field: Field, run: Run, tablet: Tablet, tmp_path: Path
) -> None:
    listed(run, tmp_path, HEILONGJIANG)
    away, late = worker(field, tablet, 1), worker(field, tablet, 2)
    went(field, tablet, away, "231281", "2026-11-19", "2026-11-20")
    assert cases(field) == [away]
    field.cast.clock.advance(2 * DAY_MS)
    said = listed(
        run, tmp_path, ("420106", "武汉市武昌区", "高风险", "", "2026-11-24", ""), options=("--complete",)
    )
    assert "移出 1 处" in said
    went(field, tablet, late, "231281", "2026-11-26", "2026-11-27")
    assert cases(field) == [away]
    with field.app.app_context(), read() as session:
        flag = session.scalars(sa.select(Flag).where(Flag.duty == "CASE")).one()
        assert flag.closed_ms is None
        assert session.scalars(sa.select(CaseFile.ended)).all() == [False]
    assert tablet.sync().ok
    assert {item.body["code"] for item in tablet.list("risk_area")} == {"231281", "420106"}


def test_a_trip_that_was_declared_void_opens_nothing(
    field: Field, run: Run, tablet: Tablet, tmp_path: Path
) -> None:
    away = worker(field, tablet, 1)
    entry = went(field, tablet, away, "231281", "2026-11-19")
    tablet.void(field.scope, entry, "写错了人")
    assert tablet.sync().ok
    listed(run, tmp_path, HEILONGJIANG)
    assert cases(field) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({0: "23128"}, "第 2 行: 代码应为"),
        ({1: ""}, "第 2 行: 请写明名称"),
        ({2: "很高"}, "第 2 行: 级别只能是"),
        ({4: ""}, "第 2 行: 请写明列入日期"),
        ({4: "2026-13-01"}, "第 2 行: 列入日期应写成"),
        ({5: "2026-11-01"}, "第 2 行: 移出日期早于"),
    ],
)
def test_a_list_that_is_wrong_is_refused_with_its_lines(
    field: Field, run: Run, tmp_path: Path, change: dict[int, str], words: str
) -> None:
    cells = [change.get(at, cell) for at, cell in enumerate(HEILONGJIANG)]
    path = tmp_path / "名单.xlsx"
    path.write_bytes(xlsx([cells], TITLES))
    done = run("risk-area", "import", str(path), "--source", "测试")
    assert done.exit_code != 0 and words in done.output


def test_an_administrator_enters_the_list_on_a_page(field: Field, app: Flask, tmp_path: Path) -> None:
    seat = Office(field.app, field.cast).seat("admin")
    assert "现在没有风险地区" in seat.get("admin/risk-areas")
    file = (tmp_path / "名单.xlsx").open("w+b")
    file.write(xlsx([HEILONGJIANG, (*HEILONGJIANG[:1], *HEILONGJIANG[1:])], TITLES))
    file.seek(0)
    wrong = seat.send("admin/risk-areas", file=(file, "名单.xlsx"), source="国务院客户端")
    assert wrong.status_code == 422 and "第 3 行: 与第 2 行是同一地区" in wrong.text
    good = (tmp_path / "好.xlsx").open("w+b")
    good.write(xlsx([HEILONGJIANG], TITLES))
    good.seek(0)
    assert seat.send("admin/risk-areas", file=(good, "好.xlsx"), source="国务院客户端").status_code == 303
    assert "黑龙江省安达市" in seat.get("admin/risk-areas")
    Office(field.app, field.cast).seat("section").get("admin/risk-areas", 404)
