"""请假和代理: for some days a colleague sees the districts and gets the notices of whoever is away, and finds the work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.actions.accounts.log_in import HASHER
from server.base.db import read, write
from server.models import AuditEvent, StandIn, User
from server.models.scope import fresh_scope
from tests.server.cast import NOW_MS, PASSWORD, Cast, identity
from tests.stories.field import Field
from tests.stories.flags.cast import DAY, at, missed_flag, moved, notices, planned_field
from tests.stories.kinds.desk import at_the_console

NEXT = "2026-11-25"


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    """Two more of the same section, of another district and of another unit."""
    field = planned_field(app, cast, tmp_path)
    people = {"colleague": ("zhian", "section", "410704"), "elsewhere": ("chengjian", "section", None)}
    with app.app_context(), write() as session:
        for name, (unit, role, district) in people.items():
            user = User(
                id=identity(f"user {name}"), name=name, display_name=f"陈立 {name}", role=role, unit=unit
            )
            user.district, user.active, user.made_ms = district, True, NOW_MS
            user.password_hash = HASHER.hash(PASSWORD)
            session.add(user)
            session.add(fresh_scope("user", user.id))
            field.cast.users[name] = user.id
    return field


def marks(desk: FlaskClient) -> dict[str, str]:
    page = desk.get("/console/stand-ins").text.partition("<main")[2]
    return dict(re.findall(r'name="(form_token|form_key)" value="([^"]+)"', page)[:2])


def arranged(
    field: Field,
    name: str = "section",
    deputy: str = "colleague",
    first: str = DAY,
    last: str = DAY,
    **more: str,
) -> TestResponse:
    desk = at_the_console(field, name)
    token = marks(desk) or {}
    if not token:  # nobody to choose: the form is made by hand
        page = desk.get("/console/stand-ins").text
        token = dict(re.findall(r'name="(form_token|form_key)" value="([^"]+)"', page)[:2])
    asked = {"deputy": deputy, "first_day": first, "last_day": last, "reason": "培训", **more}
    return desk.post("/console/stand-ins", data={**token, **asked})


def sees(field: Field, name: str, flag: str) -> bool:
    return field.cast.client(name).get(f"/api/v1/flags/{flag}").status_code == 200


def deeds(field: Field) -> list[tuple[str, str, object]]:
    kinds = AuditEvent.what.in_(("stand_in_set", "stand_in_ended"))
    query = sa.select(AuditEvent.what, AuditEvent.subject, AuditEvent.changes).where(kinds)
    with field.app.app_context(), read() as session:
        return [tuple(row) for row in session.execute(query.order_by(AuditEvent.id))]


def test_whoever_stands_in_sees_the_districts_on_those_days_and_no_longer(field: Field) -> None:
    flag = missed_flag(field)
    assert not sees(field, "colleague", flag)
    assert arranged(field, first=DAY, last=NEXT).status_code == 303
    assert sees(field, "colleague", flag)
    at(field, "23:50", NEXT)
    assert sees(field, "colleague", flag)
    at(field, "00:10", "2026-11-26")
    assert not sees(field, "colleague", flag)


def test_it_does_not_begin_before_its_day_and_ends_when_it_is_called_off(field: Field) -> None:
    flag = missed_flag(field)
    arranged(field, first=NEXT, last=NEXT)
    assert not sees(field, "colleague", flag)
    at(field, "08:00", NEXT)
    assert sees(field, "colleague", flag)
    desk = at_the_console(field, "section")
    found = re.search(r"/console/stand-ins/[0-9a-f-]{36}/end", desk.get("/console/stand-ins").text)
    assert found is not None
    assert desk.post(found[0], data=marks(desk)).status_code == 303
    assert not sees(field, "colleague", flag)
    assert [what for what, _, _ in deeds(field)] == ["stand_in_set", "stand_in_ended"]


def test_the_absent_persons_work_is_found_as_ones_own_and_marked(field: Field) -> None:
    flag = missed_flag(field)
    moved(field.cast.client("section"), flag, "assign")
    arranged(field)
    colleague = field.cast.client("colleague")
    mine = colleague.get("/api/v1/flags?assignee=me").get_json()["items"]
    assert [one["id"] for one in mine] == [flag]
    page = at_the_console(field, "colleague").get("/console/today").text
    assert "您正在代理: 质安科孙丽" in page and "(您代理)" in page


def test_notices_go_to_both_and_once_to_each(field: Field) -> None:
    flag = missed_flag(field)
    moved(field.cast.client("section"), flag, "order_rectification", note="食堂每日消毒两次")
    arranged(field)
    before = notices(field, "colleague")
    moved(field.cast.client("contractor"), flag, "submit_rectification", note="已补做")
    assert notices(field, "colleague") == [*before, "submit_rectification"]
    assert notices(field, "section").count("submit_rectification") == 1
    with field.app.app_context(), write() as session:  # who sees it anyway is notified once
        session.get_one(User, field.cast.users["colleague"]).district = None
    at(field, "12:00", "2026-12-03")
    assert notices(field, "section").count("step_recheck") <= 1


def test_what_is_done_is_the_deputys_own(field: Field) -> None:
    flag = missed_flag(field)
    arranged(field)
    shown = moved(field.cast.client("colleague"), flag, "acknowledge")
    assert shown["events"][-1]["actor"] == "陈立 colleague"


def test_a_chain_of_deputies_gives_nothing_on(field: Field) -> None:
    flag = missed_flag(field)
    with field.app.app_context(), write() as session:
        third = User(
            id=identity("user third"), name="third", display_name="第三人", role="section", unit="zhian"
        )
        third.district, third.active, third.made_ms = "410711", True, NOW_MS
        third.password_hash = HASHER.hash(PASSWORD)
        session.add(third)
        session.add(fresh_scope("user", third.id))
    arranged(field)
    arranged(field, name="colleague", deputy="third")
    assert sees(field, "colleague", flag)
    assert not sees(field, "third", flag)


@pytest.mark.parametrize(
    "asked",
    [
        {"deputy": "elsewhere"},
        {"deputy": "section"},
        {"deputy": "nobody"},
        {"first": "2026-11-20", "last": "2026-11-21"},
        {"first": NEXT, "last": DAY},
        {"last": "2027-11-25"},
        {"first": "2026-02-30"},
        {"last": ""},
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_with_a_reason(field: Field, asked: dict[str, str]) -> None:
    answer = arranged(field, **asked)
    assert answer.status_code == 422 and 'role="alert"' in answer.text
    with field.app.app_context(), read() as session:
        assert session.scalars(sa.select(StandIn)).all() == []


def test_one_is_stood_in_for_by_one_person_at_a_time(field: Field) -> None:
    assert arranged(field, first=DAY, last="2026-11-27").status_code == 303
    assert arranged(field, first="2026-11-27", last="2026-11-28").status_code == 422
    assert arranged(field, first="2026-11-28", last="2026-11-28").status_code == 303


def test_one_arranges_only_ones_own_absence_and_an_administrator_anybodys(field: Field) -> None:
    colleague = field.cast.users["colleague"]
    arranged(field, user=colleague)
    assert deeds(field)[0][1] == "质安科孙丽"
    given = arranged(field, name="admin", deputy="section", user=colleague)
    assert given.status_code == 303
    (deed,) = deeds(field)[1:]
    assert deed == ("stand_in_set", "陈立 colleague", {"deputy": [None, f"质安科孙丽, {DAY} 至 {DAY}"]})
    other = at_the_console(field, "brigade")
    found = re.search(
        r"/stand-ins/([0-9a-f-]{36})/end", at_the_console(field, "section").get("/console/stand-ins").text
    )
    assert found is not None
    assert other.post(f"/console/stand-ins/{found[1]}/end", data=marks(other)).status_code in (403, 404)
    for name in ("contractor", "inspector"):
        assert at_the_console(field, name).get("/console/stand-ins").status_code == 404
