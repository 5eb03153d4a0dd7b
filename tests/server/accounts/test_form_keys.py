"""A form of the console counts once, and what was typed outlives the session it was typed in."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.actions.accounts.form_keys import DRAFTS_MAX, KEY_MS
from server.actions.accounts.log_in import SESSION_MS
from server.actions.ops.expire_rows import expire_rows
from server.actions.reference.load_reference import rules_in_force
from server.base.db import read, write
from server.console.forms import FORMS
from server.models import Flag, FlagEvent, SentForm
from tests.server.cast import PASSWORD, Cast, add_flag
from tests.stages import reach_reference

WORDS = "食堂当日未消毒, 请补做"


@pytest.fixture
def flag(app: Flask, cast: Cast) -> str:
    reach_reference(app)
    with app.app_context(), write() as session:
        flag_id = add_flag(session, cast.site_a, "flag a")
        session.execute(sa.update(Flag).where(Flag.id == flag_id).values(state="open", closed_ms=None))
    return flag_id


def _field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, name
    return found[1]


def _logged_in(app: Flask, name: str, onward: str = "", client: FlaskClient | None = None) -> FlaskClient:
    client = client or app.test_client()
    page = client.get("/console/login").text
    form = {"name": name, "password": PASSWORD, "form_token": _field(page, "form_token"), "next": onward}
    assert client.post("/console/login", data=form).status_code == 303
    return client


def _order(client: FlaskClient, flag: str, words: str = WORDS) -> dict[str, str]:
    """The form for an order as the page has it, filled in."""
    page = client.get(f"/console/flags/{flag}").text
    marks = {name: _field(page, name) for name in ("form_token", "form_key", "rev")}
    return {**marks, "action": "order_rectification", "note": words}


def _send(client: FlaskClient, flag: str, form: dict[str, str]) -> TestResponse:
    return client.post(f"/console/flags/{flag}/actions", data=form)


def _moves(app: Flask, flag: str) -> list[str]:
    with app.app_context(), read() as session:
        query = sa.select(FlagEvent.action).where(FlagEvent.flag_id == flag, FlagEvent.actor != "scheduler")
        return list(session.scalars(query.order_by(FlagEvent.n)))


def test_what_was_typed_when_the_session_ended_is_in_the_form_after_the_log_in(
    app: Flask, cast: Cast, flag: str
) -> None:
    client = _logged_in(app, "section")
    form = _order(client, flag)
    cast.clock.advance(SESSION_MS)
    sent = _send(client, flag, form)
    assert sent.location == f"/console/login?next=/console/flags/{flag}&kept=1"
    assert "已经保存" in client.get(sent.location).text
    _logged_in(app, "section", f"/console/flags/{flag}", client)
    page = client.get(f"/console/flags/{flag}").text
    assert f">{WORDS}</textarea>" in page
    assert _moves(app, flag) == []
    assert _send(client, flag, _order(client, flag)).status_code == 303
    assert _moves(app, flag) == ["order_rectification"]
    assert WORDS not in re.findall(r"<textarea[^>]*>([^<]*)", client.get(f"/console/flags/{flag}").text)


def test_a_draft_is_sealed_and_shown_to_its_writer_alone(app: Flask, cast: Cast, flag: str) -> None:
    client = _logged_in(app, "section")
    form = _order(client, flag)
    cast.clock.advance(SESSION_MS)
    _send(client, flag, form)
    assert WORDS not in _logged_in(app, "brigade").get(f"/console/flags/{flag}").text
    with app.app_context(), read() as session:
        kept = session.scalars(sa.select(SentForm.fields)).one()
    assert kept is not None and WORDS.encode() not in kept


def test_a_form_of_an_earlier_session_gives_its_words_to_the_new_one(
    app: Flask, cast: Cast, flag: str
) -> None:
    client = _logged_in(app, "section")
    form = _order(client, flag)
    client.post("/console/logout", data=form)
    _logged_in(app, "section", client=client)
    refused = _send(client, flag, form)
    assert refused.status_code == 403
    assert f'href="/console/flags/{flag}"' in refused.text
    assert f">{WORDS}</textarea>" in client.get(f"/console/flags/{flag}").text


@pytest.mark.parametrize("key", ["", "x", "{}.0.aaaaaaaaaaaaaaaaaaaaaaaa." + "0" * 32])
def test_nobody_can_leave_words_in_another_ones_form(app: Flask, cast: Cast, flag: str, key: str) -> None:
    key = key.format(cast.users["section"].replace("-", ""))
    sent = _send(app.test_client(), flag, {"form_key": key, "note": "x", "action": "comment"})
    assert sent.status_code == 303
    assert "kept" not in sent.location
    with app.app_context(), read() as session:
        assert session.scalars(sa.select(SentForm)).all() == []


def test_drafts_are_few_and_strangers_send_few_of_them(app: Flask, cast: Cast, flag: str) -> None:
    client = _logged_in(app, "section")
    forms = [_order(client, flag, f"{WORDS}{i}") for i in range(DRAFTS_MAX + 2)]
    cast.clock.advance(SESSION_MS)
    for form in forms:
        cast.clock.advance(1)
        _send(client, flag, form)
    with app.app_context(), read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(SentForm)) == DRAFTS_MAX
    answers = {_send(client, flag, forms[0]).status_code for _ in range(40)}
    assert answers == {303, 429}


def test_the_same_form_sent_twice_is_one_move(app: Flask, cast: Cast, flag: str) -> None:
    client = _logged_in(app, "section")
    form = _order(client, flag)
    assert _send(client, flag, form).status_code == 303
    cast.clock.advance(3_600_000)
    assert _send(client, flag, form).status_code == 303
    assert _moves(app, flag) == ["order_rectification"]


def test_a_form_that_is_pressed_twice_at_once_is_one_move(
    app: Flask, second_app: Flask, cast: Cast, flag: str
) -> None:
    client = _logged_in(app, "section")
    form = {**_order(client, flag), "action": "comment"}
    cookie = client.get_cookie("gongdi_session", path="/console")
    assert cookie is not None

    def press(pressed: Flask) -> int:
        other = pressed.test_client()
        other.set_cookie("gongdi_session", cookie.value, path="/console")
        return _send(other, flag, form).status_code

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(press, (app, second_app))) == [303, 303]
    assert _moves(app, flag) == ["comment"]


def test_the_same_form_with_other_words_is_refused_with_its_words(app: Flask, cast: Cast, flag: str) -> None:
    client = _logged_in(app, "section")
    form = _order(client, flag)
    _send(client, flag, form)
    again = _send(client, flag, {**form, "note": "另一句话"})
    assert again.status_code == 409
    assert "form_used" in again.text
    assert "另一句话" in again.text
    assert _moves(app, flag) == ["order_rectification"]


def test_a_page_that_was_fetched_again_by_going_back_makes_no_second_order(
    app: Flask, cast: Cast, flag: str
) -> None:
    client = _logged_in(app, "section")
    _send(client, flag, _order(client, flag))
    cast.clock.advance(6_000)
    assert _send(client, flag, _order(client, flag)).status_code == 303
    assert _moves(app, flag) == ["order_rectification"]
    _send(client, flag, _order(client, flag, "另一个期限"))
    _send(client, flag, _order(client, flag))
    assert _moves(app, flag) == ["order_rectification"] * 3, "other words between are other moves"
    cast.clock.advance(600_000)
    _send(client, flag, _order(client, flag))
    assert _moves(app, flag) == ["order_rectification"] * 4, "ten minutes later it is meant"


def test_a_refused_move_leaves_its_form_free(app: Flask, cast: Cast, flag: str) -> None:
    client = _logged_in(app, "section")
    form = _order(client, flag)
    assert _send(client, flag, {**form, "note": ""}).status_code == 422
    assert _send(client, flag, form).status_code == 303


def test_forms_are_forgotten_when_their_keys_are(app: Flask, cast: Cast, flag: str) -> None:
    client = _logged_in(app, "section")
    form = _order(client, flag)
    _send(client, flag, form)
    cast.clock.advance(KEY_MS)
    with app.app_context(), write() as session:
        expire_rows(session, cast.clock.now_ms(), rules_in_force(session))
        assert session.scalars(sa.select(SentForm)).all() == []


def test_every_form_of_the_console_names_the_page_that_it_is_on(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("console.") and "POST" in (rule.methods or ()):
            page = FORMS[rule.endpoint].page
            (on,) = app.url_map.iter_rules(page)
            assert "GET" in (on.methods or ()), rule.endpoint
            assert on.arguments <= rule.arguments, rule.endpoint


@pytest.mark.parametrize("bad", ["/console/notices/read", "/console/nothing", "/console/flags?state=all"])
def test_only_a_page_is_gone_to_after_the_log_in(app: Flask, cast: Cast, bad: str) -> None:
    client = app.test_client()
    page = client.get("/console/login", query_string={"next": bad}).text
    assert _field(page, "next") == "/console/"


def test_the_way_to_the_log_in_carries_no_query(app: Flask, cast: Cast) -> None:
    sent = app.test_client().get("/console/flags?state=all&company=91410700MA40000A10")
    assert sent.location == "/console/login?next=/console/flags"


def test_a_log_in_page_that_lay_open_too_long_is_shown_again_with_its_aim(app: Flask, cast: Cast) -> None:
    form = {"name": "section", "password": PASSWORD, "form_token": "x", "next": "/console/flags"}
    answer = app.test_client().post("/console/login", data=form)
    assert answer.status_code == 403
    assert _field(answer.text, "next") == "/console/flags"
