"""Devices and their codes at the console: found, revoked with a reason; codes drawn for many inspectors at once."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
import segno
import sqlalchemy as sa
from markupsafe import Markup

from server.actions.accounts.manage_users import NewUser, add_user
from server.base.db import read, write
from server.models import AuditEvent, Device, EnrolCode
from server.rules.flags.words import ahead
from tests.server.cast import PASSWORD
from tests.server.office import Office, refusal_of
from tests.stories.field import Field
from tests.stories.flags.cast import planned_field

ADDRESS = "http://localhost"
LOG = {"place": "canteen", "agent": "chlorine", "operator": "王师傅"}


@pytest.fixture
def field(office: Office, tmp_path: Path) -> Field:
    return planned_field(office.app, office.cast, tmp_path)


def enrolled(office: Office) -> str:
    with office.app.app_context(), read() as session:
        return str(session.scalars(sa.select(Device.id).where(Device.device_class == "tablet")).one())


def test_a_device_is_found_with_its_clock_and_revoked_with_a_reason(office: Office, field: Field) -> None:
    tablet = field.tablet("t1")
    tablet.add(field.scope, "disinfection_log", LOG)
    assert tablet.sync().ok
    admin, device = office.seat("admin"), enrolled(office)
    assert "检查员李华" in admin.get("admin/devices?state=active&class=tablet&text=李华")
    assert "没有找到" in admin.get("admin/devices?class=gate")
    page = f"admin/devices/{device}"
    assert "牧野花园" in admin.get(page) and "<dd>准</dd>" in admin.get(page)
    assert admin.send(page, reason="丢").status_code == 422
    assert admin.send(page, reason="丢在公交车上\x00").status_code == 303
    shown = admin.get(page)
    assert "丢在公交车上" in shown and "已注销" in shown
    assert f"admin/codes?user={office.cast.users['inspector']}" in shown
    with office.app.app_context(), read() as session:
        row = session.scalars(sa.select(AuditEvent).where(AuditEvent.what == "device_revoked")).one()
        assert (row.user_id, row.subject_id) == (office.cast.users["admin"], device)


def test_how_far_a_clock_is_off_is_said_in_words() -> None:
    cases = {None: "—", 900: "准", -12_000: "慢 12 秒", 180_000: "快 3 分钟", -7_200_000: "慢 2 小时"}
    assert {given: ahead(given) for given in cases} == cases
    assert ahead(3 * 86_400_000) == "快 3 天"


def test_codes_for_many_inspectors_are_drawn_once_and_lead_to_this_server(office: Office) -> None:
    with office.app.app_context(), write() as session:
        other = add_user(session, NewUser("zhao", "inspector", PASSWORD, "检查员赵六"), 0).id
    admin, users = office.seat("admin"), [office.cast.users["inspector"], other]
    answer = admin.send("admin/codes", **{"user": users, "class": "tablet"})
    assert answer.status_code == 200
    codes = re.findall(r'class="one-time">([\w-]+)<', answer.text)
    assert len(set(codes)) == 2 and "检查员赵六" in answer.text
    for code in codes:
        link = f"{ADDRESS}/field/#code={code}"
        drawn = segno.make(link, error="m").svg_inline(omitsize=True, svgclass="qr")
        assert Markup(drawn) in answer.text
    assert "style=" not in answer.text
    with office.app.app_context(), read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(EnrolCode)) == 2


def test_codes_are_refused_for_nobody_for_others_and_for_strange_classes(office: Office) -> None:
    admin, inspector = office.seat("admin"), office.cast.users["inspector"]
    for given, code in (
        ({}, "invalid_input"),
        ({"user": "x"}, "invalid_input"),
        ({"user": office.cast.site_a}, "invalid_input"),
        ({"user": office.cast.users["section"]}, "not_an_inspector"),
        ({"user": inspector, "class": "toaster"}, "unknown_device_class"),
        ({"user": [f"x{n}" for n in range(101)]}, "invalid_input"),
    ):
        answer = admin.send("admin/codes", **{"class": "tablet", **given})
        assert refusal_of(answer) == code, given
    with office.app.app_context(), read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(EnrolCode)) == 0


@pytest.mark.parametrize("name", ["section", "inspector"])
def test_devices_and_codes_are_for_administrators_alone(office: Office, name: str) -> None:
    seat = office.seat(name)
    for page in ("admin/devices", f"admin/devices/{office.cast.site_a}", "admin/codes"):
        seat.get(page, 404)
    assert seat.send("password", "admin/codes", user=office.cast.users["inspector"]).status_code == 404
    assert seat.send("password", f"admin/devices/{office.cast.site_a}").status_code == 404
    office.seat("admin").get(f"admin/devices/{office.cast.site_a}", 404)
    assert "没有找到" in unescape(office.seat("admin").get("admin/devices?text=%00%25&state=%00"))
