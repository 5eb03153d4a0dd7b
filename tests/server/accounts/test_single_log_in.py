"""统一登录: an account at the bureau's provider logs in whoever has tied it, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import oidc_provider_mock
import pytest
import requests
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.base.config import Config, ConfigError
from server.base.db import read, write
from server.console.pages import COOKIE
from server.models import User
from tests.live import serving
from tests.server.office import Office, marks_of

ACCOUNT = "4f1c7d0a"
BACK = "/console/login/single/back"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    person = oidc_provider_mock.User(sub=ACCOUNT, claims={"preferred_username": "wangfang"})
    with serving(oidc_provider_mock.app(user_claims=[person])) as address:
        yield address


@pytest.fixture
def config(database_url: str, tmp_path: Path, provider: str) -> Config:
    plain = Config.from_env({"GONGDI_DATABASE_URL": database_url, "GONGDI_DATA_DIR": str(tmp_path)})
    return replace(plain, oidc_issuer=provider, oidc_client_id="gongdi", oidc_client_secret="secret")


def went(client: FlaskClient, account: str = ACCOUNT, onward: str = "") -> TestResponse:
    """To the provider, which knows the person, and back."""
    return client.get(answered(client, account, onward))


def answered(client: FlaskClient, account: str = ACCOUNT, onward: str = "") -> str:
    """The way back that the provider names."""
    away = client.get("/console/login/single", query_string={"next": onward})
    assert away.status_code == 302, away.text
    answer = requests.post(away.location, data={"sub": account}, allow_redirects=False, timeout=10)
    return answer.headers["Location"].removeprefix("http://localhost")


def tied(office: Office, name: str, account: str = ACCOUNT) -> TestResponse:
    seat = office.seat(name)
    page = went(seat.client, account)
    assert page.status_code == 200, page.text
    return seat.client.post("/console/login/single/tie", data=marks_of(page.text))


def test_an_account_that_nobody_has_tied_opens_nothing_and_says_what_to_do(office: Office) -> None:
    client = office.app.test_client()
    answer = went(client)
    assert answer.status_code == 403 and "还没有绑定用户" in answer.text and "更换密码" in answer.text
    assert client.get("/console/flags").status_code == 303


def test_who_has_tied_an_account_is_logged_in_by_it_and_comes_where_they_wanted(office: Office) -> None:
    assert tied(office, "section").location == "/console/password"
    client = office.app.test_client()
    page = "/console/notices"
    assert went(client, onward=page).location == page
    assert client.get(page).status_code == 200
    assert went(office.app.test_client(), account="another").status_code == 403


def test_the_form_says_whose_account_is_tied_to_whom(office: Office) -> None:
    page = went(office.seat("section").client)
    assert "wangfang" in page.text and "section" in page.text


def test_an_account_is_one_users(office: Office) -> None:
    tied(office, "section")
    again = tied(office, "inspector")
    assert again.status_code == 409 and "已绑定别的用户" in again.text


@pytest.mark.parametrize("by", ["section", "admin"])
def test_an_account_that_was_untied_opens_nothing(office: Office, by: str) -> None:
    tied(office, "section")
    user = office.cast.users["section"]
    page, to = {
        "section": ("password", "password/untie"),
        "admin": (f"admin/users/{user}", f"admin/users/{user}/untie"),
    }[by]
    seat = office.seat(by)
    assert "解除绑定" in seat.get(page)
    assert seat.send(page, to).status_code == 303
    assert went(office.app.test_client()).status_code == 403
    assert "绑定统一登录账号" in office.seat("section").get("password")


def test_a_disabled_user_does_not_come_in(office: Office) -> None:
    tied(office, "section")
    with office.app.app_context(), write() as session:
        session.execute(sa.update(User).where(User.id == office.cast.users["section"]).values(active=False))
    assert went(office.app.test_client()).status_code == 403


def test_an_answer_for_another_browser_is_refused(office: Office) -> None:
    tied(office, "section")
    mine, others = office.app.test_client(), office.app.test_client()
    back = answered(mine)
    refused = others.get(back)
    assert (refused.status_code, "统一登录没有成功" in refused.text) == (502, True)
    assert mine.get(back).status_code == 303
    assert mine.get(back).status_code == 502  # an answer is good once


@pytest.mark.parametrize("query", ["", "?code=x", "?code=x&state=y", "?error=access_denied&state=z"])
def test_an_answer_that_nobody_asked_for_is_refused(office: Office, query: str) -> None:
    assert office.app.test_client().get(BACK + query).status_code == 502


def test_nothing_is_tied_without_the_providers_word(office: Office) -> None:
    assert office.seat("section").send("password", "login/single/tie").status_code == 404


def test_an_account_that_somebody_else_was_asked_about_is_not_tied(office: Office) -> None:
    seat = office.seat("section")
    went(seat.client)
    seat.client.set_cookie(COOKIE, office.cast.client("inspector").token, path="/console")  # in this browser
    assert seat.send("password", "login/single/tie").status_code == 404
    with office.app.app_context(), read() as session:
        assert not session.scalars(sa.select(User).where(User.oidc_digest.is_not(None))).all()


def test_a_provider_that_is_away_leaves_the_password(office: Office) -> None:
    office.app.extensions["gongdi_provider"].server_metadata.clear()
    office.app.extensions["gongdi_provider"]._server_metadata_url = "http://127.0.0.1:9/nothing"
    answer = office.app.test_client().get("/console/login/single")
    assert answer.status_code == 502 and 'name="password"' in answer.text


def test_settings_that_are_not_whole_are_refused() -> None:
    whole = {
        "GONGDI_OIDC_ISSUER": "https://id.example",
        "GONGDI_OIDC_CLIENT_ID": "gongdi",
        "GONGDI_OIDC_CLIENT_SECRET": "x",
    }
    assert Config.from_env(whole).oidc_issuer == "https://id.example"
    for name in whole:
        with pytest.raises(ConfigError):
            Config.from_env({**whole, name: ""})
    with pytest.raises(ConfigError):
        Config.from_env({**whole, "GONGDI_OIDC_ISSUER": "http://id.example"})
