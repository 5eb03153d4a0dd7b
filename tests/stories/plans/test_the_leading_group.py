"""The leading group's page: what is worst, whose move it is, since when, what is silent, and what moved since yesterday."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.plans.show_progress import Progress, ShownProgress, show_progress
from server.actions.reference.load_reference import rules_in_force
from server.base.db import read, write
from server.models import Site, User
from server.models.access import viewer_of
from server.models.scope import fresh_scope
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, at, missed_flag, moved, planned_field
from tests.stories.kinds.desk import at_the_console

NEXT = "2026-11-25"
BUILDING = "2.2"  # 建设工地


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    """Site A, whose canteen is to be disinfected on DAY."""
    return planned_field(app, cast, tmp_path)


def shown(field: Field, name: str = "brigade") -> ShownProgress:
    with field.app.app_context(), read() as session:
        viewer = viewer_of(session, session.get_one(User, field.cast.users[name]))
        return show_progress(session, viewer, rules_in_force(session), None, field.cast.clock.now_ms())


def building(field: Field) -> Progress:
    (found,) = [one for task, one in shown(field).tasks if task.section == BUILDING]
    return found


def answers(field: Field, name: str = "brigade") -> dict[str, str]:
    """The five lines at the top of the page."""
    page = at_the_console(field, name).get("/console/leading-group")
    assert page.status_code == 200
    pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", page.text, re.DOTALL)
    return {key: html.unescape(re.sub(r"<[^>]+>", "", value)).strip() for key, value in pairs}


def test_the_five_questions_are_answered_before_anything_else_on_the_page(field: Field) -> None:
    missed_flag(field)
    at(field, "22:00")
    said = answers(field)
    assert list(said) == ["最差", "该谁办", "从何时", "失联", "昨天以来"]
    assert said["最差"].startswith("（二）加强建设工地疫情防控 逾期 ")
    assert said["最差"].endswith("责任领导 王晓河、张付银")
    assert said["该谁办"].startswith("质安科 ")
    assert DAY in said["从何时"] and "牧野花园" in said["从何时"]
    assert said["失联"] == "没有" and said["昨天以来"].startswith("新开 ")


def test_where_nothing_is_wrong_it_says_so(field: Field) -> None:
    said = answers(field)
    assert said == {
        "最差": "没有未销号的问题",
        "该谁办": "没有人逾期",
        "从何时": "没有逾期",
        "失联": "没有",
        "昨天以来": "没有",
    }


def test_an_overdue_answer_is_with_the_section_and_then_with_the_brigade_since_the_first_of_them(
    field: Field,
) -> None:
    flag = missed_flag(field)
    at(field, "17:00")
    assert not [one for one in shown(field).overdue if one.flag_id == flag and one.unit != "zhian"]
    (with_section,) = [one for one in shown(field).overdue if one.flag_id == flag]
    at(field, "17:00", "2026-11-26")
    (passed_on,) = [one for one in shown(field).overdue if one.flag_id == flag]
    assert (with_section.unit, passed_on.unit) == ("zhian", "jiancha")
    assert passed_on.since_ms == with_section.since_ms
    assert dict(shown(field).units)["jiancha"].overdue >= 1


def test_who_acts_in_time_is_not_overdue(field: Field) -> None:
    flag = missed_flag(field)
    moved(field.cast.client("section"), flag, "order_rectification", note="食堂每日消毒两次")
    at(field, "17:00")
    assert flag not in [one.flag_id for one in shown(field).overdue]


def test_what_moved_since_yesterday_is_counted_once_a_flag_and_no_longer_the_day_after_tomorrow(
    field: Field,
) -> None:
    flag = missed_flag(field)
    assert building(field).moved == {"opened": building(field).live}
    section = field.cast.client("section")
    moved(section, flag, "acknowledge")
    moved(section, flag, "order_rectification", note="食堂每日消毒两次")
    moved(section, flag, "comment")
    moved(field.cast.client("contractor"), flag, "submit_rectification")
    assert (building(field).moved["other"], building(field).moved["answered"]) == (1, 1)
    at(field, "12:00", NEXT)
    assert building(field).moved["answered"] == 1
    at(field, "00:10", "2026-11-26")
    assert "answered" not in building(field).moved


def test_a_task_that_is_overdue_and_that_nobody_moves_is_named(field: Field) -> None:
    flag = missed_flag(field)
    at(field, "22:00")
    assert building(field).is_still
    assert "有逾期而无人办理: （二）加强建设工地疫情防控" in answers(field)["昨天以来"]
    moved(field.cast.client("section"), flag, "acknowledge")
    assert not building(field).is_still


def test_a_silent_site_is_named_with_when_it_was_heard_from_last(field: Field) -> None:
    heard_ms = field.cast.clock.now_ms()
    field.tablet("first")
    for date in (DAY, NEXT, "2026-11-26", "2026-11-27"):
        at(field, "23:30", date)
    (silent,) = shown(field).silent
    assert (silent.site_id, silent.unit) == (field.cast.site_a, "zhian")
    assert silent.heard_ms is not None and abs(silent.heard_ms - heard_ms) < 60_000
    assert building(field).silent == 1
    assert "牧野花园 自 2026-11-23 23:00" in answers(field)["失联"]


def test_a_leader_answers_for_all_of_their_tasks(field: Field) -> None:
    missed_flag(field)
    at(field, "22:00")
    leaders = dict(shown(field).leaders)
    assert leaders["张付银"].overdue == leaders["王晓河"].overdue == shown(field).total.overdue > 0
    assert leaders["王金虎"].overdue == 0


def test_practice_sites_and_other_districts_count_for_nobody_else(field: Field) -> None:
    missed_flag(field)
    at(field, "22:00")
    assert shown(field, "section").total.overdue == shown(field, "brigade").total.overdue > 0
    with field.app.app_context(), write() as session:
        session.get_one(Site, field.cast.site_a).district = "410704"
    assert shown(field, "section").total.live == 0
    with field.app.app_context(), write() as session:
        session.get_one(Site, field.cast.site_a).practice = True
    assert shown(field, "brigade").total.live == 0


def test_those_who_see_the_plan_see_it_and_others_find_nothing(field: Field) -> None:
    for name in ("section", "brigade", "admin"):
        assert at_the_console(field, name).get("/console/leading-group").status_code == 200
    for name in ("contractor", "inspector"):
        assert at_the_console(field, name).get("/console/leading-group").status_code == 404
    assert at_the_console(field, "section").get("/console/leading-group?plan=other").status_code == 404


def test_it_takes_the_same_few_statements_however_many_sites_there_are(field: Field) -> None:
    missed_flag(field)
    at(field, "22:00")
    statements: list[str] = []
    with field.app.app_context(), read() as session:
        engine = session.get_bind().engine
    sa.event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    shown(field, "admin")
    few = len(statements)
    with field.app.app_context(), write() as session:
        for number in range(40):
            scope = fresh_scope("site", f"01980a1e-0000-7000-8000-{number:012d}")
            session.add(scope)
            session.add(
                Site(
                    id=scope.scope_id,
                    name=f"第 {number} 处",
                    kind="construction",
                    district="410702",
                    unit="zhian",
                    stage="building",
                )
            )
    statements.clear()
    assert shown(field, "admin").total.sites == 42
    assert len(statements) == few
