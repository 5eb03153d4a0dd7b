"""An administrator edits the places of a site; what was unclear is settled by who judges. Both leave a trace."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader

from server.actions.notices.edit_channels import NewChannel, add_channel
from server.actions.notices.outgoing import Outgoing
from server.base.db import read, write
from server.models import Place, User
from server.models.audit import AuditEvent
from server.rules.calendar import instant_ms
from server.workflows.deliver_notices import deliver_due
from tests.server.cast import PASSWORD, Cast
from tests.stories.flags.cast import DAY, at
from tests.stories.places.cast import Dormitories, dormitories

ROLES = ("section", "brigade", "contractor", "inspector")


@pytest.fixture
def site(app: Flask, cast: Cast, tmp_path: Path) -> Dormitories:
    found = dormitories(app, cast, tmp_path)
    cast.clock.set(instant_ms(DAY, "08:00"))
    return found


def _console(site: Dormitories, name: str) -> FlaskClient:
    client = site.field.app.test_client()
    form = {"name": name, "password": PASSWORD, "form_token": _token(client.get("/console/login").text)}
    assert client.post("/console/login", data=form).status_code == 303
    return client


def _token(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def _page(site: Dormitories) -> str:
    return f"/console/sites/{site.field.cast.site_a}"


def test_an_administrator_adds_renames_and_closes_places_and_the_page_says_who(site: Dormitories) -> None:
    client, page = _console(site, "admin"), _page(site)
    token = _token(client.get(page).text)
    posts = (
        (f"{page}/places", {"kind": "dormitory", "name": "三号楼"}),
        (f"{page}/places/{site.one}/name", {"name": "东楼"}),
        (f"{page}/places/{site.two}/close", {"to": f"{DAY}T18:00"}),
    )
    for path, form in posts:
        site.field.cast.clock.advance(1_000)
        assert client.post(path, data={**form, "form_token": token}).status_code == 303
    shown = client.get(page).text
    for text in (
        "三号楼",
        "东楼",
        "一号楼",
        f"{DAY} 18:00 停用",
    ):
        assert text in shown
    changes = [text.strip() for text in re.findall(r"<time>[^<]*</time> (管理员 [^<]*)", shown)]
    assert changes == ["管理员 停用 二号楼", "管理员 把 一号楼 改名为 东楼", "管理员 新增 三号楼"]


def test_an_administrator_says_how_large_a_place_is(site: Dormitories) -> None:
    client, page = _console(site, "admin"), _page(site)
    token = _token(client.get(page).text)
    path = f"{page}/places/{site.one}/size"
    good = {"m2": "62.5", "capacity": "24", "form_token": token}
    assert client.post(path, data=good).status_code == 303
    shown = client.get(page).text
    assert "62.5 平方米, 24 人" in shown and "写明大小 一号楼" in shown
    for wrong in ({"m2": "0"}, {"m2": "六十"}, {"capacity": "12.5"}, {"capacity": "9999999"}, {"m2": "1e5"}):
        assert client.post(path, data={**good, **wrong}).status_code == 422, wrong
    assert "62.5 平方米, 24 人" in client.get(page).text
    assert client.post(path, data={"m2": "", "capacity": "", "form_token": token}).status_code == 303
    assert "62.5 平方米" not in client.get(page).text


def test_the_form_of_a_name_that_is_taken_says_so_and_changes_nothing(site: Dormitories) -> None:
    client, page = _console(site, "admin"), _page(site)
    form = {"kind": "dormitory", "name": "二号楼", "form_token": _token(client.get(page).text)}
    answer = client.post(f"{page}/places", data=form)
    assert answer.status_code == 422 and "“二号楼”已是另一处同类场所的名称" in answer.text
    with site.field.app.app_context(), read() as session:
        done = sa.select(sa.func.count()).where(AuditEvent.what == "place_added")
        assert session.scalar(done) == 0


@pytest.mark.parametrize("role", ROLES)
def test_nobody_else_edits_them(site: Dormitories, role: str) -> None:
    client, page = _console(site, role), _page(site)
    token = _token(client.get("/console/flags").text)
    for path in (f"{page}/places", f"{page}/places/{site.one}/name", f"{page}/places/{site.one}/size"):
        answer = client.post(path, data={"kind": "dormitory", "name": "三号楼", "form_token": token})
        assert answer.status_code == 404
    with site.field.app.app_context(), read() as session:
        assert (
            session.scalar(sa.select(sa.func.count()).select_from(Place).where(Place.to_ms.is_not(None))) == 0
        )
    assert "新增场所" not in client.get(page).text


def test_the_section_says_which_place_it_was_and_the_windows_follow(site: Dormitories) -> None:
    tablet = site.field.tablet("first")
    entry = site.log(tablet)
    site.report(tablet, "08:30")
    client = _console(site, "section")
    page = client.get("/console/questions").text
    action = f"/console/questions/places/{entry}"
    assert action in page and "一号楼" in page
    form = {"place": site.two, "reason": "电话核实", "form_token": _token(page)}
    assert client.post(action, data={**form, "place": site.field.cast.site_a}).status_code == 404
    assert client.post(action, data={**form, "reason": ""}).status_code == 422
    site.field.cast.clock.set(instant_ms(DAY, "14:00"))
    assert client.post(action, data=form).status_code == 303
    assert action not in client.get("/console/questions").text
    site.report(tablet, "14:10")
    assert site.windows() == {site.one: ("missed", "not_done"), site.two: ("met", None)}
    assert client.post(action, data=form).status_code == 404
    assert site.differences() == []
    assert "场所待核对" not in client.get(f"{_page(site)}/records/disinfection_log").text


def test_the_list_of_records_marks_what_is_not_settled_and_names_the_place_of_the_rest(
    site: Dormitories,
) -> None:
    tablet = site.field.tablet("first")
    site.log(tablet)
    site.log(tablet, place_name="二号楼")
    site.report(tablet, "08:30")
    shown = _console(site, "section").get(f"{_page(site)}/records/disinfection_log").text
    assert shown.count("场所待核对") == 1
    assert shown.count('<td data-label="具体场所">二号楼</td>') == 1


def test_pages_and_papers_name_the_place_of_a_window(site: Dormitories) -> None:
    tablet = site.field.tablet("first")
    site.log(tablet, place_id=site.one)
    site.report(tablet)
    at(site.field, "13:00")
    client = _console(site, "section")
    assert "宿舍 二号楼 上午" in client.get(_page(site)).text
    listed = (
        site.field.cast.client("section").get("/api/v1/flags", query_string={"duty": "DISINFECT"}).get_json()
    )
    flag = client.get(f"/console/flags/{listed['items'][0]['id']}").text
    assert "宿舍 二号楼" in flag
    papers = f"/console/flags/{listed['items'][0]['id']}"
    printed = PdfReader(io.BytesIO(client.get(f"{papers}/file.pdf").data))
    text = "".join("".join(page.extract_text() for page in printed.pages).split())
    assert "宿舍二号楼" in text and "宿舍一号楼" not in text


def test_a_digest_names_the_places_that_lack_something(site: Dormitories) -> None:
    app, clock = site.field.app, site.field.cast.clock
    seals = app.extensions["gongdi"].seals
    with app.app_context(), write() as session:
        section = session.get_one(User, site.field.cast.users["section"])
        new = NewChannel("webhook", "https://section.example.com/")
        add_channel(session, seals, section, new, clock.now_ms())
    tablet = site.field.tablet("first")
    site.log(tablet, place_id=site.one)
    site.report(tablet)
    clock.advance(6 * 60_000)
    sent: list[str] = []

    def keep(outgoing: Outgoing) -> bool:
        sent.extend(outgoing.lines)
        return True

    with app.app_context():
        deliver_due(seals, clock.now_ms(), keep, "https://gongdi.test")
    (line,) = [line for line in sent if "消毒" in line]
    assert "宿舍 二号楼" in line and "食堂" in line and "一号楼" not in line
