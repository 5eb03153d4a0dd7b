"""One field finds sites, flags, documents and people; what is sealed is found by its whole number only, and that is kept."""

from __future__ import annotations

import html
import re
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from server.actions.rosters.list_people import LOOKUPS_PER_HOUR
from server.base.db import read, write
from server.models import AuditEvent, Site
from tests.server.cast import COMPANY_A, Cast
from tests.server.rosters.people import person
from tests.stories.field import Field
from tests.stories.flags.cast import missed_flag, moved, planned_field
from tests.stories.kinds.desk import at_the_console
from tests.stories.rosters.uploads import commit, people_file, preview, read_at_once

NUMBER = person(1).certificate_number


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


@pytest.fixture
def staffed(field: Field) -> Field:
    """Company A has two people at site A."""
    read_at_once(field.cast)
    contractor = field.cast.client("contractor")
    commit(contractor, preview(contractor, field.cast.site_a, people_file(person(1), person(2))))
    return field


def search(field: Field, name: str, text: str) -> TestResponse:
    desk = at_the_console(field, name)
    page = desk.get("/console/search").text
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert token is not None
    return desk.post("/console/search", data={"form_token": token[1], "text": text})


def found(field: Field, name: str, text: str) -> str:
    answer = search(field, name, text)
    assert answer.status_code == 200, answer.text
    page = html.unescape(answer.text)
    return page[page.index("<h1>查找") : page.index('<section class="card">')]


def looked_up(field: Field) -> list[tuple[str, str]]:
    query = sa.select(AuditEvent.user_id, AuditEvent.subject).where(AuditEvent.what == "looked_up")
    with field.app.app_context(), read() as session:
        return [(str(user), subject) for user, subject in session.execute(query)]


@pytest.mark.parametrize("text", ["牧野", " 牧野花园 ", "甲建筑", COMPANY_A, COMPANY_A.lower()])
def test_a_site_is_found_by_its_name_and_by_its_company(field: Field, text: str) -> None:
    page = found(field, "section", text)
    assert "牧野花园" in page and "凤泉新城" not in page


def test_a_site_is_found_by_its_address(field: Field) -> None:
    with field.app.app_context(), write() as session:
        session.get_one(Site, field.cast.site_a).address = "平原路 100%号"
    assert "牧野花园" in found(field, "section", "100%")
    assert "没有找到" in found(field, "section", "1_0")


def test_a_flag_is_opened_by_its_number_and_by_that_of_a_document(field: Field) -> None:
    flag = missed_flag(field)
    moved(field.cast.client("section"), flag, "order_rectification", note="食堂每日消毒两次")
    shown = at_the_console(field, "section").get(f"/console/flags/{flag}").text
    number = re.search(r"<dt>编号</dt><dd>([^<]+)</dd>", shown)
    assert number is not None
    for text in (number[1], number[1].lower(), f"{number[1]}-004"):
        answer = search(field, "section", text)
        assert (answer.status_code, answer.location) == (303, f"/console/flags/{flag}")
    assert "没有找到" in found(field, "section", "2025" + number[1][4:])


def test_what_is_not_this_persons_is_not_found(staffed: Field) -> None:
    flag = missed_flag(staffed)
    number = f"2026-{flag[-8:].upper()}"
    for text in ("牧野", COMPANY_A, number, NUMBER):
        page = found(staffed, "competitor", text)
        assert "牧野" not in page.replace("“牧野”", "")
        assert "没有" in page


def test_a_person_is_found_by_the_whole_number_in_any_writing_and_masked(staffed: Field) -> None:
    for text in (NUMBER, NUMBER.lower(), f" {NUMBER[:6]} {NUMBER[6:]} "):
        page = found(staffed, "section", text)
        assert person(1).name in page and "牧野花园" in page and "已记入操作记录" in page
        assert NUMBER not in page.replace(f"“{text}”", "")


@pytest.mark.parametrize("text", [NUMBER[:-1], NUMBER[1:], NUMBER[-6:], "%", "_" * 18])
def test_a_part_of_a_number_finds_nobody(staffed: Field, text: str) -> None:
    assert person(1).name not in found(staffed, "section", text)


def test_each_search_by_a_number_is_kept_without_the_number_and_others_are_not(staffed: Field) -> None:
    section = staffed.cast.users["section"]
    found(staffed, "section", "牧野")
    assert looked_up(staffed) == []
    found(staffed, "section", NUMBER)
    found(staffed, "section", "410702199001019999")
    assert Counter(looked_up(staffed)) == Counter(
        [(section, "全市查找, 找到 1 处"), (section, "全市查找, 找到 0 处")]
    )


def test_numbers_cannot_be_tried_out(staffed: Field) -> None:
    for _ in range(LOOKUPS_PER_HOUR):
        search(staffed, "section", NUMBER)
    answer = search(staffed, "section", NUMBER)
    assert answer.status_code == 429 and person(1).name not in answer.text


def test_an_administrator_finds_no_person_and_is_not_offered_any(staffed: Field) -> None:
    assert person(1).name not in found(staffed, "admin", NUMBER)
    assert (
        "证件号码" not in at_the_console(staffed, "admin").get("/console/search").text.partition("<main")[2]
    )
    assert looked_up(staffed) == []


def test_a_contractor_finds_people_of_its_own_company_only(staffed: Field) -> None:
    assert person(1).name in found(staffed, "contractor", NUMBER)
    with staffed.app.app_context(), write() as session:
        session.execute(sa.text("UPDATE worker SET company = '91410700MA40000B24'"))
    assert person(1).name not in found(staffed, "contractor", NUMBER)


def test_a_phone_number_is_not_looked_for_in_the_whole_city(staffed: Field) -> None:
    assert "手机号不能全市查找" in found(staffed, "section", "13800000001")


def test_a_form_of_another_site_searches_nothing(field: Field) -> None:
    desk = at_the_console(field, "section")
    assert desk.post("/console/search", data={"text": "牧野"}).status_code == 403
