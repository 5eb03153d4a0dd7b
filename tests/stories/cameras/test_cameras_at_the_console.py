"""Cameras as people see and edit them: the page 在线监控, a site's page, the administrator's page, files and commands."""

from __future__ import annotations

import io
import json
import re

import openpyxl
import pytest
import sqlalchemy as sa

from server.actions.cameras.take_reports import take_events
from server.actions.reference.load_reference import tx_of
from server.base.db import read, write
from server.console.pages import COOKIE
from server.models import AuditEvent, Camera, Platform
from server.rules.camera_adapters import Event
from tests.server.office import Seat, refusal_of
from tests.stories.cameras.platform import DAY, GATE, NVR, WALL, Watching, Wvp


def _seat(watching: Watching, name: str) -> Seat:
    client = watching.app.test_client()
    client.set_cookie(COOKIE, watching.cast.client(name).token, path="/console")
    return Seat(client)


def test_what_is_offline_or_silent_comes_first(watching: Watching, wvp: Wvp) -> None:
    wvp.devices[NVR] = (True, {GATE: "ON", WALL: "OFF"})
    watching.now("08:00")
    watching.poll()
    page = _seat(watching, "section").get("cameras")
    assert page.index("围墙枪机") < page.index("大门球机")
    assert ">离线<" in page and ">失联<" not in page
    wvp.breaks = "status"
    watching.now("10:00")
    watching.poll()
    watching.tick()
    page = _seat(watching, "section").get("cameras")
    assert "平台出错" in page and ">失联<" in page and ">标记<" in page
    assert page.count(">没有上报<") >= 2, "nobody knows what they are now"
    assert page.index("此前离线") < page.index("此前在线")
    flag = re.search(r'href="/console/(flags/[0-9a-f-]+)">标记<', page)
    assert flag is not None
    assert "市平台, 1 个地点" in _seat(watching, "section").get(flag[1])


def test_a_sites_page_has_its_cameras_and_names_their_windows(watching: Watching, wvp: Wvp) -> None:
    watching.now("08:00")
    watching.poll()
    page = _seat(watching, "section").get(f"sites/{watching.cast.site_a}")
    assert "大门球机" in page.partition('id="cameras"')[2]
    assert "大门球机" in page.partition("逐个时段")[2].partition('id="places"')[0]


@pytest.mark.parametrize(
    ("name", "status"), [("contractor", 404), ("inspector", 404), ("section", 200), ("admin", 200)]
)
def test_the_page_is_for_officials_and_administrators(watching: Watching, name: str, status: int) -> None:
    _seat(watching, name).get("cameras", status)


def test_an_official_sees_cameras_of_own_sites_only(watching: Watching) -> None:
    watching.add_camera("41070200001320000003", "塔吊", site=watching.cast.site_b)
    page = _seat(watching, "section").get("cameras")
    assert "大门球机" in page and "塔吊" not in page


def test_an_administrator_adds_and_closes_platform_and_cameras(bare: Watching) -> None:
    admin = _seat(bare, "admin")
    done = admin.send("admin/cameras", "admin/platforms", name="推送平台", adapter="webhook")
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", done.text)
    assert secret is not None
    assert secret[0] not in admin.get("admin/cameras")
    camera = {"code": GATE, "name": "大门球机", "site": "牧野花园", "place": "大门", "platform": "推送平台"}
    assert admin.send("admin/cameras", **camera).status_code == 303
    again = admin.send("admin/cameras", **camera)
    assert again.status_code == 422 and "已在 牧野花园 登记" in again.text
    with bare.app.app_context(), read() as session:
        row = session.scalars(sa.select(Camera)).one()
        assert row.place_id is not None
    assert admin.send("admin/cameras", f"admin/cameras/{row.id}/close").status_code == 303
    assert bare.camera(GATE).to_ms is not None
    with bare.app.app_context(), read() as session:
        deeds = set(session.scalars(sa.select(AuditEvent.what).where(AuditEvent.what.like("%camera%"))))
    assert deeds == {"camera_added", "camera_closed"}


@pytest.mark.parametrize(
    "address",
    ["ftp://x", "https://user:key@wvp.example", "https://wvp.example/?key=1", "wvp.example", "https://"],
)
def test_an_address_with_a_secret_in_it_or_none_at_all_is_refused(bare: Watching, address: str) -> None:
    given = {"name": "市平台", "adapter": "wvp", "address": address, "secret": "k"}
    answer = _seat(bare, "admin").send("admin/cameras", "admin/platforms", **given)
    assert (answer.status_code, refusal_of(answer)) == (422, "invalid_input")


def _workbook(*rows: tuple[str, ...]) -> io.BytesIO:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("编码", "名称", "地点", "场所", "平台"), *rows):
        sheet.append(row)
    kept = io.BytesIO()
    book.save(kept)
    kept.seek(0)
    return kept


def test_a_file_is_entered_whole_or_not_at_all_and_twice_changes_nothing(bare: Watching, wvp: Wvp) -> None:
    bare.add_platform("wvp", wvp.address)
    good = [(GATE, "大门球机", "牧野花园", "大门", "市平台"), (WALL, "", "牧野花园", "", "市平台")]
    admin = _seat(bare, "admin")

    def enter(*rows: tuple[str, ...]) -> tuple[int, str]:
        answer = admin.send("admin/cameras", "admin/cameras/file", file=(_workbook(*rows), "a.xlsx"))
        return answer.status_code, answer.text

    status, page = enter(
        *good, ("123", "x", "牧野花园", "", "市平台"), (NVR, "x", "没有的地点", "", "市平台")
    )
    assert status == 422 and "第 4 行" in page and "第 5 行" in page
    with bare.app.app_context(), read() as session:
        assert session.scalars(sa.select(Camera)).all() == []
    assert enter(*good)[0] == 303
    assert enter(*good)[0] == 303
    with bare.app.app_context(), read() as session:
        assert sorted(session.scalars(sa.select(Camera.code))) == [GATE, WALL]


def test_leads_are_shown_and_not_to_the_administrator(watching: Watching) -> None:
    watching.now("08:00", DAY)
    with watching.app.app_context(), write() as session:
        tx = tx_of(session, watching.app.extensions["gongdi"].seals, watching.cast.clock.now_ms())
        platform = session.get_one(Platform, watching.platform)
        take_events(tx, platform, watching.cast.site_a, [Event(GATE, "no_helmet", "", "helmet")])
    assert "未戴安全帽" in _seat(watching, "section").get("cameras")
    assert "未戴安全帽" not in _seat(watching, "admin").get("cameras")


def test_states_are_read_through_the_api_as_records(watching: Watching, wvp: Wvp) -> None:
    watching.poll_through("08:00", "09:00")
    caller = watching.cast.client("section")
    answer = caller.get(f"/api/v1/records?kind=camera_state&site={watching.cast.site_a}")
    assert answer.status_code == 200, answer.text
    assert GATE in answer.text and WALL in answer.text, json.loads(answer.text)
