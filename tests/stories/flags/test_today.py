"""今天: a row a site, why it is theirs, since when, and what has moved since yesterday; several flags are moved together."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.flags.today import FOLDED_FROM, SITES_SHOWN, Today, sites_today
from server.base.db import read, write
from server.models import Flag, FlagStep, Site, User
from server.models.access import viewer_of
from server.models.scope import fresh_scope
from server.rules.flags.arrival import ANSWERED, CLOCK, FOUND, GONE, ORDERED, PEOPLE
from tests.server.cast import Cast, identity
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, at, missed_flag, moved, planned_field, show
from tests.stories.kinds.desk import at_the_console

NEXT = "2026-11-25"


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    """Site A, whose canteen is to be disinfected on DAY."""
    return planned_field(app, cast, tmp_path)


def today(field: Field, name: str, start: int = 0) -> Today:
    with field.app.app_context(), read() as session:
        viewer = viewer_of(session, session.get_one(User, field.cast.users[name]))
        return sites_today(session, viewer, field.cast.clock.now_ms(), start=start)


def reasons(field: Field, name: str, flag: str) -> list[tuple[str, str]]:
    """(why, step) of one flag as this user sees it."""
    rows = [row for rows in today(field, name).parts.values() for row in rows]
    items = [item for row in rows for site in row.sites for item in site.items]
    return [(item.why, item.step.step) for item in items if item.flag.id == flag]


def many_sites(field: Field, flag: str, count: int) -> None:
    """So many other sites with a flag like this one."""
    with field.app.app_context(), write() as session:
        known = session.scalars(sa.select(Flag).where(Flag.id == flag)).one()
        steps = session.scalars(sa.select(FlagStep).where(FlagStep.flag_id == flag)).all()
        for number in range(count):
            site_id, flag_id = identity(f"site {number}"), identity(f"flag {number}")
            session.add(fresh_scope("site", site_id))
            fields = {"kind": "construction", "district": "410702", "unit": "zhian", "stage": "building"}
            session.add(Site(id=site_id, name=f"第 {number} 处", **fields))
            columns = {column.name: getattr(known, column.name) for column in Flag.__table__.columns}
            session.add(Flag(**{**columns, "scope_id": site_id, "id": flag_id}))
            for step in steps:
                columns = {column.name: getattr(step, column.name) for column in FlagStep.__table__.columns}
                session.add(FlagStep(**{**columns, "scope_id": site_id, "flag_id": flag_id}))


def test_a_site_is_one_row_with_all_that_waits_there(field: Field) -> None:
    missed_flag(field)
    at(field, "17:00")
    shown = today(field, "section")
    (row,) = shown.parts[FOUND]
    assert (shown.sites, len(row.sites)) == (1, 1)
    assert len(row.first.items) == shown.flags > 1


def test_what_the_clock_passed_on_is_apart_from_what_a_person_transferred(field: Field) -> None:
    flag = missed_flag(field)
    at(field, "17:00", NEXT)
    assert reasons(field, "brigade", flag) == [(CLOCK, "brigade")]
    assert reasons(field, "section", flag) == [(GONE, "acknowledge")]
    moved(field.cast.client("section"), flag, "transfer", note="屡次缺失")
    assert reasons(field, "brigade", flag) == [(PEOPLE, "decide")]
    (row,) = today(field, "brigade").parts[PEOPLE]
    (item,) = [item for item in row.first.items if item.flag.id == flag]
    assert (item.actor, item.note) == ("质安科孙丽", "屡次缺失")
    assert item.since_ms == field.cast.clock.now_ms()


def test_a_transfer_that_fell_due_keeps_whoever_transferred_it(field: Field) -> None:
    flag = missed_flag(field)
    moved(field.cast.client("section"), flag, "transfer", note="屡次缺失")
    at(field, "17:00", "2026-11-26")
    (item,) = [
        item
        for row in today(field, "brigade").parts[PEOPLE]
        for item in row.first.items
        if item.flag.id == flag
    ]
    assert (item.actor, item.note) == ("质安科孙丽", "屡次缺失")


def test_each_party_sees_why_it_is_theirs(field: Field) -> None:
    flag = missed_flag(field)
    section = field.cast.client("section")
    moved(section, flag, "order_rectification", note="食堂每日消毒两次")
    assert reasons(field, "contractor", flag) == [(ORDERED, "rectify")]
    assert reasons(field, "section", flag) == []
    moved(field.cast.client("contractor"), flag, "submit_rectification", note="已补做")
    assert reasons(field, "section", flag) == [(ANSWERED, "recheck")]
    assert reasons(field, "contractor", flag) == []


def test_what_moved_since_yesterday_is_said_and_older_things_are_not(field: Field) -> None:
    flag = missed_flag(field)
    moved(field.cast.client("section"), flag, "acknowledge")
    (row,) = today(field, "section").parts[FOUND]
    assert row.first.moved["new"] >= 1 and row.first.moved["acted"] == 1
    at(field, "00:10", "2026-11-26")
    rows = [row for rows in today(field, "section").parts.values() for row in rows]
    assert "acted" not in rows[0].first.moved


def test_sites_that_are_alike_are_one_line_and_the_one_that_differs_is_seen(field: Field) -> None:
    flag = missed_flag(field)
    many_sites(field, flag, 20)
    rows = today(field, "section").parts[FOUND]
    assert [len(row.sites) for row in rows] == [1, 20] or [len(row.sites) for row in rows] == [20, 1]
    assert today(field, "section").rows == 2


def test_too_few_that_are_alike_stay_apart(field: Field) -> None:
    many_sites(field, missed_flag(field), FOLDED_FROM - 1)
    assert all(not row.more for row in today(field, "section").parts[FOUND])


def test_a_page_has_as_many_lines_as_it_says_and_the_next_one_goes_on(field: Field) -> None:
    flag = missed_flag(field)
    many_sites(field, flag, SITES_SHOWN + 3)
    with field.app.app_context(), write() as session:  # so that none is like another
        for number, item in enumerate(session.scalars(sa.select(Flag).where(Flag.duty == "DISINFECT"))):
            item.duty = f"DUTY-{number}"
    first = [row.first.site.id for row in today(field, "section").parts[FOUND]]
    rest = [row.first.site.id for row in today(field, "section", SITES_SHOWN).parts[FOUND]]
    assert (len(first), len(rest)) == (SITES_SHOWN, 4)
    assert not set(first) & set(rest)


def test_it_takes_the_same_few_statements_however_many_sites_there_are(field: Field) -> None:
    flag = missed_flag(field)
    statements: list[str] = []
    with field.app.app_context(), read() as session:
        engine = session.get_bind().engine
    sa.event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    today(field, "section")
    few = len(statements)
    many_sites(field, flag, 60)
    statements.clear()
    assert today(field, "section").sites == 61
    assert len(statements) == few < 15


def test_others_and_other_districts_see_nothing_of_it(field: Field) -> None:
    missed_flag(field)
    assert today(field, "competitor").sites == 0
    with field.app.app_context(), write() as session:
        session.get_one(Site, field.cast.site_a).district = "410704"
    assert today(field, "section").sites == 0
    for name in ("inspector", "admin"):
        assert at_the_console(field, name).get("/console/today").status_code == 404


def test_an_order_is_one_click_away_with_words_and_the_text_that_it_rests_on(field: Field) -> None:
    flag = missed_flag(field)
    desk = at_the_console(field, "section")
    listed = desk.get("/console/today?duty=DISINFECT").text
    assert f"/console/flags/{flag}?move=order_rectification#moves" in listed
    page = html.unescape(desk.get(f"/console/flags/{flag}?move=order_rectification").text)
    assert "经查，你单位在牧野花园（食堂）的“消毒”" in page
    assert "依据：新乡市住建局 2021-12-01 常态化疫情防控工作实施方案 二(二)" in page
    assert "经查，你单位" not in desk.get(f"/console/flags/{flag}").text


def marks(page: str) -> dict[str, str]:
    form = page[page.index('action="/console/today"') :]
    return dict(re.findall(r'name="(form_token|form_key)" value="([^"]+)"', form)[:2])


def chosen(page: str) -> str:
    (value,) = re.findall(r'name="flags" value="([^"]+)"', page)
    return str(value)


def test_all_flags_of_a_site_are_acknowledged_together_and_once(field: Field) -> None:
    flag = missed_flag(field)
    desk = at_the_console(field, "section")
    page = desk.get("/console/today").text
    sent = {**marks(page), "flags": chosen(page), "action": "acknowledge"}
    answer = desk.post("/console/today", data=sent)
    assert answer.status_code == 200 and "确认: 办成" in answer.text and "没有办成" not in answer.text
    assert show(field.cast.client("section"), flag)["state"] == "acknowledged"
    rev = show(field.cast.client("section"), flag)["rev"]
    assert "办成" not in desk.post("/console/today", data=sent).text
    assert show(field.cast.client("section"), flag)["rev"] == rev


def test_what_somebody_else_did_meanwhile_is_said_and_the_others_are_done(field: Field) -> None:
    flag = missed_flag(field)
    desk = at_the_console(field, "section")
    page = desk.get("/console/today").text
    moved(field.cast.client("section"), flag, "order_rectification", note="食堂每日消毒两次")
    answer = desk.post("/console/today", data={**marks(page), "flags": chosen(page), "action": "acknowledge"})
    assert "没有办成 1 项" in answer.text and f"/console/flags/{flag}" in answer.text
    assert show(field.cast.client("section"), flag)["state"] == "rectifying"


def test_all_flags_of_a_site_are_given_to_a_colleague_together(field: Field) -> None:
    flag = missed_flag(field)
    desk = at_the_console(field, "section")
    page = desk.get("/console/today").text
    sent = {**marks(page), "flags": chosen(page), "action": "assign", "assignee": "section"}
    assert "指定承办人: 办成" in desk.post("/console/today", data=sent).text
    assert show(field.cast.client("section"), flag)["assignee"] == "质安科孙丽"


@pytest.mark.parametrize(
    "given", [{}, {"flags": "nothing"}, {"action": "transfer"}, {"action": "close", "flags": "x:1"}]
)
def test_nothing_is_done_without_a_choice_or_by_another_move(field: Field, given: dict[str, str]) -> None:
    flag = missed_flag(field)
    desk = at_the_console(field, "section")
    page = desk.get("/console/today").text
    sent = {**marks(page), "action": "acknowledge", **given}
    if "action" in given:
        sent["flags"] = chosen(page)
    answer = desk.post("/console/today", data=sent)
    assert answer.status_code == 422 and "请勾选" in answer.text
    assert show(field.cast.client("section"), flag)["state"] == "open"


def test_a_contractor_moves_nothing_together(field: Field) -> None:
    flag = missed_flag(field)
    moved(field.cast.client("section"), flag, "order_rectification", note=f"{DAY} 起每日两次")
    desk = at_the_console(field, "contractor")
    page = desk.get("/console/today")
    assert page.status_code == 200 and 'name="flags"' not in page.text
    assert desk.post("/console/today", data={"action": "acknowledge"}).status_code == 404
