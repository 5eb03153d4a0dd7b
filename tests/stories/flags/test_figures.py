"""Figures by district, unit, contractor, inspector and duty: each counts what it says, of what the viewer may see, as a page
and as a file."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.sites.figures import BYS, DAYS_MAX, Figures, figures_by, period_of_figures
from server.base.db import read, write
from server.models import AuditEvent, Company, Site, SiteCompany, User
from server.models.access import viewer_of
from server.models.scope import fresh_scope
from server.rules.calendar import DAY_MS
from tests.server.cast import COMPANY_A, Cast, add_flag, identity
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, at, missed_flag, moved, planned_field
from tests.stories.kinds.desk import at_the_console

EVERY = pytest.mark.parametrize("by", BYS)
KEYS = {"district": "410702", "unit": "zhian", "company": COMPANY_A, "duty": "DISINFECT"}


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


def figures(field: Field, by: str, name: str = "brigade", day: str = DAY) -> dict[str, Figures]:
    with field.app.app_context(), read() as session:
        viewer = viewer_of(session, session.get_one(User, field.cast.users[name]))
        rows = figures_by(session, viewer, by, (day, day), field.cast.clock.now_ms())
    return {row.code: row for row in rows}


def one(field: Field, by: str, name: str = "brigade", day: str = DAY) -> Figures:
    key = {**KEYS, "inspector": field.cast.users["inspector"], "site": field.cast.site_a}[by]
    return figures(field, by, name, day)[key]


@EVERY
def test_flags_and_windows_count_where_they_belong(field: Field, by: str) -> None:
    missed_flag(field)
    at(field, "22:00")
    row = one(field, by)
    assert row.opened == row.live >= 1 and row.closed == 0 and row.overdue >= 1
    assert row.missed >= 1 and row.judged == row.met + row.late + row.missed + row.silent
    assert row.share == row.met / row.judged
    assert row.sites == (0 if by == "duty" else 1)


@EVERY
def test_another_day_has_none_of_it_but_what_is_live(field: Field, by: str) -> None:
    missed_flag(field)
    row = one(field, by, day="2026-11-01")
    assert (row.opened, row.judged) == (0, 0) and row.live >= 1
    assert row.share is None


def test_those_that_were_closed_count_with_how_long_it_took(field: Field) -> None:
    flag = missed_flag(field)
    field.cast.clock.advance(DAY_MS // 2)
    moved(field.cast.client("section"), flag, "withdraw", note="查明无误")
    row = one(field, "duty", day="2026-11-25")
    assert (row.closed, row.live) == (1, 0)
    assert row.closed_days == pytest.approx(0.5, abs=0.01)


def test_the_names_of_companies_and_inspectors_stand_there(field: Field) -> None:
    assert one(field, "company", "section").name == "甲建筑"
    assert one(field, "inspector", "section").name == "检查员李华"


def test_a_site_of_two_general_contractors_counts_once_for_each_and_once_in_its_district(
    field: Field,
) -> None:
    flags = missed_flag(field)
    with field.app.app_context(), write() as session:
        session.add(Company(code="91410700MA40000C38", name="丙建筑"))
        session.flush()
        for code, role in (("91410700MA40000C38", "009"), ("91410700MA40000B24", "006")):
            session.add(SiteCompany(site_id=field.cast.site_a, company=code, role=role))
    found = figures(field, "company")
    assert found[COMPANY_A].live == found["91410700MA40000C38"].live == one(field, "district").live
    assert "91410700MA40000B24" not in found
    assert flags


@EVERY
def test_practice_sites_and_other_districts_count_for_nobody(field: Field, by: str) -> None:
    missed_flag(field)
    with field.app.app_context(), write() as session:
        session.get_one(Site, field.cast.site_a).district = "410704"
    assert not any(row.live for row in figures(field, by, "section").values())
    with field.app.app_context(), write() as session:
        session.get_one(Site, field.cast.site_a).practice = True
    assert not any(row.live or row.judged for row in figures(field, by).values())


@EVERY
def test_it_takes_the_same_few_statements_however_many_sites_there_are(field: Field, by: str) -> None:
    missed_flag(field)
    statements: list[str] = []
    with field.app.app_context(), read() as session:
        engine = session.get_bind().engine
    sa.event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    figures(field, by, "admin")
    few = len(statements)
    with field.app.app_context(), write() as session:
        fields = {"kind": "construction", "unit": "zhian", "stage": "building"}
        for number in range(30):
            site_id = identity(f"site {number}")
            session.add(fresh_scope("site", site_id))
            session.add(Site(id=site_id, name=f"第 {number} 处", district=f"4107{number:02}", **fields))
            session.flush()
            add_flag(session, site_id, f"flag {number}", field.cast.clock.now_ms())
    statements.clear()
    figures(field, by, "admin")
    assert len(statements) == few <= 7


def test_a_period_is_a_week_and_never_too_long() -> None:
    now_ms = 1_795_400_000_000
    assert period_of_figures(None, None, now_ms) == ("2026-11-17", "2026-11-23")
    assert period_of_figures("2026-11-09", "2026-11-01", now_ms) == ("2026-11-01", "2026-11-09")
    first, last = period_of_figures("2020-01-01", "2026-11-30", now_ms)
    assert last == "2026-11-30" and first == "2026-08-31" and DAYS_MAX == 92


def exported(field: Field) -> list[str]:
    query = sa.select(AuditEvent.subject).where(AuditEvent.what == "exported").order_by(AuditEvent.id)
    with field.app.app_context(), read() as session:
        return list(session.scalars(query))


def test_a_page_leaves_as_a_workbook_and_as_csv_and_that_is_kept(field: Field) -> None:
    missed_flag(field)
    desk = at_the_console(field, "section")
    asked = f"by=district&from={DAY}&to={DAY}"
    assert "红旗区" in desk.get(f"/console/figures?{asked}").text
    book = openpyxl.load_workbook(io.BytesIO(desk.get(f"/console/figures.xlsx?{asked}").data))
    sheet = list(book.worksheets[0].values)
    lines = list(csv.reader(io.StringIO(desk.get(f"/console/figures.csv?{asked}").data.decode("utf-8-sig"))))
    assert list(sheet[0]) == lines[0] and lines[0][:2] == ["区县", "地点"]
    assert sheet[1][0] == lines[1][0] == "红旗区" and str(sheet[1][2]) == lines[1][2]
    assert exported(field) == [f"统计-区县-{DAY}-{DAY}"] * 2


def test_the_lists_of_flags_and_sites_leave_as_they_were_narrowed(field: Field) -> None:
    missed_flag(field)
    desk = at_the_console(field, "section")
    narrowed = desk.get("/console/flags.csv?state=live&duty=DISINFECT").data.decode("utf-8-sig")
    (titles, row) = list(csv.reader(io.StringIO(narrowed)))
    shown = dict(zip(titles, row, strict=True))
    assert (shown["地点"], shown["职责"], shown["轮到"], shown["逾期"]) == ("牧野花园", "消毒", "质安科", "")
    assert shown["编号"].startswith("2026-") and "承办人" in shown
    book = openpyxl.load_workbook(io.BytesIO(desk.get("/console/sites.xlsx").data))
    assert [line[0] for line in book.worksheets[0].values] == ["地点", "牧野花园"]
    assert exported(field) == ["问题标记", "地点"]


def test_files_have_no_more_than_the_page(field: Field) -> None:
    missed_flag(field)
    desk = at_the_console(field, "competitor")
    assert "牧野" not in desk.get("/console/flags.csv?state=all").text + desk.get("/console/sites.csv").text
    own = at_the_console(field, "contractor").get("/console/flags.csv?state=all").text
    assert "牧野花园" in own and "承办人" not in own
    assert at_the_console(field, "inspector").get("/console/figures").status_code == 404
    assert at_the_console(field, "inspector").get("/console/figures.csv").status_code == 404


def test_a_contractor_has_the_figures_of_her_sites_and_of_no_others(field: Field) -> None:
    missed_flag(field)
    at(field, "22:00")
    own, asked = at_the_console(field, "contractor"), f"from={DAY}&to={DAY}"
    page = own.get(f"/console/figures?{asked}").text
    assert "牧野花园" in page and "凤泉新城" not in page
    for by in ("district", "company", "inspector", "unit"):
        shown = own.get(f"/console/figures?by={by}&{asked}").text
        assert shown.count("按地点") == 1 and "检查员李华" not in shown and "红旗区" not in shown, by
    lines = own.get(f"/console/figures.csv?by=duty&{asked}").data.decode("utf-8-sig")
    assert "消毒" in lines and "甲建筑" not in lines
    competitor = at_the_console(field, "competitor").get(f"/console/figures?{asked}").text
    assert "牧野花园" not in competitor and "凤泉新城" in competitor


def test_what_others_have_not_done_in_time_is_not_counted_against_the_contractor(field: Field) -> None:
    flag = missed_flag(field)
    at(field, "22:00")  # the section has not acknowledged
    assert figures(field, "site", "brigade")[field.cast.site_a].overdue >= 1
    assert figures(field, "site", "contractor")[field.cast.site_a].overdue == 0
    moved(field.cast.client("section"), flag, "order_rectification")
    at(field, "12:50", "2026-11-28")
    assert figures(field, "site", "contractor")[field.cast.site_a].overdue == 1
