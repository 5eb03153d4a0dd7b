"""Enrolment codes: used once, also by two at once; burnt after five wrong tries; dead after ten minutes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.accounts.manage_users import find_user
from server.actions.devices.enrol_code import LIFE_MS, TRIES_MAX, make_code, redeem_code
from server.base.db import read, write
from server.base.problems import Problem
from server.models import Notice
from tests.server.cast import NOW_MS, Cast


def _make(app: Flask) -> str:
    with app.app_context(), write() as session:
        return make_code(session, find_user(session, "inspector"), NOW_MS)


def _redeem(app: Flask, code: str, now_ms: int = NOW_MS) -> str | None:
    with app.app_context(), write() as session:
        found = redeem_code(session, code, now_ms)
        return None if found is None else found[0].name


def _wrong(code: str) -> str:
    return code[:-1] + ("0" if code[-1] != "0" else "1")


def test_a_code_enrols_its_user_once(app: Flask, cast: Cast) -> None:
    code = _make(app)
    assert _redeem(app, code) == "inspector"
    assert _redeem(app, code) is None


def test_a_code_may_be_typed_as_people_type(app: Flask, cast: Cast) -> None:
    code = _make(app)
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert _redeem(app, typed) == "inspector"


def test_of_two_who_redeem_a_code_at_once_one_gets_in(app: Flask, second_app: Flask, cast: Cast) -> None:
    code, together = _make(app), Barrier(2)

    def race(own: Flask) -> str | None:
        together.wait()
        return _redeem(own, code)

    with ThreadPoolExecutor(2) as pool:
        winners = list(pool.map(race, (app, second_app)))
    assert sorted(winners, key=str) == [None, "inspector"]


def test_five_wrong_tries_from_anyone_burn_a_code_and_four_do_not(
    app: Flask, second_app: Flask, cast: Cast
) -> None:
    kept = _make(app)
    for _ in range(TRIES_MAX - 1):
        assert _redeem(second_app, _wrong(kept)) is None
    assert _redeem(app, kept) == "inspector"
    burnt = _make(app)
    for number in range(TRIES_MAX):
        assert _redeem(app if number % 2 else second_app, _wrong(burnt)) is None
    assert _redeem(app, burnt) is None


def test_the_administrator_learns_once_that_a_code_was_burnt(app: Flask, cast: Cast) -> None:
    query = sa.select(Notice.user_id, Notice.what).where(Notice.flag_id.is_(None))
    code = _make(app)
    for number in range(TRIES_MAX + 2):
        with app.app_context(), read() as session:
            notices = [tuple(row) for row in session.execute(query)]
        assert notices == ([(cast.users["admin"], "code_burned")] if number >= TRIES_MAX else [])
        _redeem(app, _wrong(code))
    client = app.test_client()
    client.set_cookie("gongdi_session", cast.client("admin").token, path="/console")
    assert "注册码被多次输错" in client.get("/console/notices").text


def test_a_code_dies_after_ten_minutes_and_when_a_newer_one_is_made(app: Flask, cast: Cast) -> None:
    assert _redeem(app, _make(app), NOW_MS + LIFE_MS) is None
    older, newer = _make(app), _make(app)
    assert _redeem(app, older) is None
    assert _redeem(app, newer) == "inspector"


def test_text_that_is_no_code_at_all_is_refused(app: Flask, cast: Cast) -> None:
    for text in ("", "x", "\x00" * 14, "ABCD-EFGHJ-KLMNU", "工" * 14, "A" * 10_000):
        assert _redeem(app, text) is None


@pytest.mark.parametrize("name", ["contractor", "section", "brigade", "admin"])
def test_only_an_inspector_gets_a_code(app: Flask, cast: Cast, name: str) -> None:
    with app.app_context(), write() as session, pytest.raises(Problem) as caught:
        make_code(session, find_user(session, name), NOW_MS)
    assert caught.value.code == "not_an_inspector"
