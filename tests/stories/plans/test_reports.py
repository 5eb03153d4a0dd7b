"""Weekly and monthly reports: made once by the scheduler when their time is over, kept as they left, the same for the same
facts."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from pypdf import PdfReader

from server.actions.plans.report_facts import report_facts
from server.actions.reference.load_reference import rules_in_force
from server.actions.reference.name_codes import read_names
from server.base.db import read, write
from server.documents.write_report import report_pdf, report_workbook
from server.models import Report, Site, User, Window
from server.rules.calendar import instant_ms
from server.rules.reports import period_named
from server.workflows.make_reports import make_report
from server.workflows.scheduler import tick
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import missed_flag, moved, planned_field
from tests.stories.forms.conftest import Run
from tests.stories.kinds.desk import at_the_console

PLAN = "notice_2021"
WEEK = period_named("2026-W48")  # from Monday 23 to Sunday 29 November
MONDAY = "2026-11-30"


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    """A week in which one flag was opened and one answered it."""
    made = planned_field(app, cast, tmp_path)
    flag = missed_flag(made)
    moved(cast.client("section"), flag, "order_rectification", note="食堂每日消毒两次")
    return made


def tick_at(field: Field, date: str, time: str) -> dict[str, Any]:
    field.cast.clock.set(instant_ms(date, time))
    return tick(field.app, field.cast.clock.now_ms())


def reports(field: Field) -> list[tuple[str, str, int]]:
    columns = (Report.period, Report.first_day, Report.made_ms)
    with field.app.app_context(), read() as session:
        return [tuple(row) for row in session.execute(sa.select(*columns).order_by(*columns))]


def facts(field: Field) -> dict[str, Any]:
    assert WEEK is not None
    with field.app.app_context(), read() as session:
        return report_facts(session, rules_in_force(session), read_names(session), PLAN, WEEK)


def test_the_scheduler_makes_a_week_on_monday_at_six_and_a_month_on_its_first_day_once_each(
    field: Field,
) -> None:
    tick_at(field, MONDAY, "05:59")
    assert reports(field) == []
    assert tick_at(field, MONDAY, "06:00")["reports"] == {"made": 1}
    assert tick_at(field, MONDAY, "06:01")["reports"] == {}
    assert tick_at(field, "2026-12-01", "06:00")["reports"] == {"made": 1}
    assert [one[:2] for one in reports(field)] == [("month", "2026-11-01"), ("week", "2026-11-23")]


def test_whoever_makes_it_a_second_time_changes_nothing(field: Field) -> None:
    tick_at(field, MONDAY, "06:00")
    before = reports(field)
    with field.app.app_context():
        assert WEEK is not None and not make_report(PLAN, WEEK, field.cast.clock.now_ms() + 1)
    assert reports(field) == before


def test_where_nothing_was_asked_of_anybody_none_is_made(app: Flask, cast: Cast, tmp_path: Path) -> None:
    field = planned_field(app, cast, tmp_path)
    with app.app_context(), write() as session:
        session.execute(sa.update(Site).values(practice=True))
    tick_at(field, MONDAY, "06:00")
    assert reports(field) == []


def test_its_figures_are_those_of_the_windows_and_flags_of_its_days(field: Field) -> None:
    tick_at(field, MONDAY, "06:00")
    said = facts(field)
    (building,) = [task for task in said["tasks"] if "王晓河" in task["leaders"]]
    with field.app.app_context(), read() as session:
        week = sa.and_(
            Window.scope_id == field.cast.site_a, Window.local_date.between("2026-11-23", "2026-11-29")
        )
        missed = session.scalar(
            sa.select(sa.func.count()).select_from(Window).where(week, Window.state == "missed")
        )
    assert missed and building["missed"] == missed
    assert building["opened"] == building["live"] > 0 and building["overdue"] > 0
    assert sum(day["missed"] for day in said["days"]) == missed
    assert sum(one["missed"] for one in said["districts"]) == sum(one["missed"] for one in said["duties"])
    assert all("2026-11-23" <= day["code"] <= "2026-11-29" for day in said["days"])


def test_what_came_after_the_end_changes_no_count_of_flags(field: Field) -> None:
    tick_at(field, MONDAY, "06:00")
    before = [{**task, "sites": 0} for task in facts(field)["tasks"]]
    section = field.cast.client("section")
    flags = section.get("/api/v1/flags", query_string={"duty": "DISINFECT"}).get_json()["items"]
    moved(field.cast.client("contractor"), flags[0]["id"], "submit_rectification")
    counted = ("opened", "closed", "live", "overdue")
    after = facts(field)["tasks"]
    assert [[task[name] for name in counted] for task in before] == [
        [task[name] for name in counted] for task in after
    ]


def test_the_same_facts_give_the_same_bytes_and_both_files_say_the_figures(field: Field) -> None:
    tick_at(field, MONDAY, "06:00")
    said = facts(field)
    assert said == facts(field)
    assert (report_workbook(said), report_pdf(said)) == (report_workbook(said), report_pdf(said))
    assert len(reports(field)) == 1
    with field.app.app_context(), read() as session:
        (kept,) = session.scalars(sa.select(Report))
    assert kept.facts == said and kept.workbook == report_workbook(said) and kept.pdf == report_pdf(said)
    book = openpyxl.load_workbook(io.BytesIO(kept.workbook))
    assert book.sheetnames == ["任务", "每日", "区县", "职责"]
    titles = [cell.value for cell in book["任务"][2]]
    rows = [dict(zip(titles, [cell.value for cell in row], strict=True)) for row in book["任务"].iter_rows(3)]
    building = next(row for row in rows if row["责任领导"] == "王晓河、张付银")
    assert building["缺失"] == next(task["missed"] for task in said["tasks"] if "王晓河" in task["leaders"])
    assert "xl/charts/chart2.xml" in zipfile.ZipFile(io.BytesIO(kept.workbook)).namelist()
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(kept.pdf)).pages)
    assert said["plan"] == "新乡市住建局系统 常态化新冠肺炎疫情防控工作实施方案"
    assert "2026 年第 48 周 (2026-11-23 至 2026-11-29)" in text and "王晓河、张付银" in text


def test_it_is_listed_and_downloaded_by_those_who_look_after_the_whole_city(field: Field) -> None:
    tick_at(field, MONDAY, "06:00")
    link = f"/console/leading-group/reports/{PLAN}/week/2026-11-23"
    for name, sees in (("brigade", True), ("admin", True), ("section", False)):
        desk = at_the_console(field, name)
        assert (f"{link}.pdf" in desk.get("/console/leading-group").text) is sees
        for ending, begins in (("pdf", b"%PDF"), ("xlsx", b"PK")):
            answer = desk.get(f"{link}.{ending}")
            assert answer.status_code == (200 if sees else 404)
            assert not sees or answer.data.startswith(begins)
    assert at_the_console(field, "contractor").get(f"{link}.pdf").status_code == 404
    for wrong in (f"{link}.doc", link.replace("week", "year") + ".pdf", link[:-1] + "4.pdf"):
        assert at_the_console(field, "admin").get(wrong).status_code == 404
    with field.app.app_context(), write() as session:
        session.get_one(User, field.cast.users["section"]).district = ""
    assert at_the_console(field, "section").get(f"{link}.pdf").status_code == 200


def test_the_command_makes_a_week_that_is_over_and_no_other(field: Field, run: Run, tmp_path: Path) -> None:
    field.cast.clock.set(instant_ms(MONDAY, "00:30"))
    done = run("report", "make", "--week", "2026-W48", "--out", str(tmp_path / "out"))
    assert done.exit_code == 0 and "已生成并保存" in done.output, done.output
    assert sorted(path.suffix for path in (tmp_path / "out").iterdir()) == [".pdf", ".xlsx"]
    assert "早已生成" in run("report", "make", "--week", "2026-W48").output
    assert "2026-W48" in run("report", "list").output
    for wrong in (
        ("--week", "2026-W49"),
        ("--month", "2026-11"),
        ("--week", "2026-W60"),
        ("--month", "2026-W48"),
        ("--week", "2026-W48", "--plan", "other"),
        (),
    ):
        assert run("report", "make", *wrong).exit_code != 0, wrong
    assert len(reports(field)) == 1
