"""Users at the console: a one-time password opens nothing but its own change, and no administrator makes a second self."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from server.actions.accounts.manage_users import ONE_TIME_MS
from server.base.db import read
from server.models import AuditEvent, User
from tests.server.cast import COMPANY_A, PASSWORD
from tests.server.office import Office, marks_of, refusal_of
from tests.server.web.test_console import log_in

NEW = {"name": "lihua2", "role": "inspector", "display_name": "李华二", "unit": "zhijianzhan"}
OWN = "three unrelated words"


def added(office: Office, **changed: str) -> tuple[str, str]:
    """The id and the one-time password of a new user."""
    answer = office.seat("admin").send("admin/users", **{**NEW, **changed})
    assert answer.status_code == 200, answer.text
    password = re.search(r'class="one-time">([^<]+)<', answer.text)
    assert password is not None
    with office.app.app_context(), read() as session:
        user_id = session.scalar(sa.select(User.id).where(User.name == {**NEW, **changed}["name"]))
    return str(user_id), password[1]


def change(client: FlaskClient, current: str, new: str, again: str | None = None):  # type: ignore[no-untyped-def]
    marks = marks_of(client.get("/console/password").text)
    given = {"current": current, "password": new, "again": new if again is None else again}
    return client.post("/console/password", data={**marks, **given})


def test_a_one_time_password_opens_only_the_page_that_changes_it(office: Office) -> None:
    _, password = added(office)
    client = office.app.test_client()
    log_in(client, "lihua2", password)
    for page in ("/console/flags", "/console/", f"/console/sites/{office.cast.site_a}"):
        assert client.get(page).location == "/console/password"
    api = office.app.test_client().post("/api/v1/sessions", json={"name": "lihua2", "password": password})
    assert (api.status_code, api.get_json()["code"]) == (401, "password_change_needed")
    for new, again, code in (
        (password, None, "invalid_input"),
        ("password", None, "invalid_input"),
        (OWN, "another", "invalid_input"),
    ):
        assert refusal_of(change(client, password, new, again)) == code
    assert refusal_of(change(client, "wrong", OWN)) == "login_failed"
    assert change(client, password, OWN).status_code == 303
    assert client.get("/console/flags").status_code == 200
    assert log_in(office.app.test_client(), "lihua2", password).status_code == 401
    assert log_in(office.app.test_client(), "lihua2", OWN).status_code == 303


def test_a_one_time_password_that_nobody_used_in_time_opens_nothing(office: Office) -> None:
    user_id, password = added(office)
    office.cast.clock.advance(ONE_TIME_MS)
    answer = log_in(office.app.test_client(), "lihua2", password)
    assert (answer.status_code, "一次性密码已过期" in answer.text) == (401, True)
    assert "一次性密码已过期" in office.seat("admin").get(f"admin/users/{user_id}")


def test_a_reset_ends_every_session_and_is_shown_once(office: Office) -> None:
    section = office.seat("section")
    section.get("flags")
    admin, user = office.seat("admin"), office.cast.users["section"]
    page = f"admin/users/{user}"
    marks = marks_of(admin.get(page))
    first = admin.client.post(f"/console/{page}/password", data=marks)
    assert first.status_code == 200 and "one-time" in first.text
    assert section.client.get("/console/flags").status_code == 303
    again = admin.client.post(f"/console/{page}/password", data=marks)
    assert (again.status_code, refusal_of(again)) == (409, "form_used")


def test_no_administrator_makes_resets_or_enables_another_one(office: Office) -> None:
    admin, deputy = office.seat("admin"), office.cast.users["deputy"]
    made = admin.send("admin/users", **{**NEW, "role": "admin"})
    assert refusal_of(made) == "administrator_by_command"
    page = f"admin/users/{deputy}"
    reset = admin.send(page, f"{page}/password")
    assert refusal_of(reset) == "administrator_by_command"
    assert admin.send(page, f"{page}/active", active="0", reason="调离").status_code == 303
    assert refusal_of(admin.send(page, f"{page}/active", active="1")) == "administrator_by_command"
    own = f"admin/users/{office.cast.users['admin']}"
    assert refusal_of(admin.send(own, f"{own}/active", active="0")) == "not_yourself"


def test_a_user_is_found_edited_and_disabled_and_the_audit_knows_who_did_it(office: Office) -> None:
    admin, user = office.seat("admin"), office.cast.users["section"]
    found = admin.get("admin/users?text=孙丽&role=section&state=active")
    assert "质安科孙丽" in found and "王芳" not in found
    page = f"admin/users/{user}"
    given = {"display_name": "孙丽丽", "unit": "zhian", "district": ["410702", "410704"]}
    assert admin.send(page, **given).status_code == 303
    assert "孙丽丽" in admin.get(page)
    assert admin.send(page, f"{page}/active", active="0", reason="调离\x00").status_code == 303
    assert log_in(office.app.test_client(), "section").status_code == 401
    assert admin.send(page, f"{page}/active", active="1").status_code == 303
    assert log_in(office.app.test_client(), "section").status_code == 303
    with office.app.app_context(), read() as session:
        rows = session.scalars(sa.select(AuditEvent).where(AuditEvent.subject_id == user)).all()
        found_rows = {row.what: (row.user_id, row.changes, row.reason) for row in rows}
    by = office.cast.users["admin"]
    assert found_rows["user_edited"][1]["district"] == ["410702", "410702,410704"]
    assert found_rows["user_disabled"] == (by, {}, "调离")
    assert found_rows["user_enabled"][0] == by
    assert found_rows["logged_in"][0] == user


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("name", {"name": "a b"}),
        ("name", {"name": "x" * 65}),
        ("role", {"role": "root"}),
        ("display_name", {"display_name": "x\x00"}),
        ("unit", {"unit": "nowhere"}),
        ("unit", {"role": "section", "unit": ""}),
        ("company", {"role": "contractor", "company": COMPANY_A[:-1] + "1"}),
        ("district", {"district": "41"}),
    ],
)
def test_a_user_who_cannot_be_is_refused_with_what_was_typed(
    office: Office, field: str, changed: dict[str, str]
) -> None:
    answer = office.seat("admin").send("admin/users", **{**NEW, **changed})
    assert (answer.status_code, refusal_of(answer)) == (422, "invalid_input")
    assert "李华二" in answer.text or field == "display_name"


def test_a_name_that_is_taken_is_said_and_strange_searches_find_nothing(office: Office) -> None:
    admin = office.seat("admin")
    assert refusal_of(admin.send("admin/users", **{**NEW, "name": "section"})) == "name_taken"
    for asked in ("text=%00", "text=%25", "role=%00", "state=x", "start=99999", "text=" + "x" * 500):
        assert "没有找到" in admin.get(f"admin/users?{asked}") or asked in ("role=%00", "text=%00")


@pytest.mark.parametrize("name", ["section", "brigade", "contractor", "inspector"])
def test_users_are_for_administrators_alone(office: Office, name: str) -> None:
    seat, user = office.seat(name), office.cast.users["brigade"]
    for page in ("admin/users", f"admin/users/{user}"):
        seat.get(page, 404)
    assert seat.send("password", "admin/users", **NEW).status_code == 404
    for action in ("", "/active", "/password"):
        assert seat.send("password", f"admin/users/{user}{action}").status_code == 404


def test_a_form_of_another_site_adds_nobody(office: Office) -> None:
    answer = office.seat("admin").client.post("/console/admin/users", data={**NEW, "form_token": "x"})
    assert (answer.status_code, refusal_of(answer)) == (403, "form_expired")


def test_everybody_changes_the_own_password_and_other_browsers_are_logged_out(office: Office) -> None:
    one, other = office.app.test_client(), office.app.test_client()
    for client in (one, other):
        log_in(client, "contractor")
    assert change(one, PASSWORD, OWN).status_code == 303
    assert one.get("/console/flags").status_code == 200
    assert other.get("/console/flags").status_code == 303
