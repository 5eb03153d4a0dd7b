"""The console in a plain browser: log in, read flags, log out; forms of other sites do nothing."""

from __future__ import annotations

import re

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.base.db import write
from tests.server.cast import PASSWORD, Cast, add_flag
from tests.stages import reach_reference


def log_in(client: FlaskClient, name: str, password: str = PASSWORD, onward: str = "") -> TestResponse:
    page = client.get("/console/login").text
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert token is not None
    form = {"name": name, "password": password, "form_token": token[1], "next": onward}
    return client.post("/console/login", data=form)


def test_a_section_clerk_logs_in_and_reads_a_flag(app: Flask, cast: Cast) -> None:
    reach_reference(app)
    with app.app_context(), write() as session:
        flag_id = add_flag(session, cast.site_a, "flag a")
    client = app.test_client()
    assert log_in(client, "section").location == "/console/"
    assert client.get("/console/").location == "/console/today"
    listed = client.get("/console/flags?state=all").text
    assert "牧野花园" in listed
    page = client.get(f"/console/flags/{flag_id}").text
    assert "缺失" in page
    assert "0 / 3" in page


def test_the_session_cookie_cannot_be_read_by_scripts_nor_sent_by_other_sites(app: Flask, cast: Cast) -> None:
    cookie = log_in(app.test_client(), "section").headers.getlist("Set-Cookie")[0]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    secure = app.test_client()
    page = secure.get("/console/login", base_url="https://localhost")
    assert "Secure" in page.headers["Set-Cookie"]


def test_a_form_without_this_browsers_token_changes_nothing(app: Flask, cast: Cast) -> None:
    stranger = app.test_client()
    assert stranger.post("/console/login", data={"name": "section", "password": PASSWORD}).status_code == 403
    client = app.test_client()
    log_in(client, "section")
    assert client.post("/console/logout", data={"form_token": "x"}).status_code == 403
    assert client.get("/console/flags").status_code == 200


def test_strangers_are_led_to_the_log_in_and_back_but_never_elsewhere(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    sent = client.get("/console/flags")
    assert sent.status_code == 303
    assert sent.location.startswith("/console/login?next=/console/flags")
    assert log_in(client, "section", onward="/console/flags").location == "/console/flags"
    for bad in ("https://evil.example/", "//evil.example", "/console//evil.example", "/api/v1/flags"):
        assert log_in(app.test_client(), "section", onward=bad).location == "/console/"


def test_a_wrong_password_is_reported_on_the_page(app: Flask, cast: Cast) -> None:
    answer = log_in(app.test_client(), "section", "wrong")
    assert answer.status_code == 401
    assert "用户名或密码不正确" in answer.text


def test_another_ones_flag_is_a_page_that_says_not_found(app: Flask, cast: Cast) -> None:
    with app.app_context(), write() as session:
        flag_id = add_flag(session, cast.site_b, "flag b")
    client = app.test_client()
    log_in(client, "contractor")
    answer = client.get(f"/console/flags/{flag_id}")
    assert answer.status_code == 404
    assert "没有找到" in answer.text


def test_after_log_out_the_old_cookie_opens_nothing(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    log_in(client, "section")
    kept = client.get_cookie("gongdi_session", path="/console")
    token = re.search(r'name="form_token" value="([^"]+)"', client.get("/console/flags").text)
    assert kept is not None
    assert token is not None
    client.post("/console/logout", data={"form_token": token[1]})
    client.set_cookie("gongdi_session", kept.value, path="/console")
    assert client.get("/console/flags").status_code == 303
