"""Guessing passwords: tries are counted by name and by address, across processes, and the wait ends."""

from __future__ import annotations

import re
from contextlib import ExitStack

from argon2 import extract_parameters
from flask import Flask
from flask.testing import FlaskClient

from server.actions.accounts.log_in import PERIOD_MS, TRIES_PER_ADDRESS, TRIES_PER_NAME, begin_log_in
from server.base.db import write
from server.web.log_in_turns import LogInTurns
from tests.server.cast import NOW_MS, PASSWORD, Cast


def _try(app: Flask, name: str, password: str, address: str = "10.0.0.1") -> int:
    answer = app.test_client().post(
        "/api/v1/sessions",
        json={"name": name, "password": password},
        environ_base={"REMOTE_ADDR": address},
    )
    return answer.status_code


def test_wrong_tries_in_two_processes_lock_the_name_in_both(
    app: Flask, second_app: Flask, cast: Cast
) -> None:
    apps = [app, second_app] * TRIES_PER_NAME
    assert [_try(apps[i], "section", "wrong") for i in range(TRIES_PER_NAME)] == [401] * TRIES_PER_NAME
    assert _try(app, "section", PASSWORD) == 429
    assert _try(second_app, "section", PASSWORD, "10.0.0.2") == 429
    assert _try(app, "brigade", PASSWORD) == 201


def test_the_lock_opens_when_its_time_is_over_and_says_when(app: Flask, cast: Cast) -> None:
    for _ in range(TRIES_PER_NAME):
        _try(app, "section", "wrong")
    answer = app.test_client().post("/api/v1/sessions", json={"name": "section", "password": PASSWORD})
    assert answer.get_json()["code"] == "rate_limited"
    assert int(answer.headers["Retry-After"]) == PERIOD_MS // 1000
    cast.clock.advance(PERIOD_MS)
    assert _try(app, "section", PASSWORD) == 201


def test_a_right_password_forgets_the_wrong_ones_before_it(app: Flask, cast: Cast) -> None:
    for _ in range(3):
        for _ in range(TRIES_PER_NAME - 1):
            assert _try(app, "section", "wrong") == 401
        assert _try(app, "section", PASSWORD) == 201


def test_a_name_that_nobody_has_is_answered_and_counted_like_any_other(app: Flask, cast: Cast) -> None:
    codes = [_try(app, "nobody", PASSWORD) for _ in range(TRIES_PER_NAME + 1)]
    assert codes == [401] * TRIES_PER_NAME + [429]


def test_every_guess_costs_what_owasp_asks(app: Flask) -> None:
    with app.app_context(), write() as session:
        attempt = begin_log_in(session, "nobody", "10.0.0.1", NOW_MS)
    cost = extract_parameters(attempt.password_hash)
    assert (cost.memory_cost, cost.time_cost) >= (19_456, 2)


def test_one_address_that_tries_many_names_is_stopped_and_others_are_not(app: Flask, cast: Cast) -> None:
    codes = [_try(app, f"guess{i}", "wrong") for i in range(TRIES_PER_ADDRESS)]
    assert set(codes) == {401}
    assert _try(app, "section", PASSWORD) == 429
    assert _try(app, "section", PASSWORD, "10.0.0.2") == 201


def _log_in(client: FlaskClient, name: str, password: str, address: str = "10.0.0.1") -> int:
    token = re.search(r'name="form_token" value="([^"]+)"', client.get("/console/login").text)
    assert token is not None
    form = {"name": name, "password": password, "form_token": token[1]}
    return client.post("/console/login", data=form, environ_base={"REMOTE_ADDR": address}).status_code


def test_a_browser_that_knows_the_name_is_not_locked_out_by_others(app: Flask, cast: Cast) -> None:
    clerk = app.test_client()
    assert _log_in(clerk, "section", PASSWORD) == 303
    clerk.delete_cookie("gongdi_session", path="/console")
    for i in range(TRIES_PER_ADDRESS):
        _try(app, f"guess{i}", "wrong")
    for _ in range(TRIES_PER_NAME):
        _try(app, "section", "wrong", "10.0.0.9")
    assert _log_in(app.test_client(), "section", PASSWORD, "10.0.0.3") == 429, "any other browser"
    assert _log_in(clerk, "section", PASSWORD) == 303


def test_a_known_browser_is_counted_too_and_knows_no_other_name(app: Flask, cast: Cast) -> None:
    clerk = app.test_client()
    assert _log_in(clerk, "section", PASSWORD) == 303
    clerk.delete_cookie("gongdi_session", path="/console")
    assert [_log_in(clerk, "section", "wrong") for _ in range(TRIES_PER_NAME)] == [401] * TRIES_PER_NAME
    assert _log_in(clerk, "section", PASSWORD) == 429
    for _ in range(TRIES_PER_NAME):
        _try(app, "brigade", "wrong", "10.0.0.9")
    assert _log_in(clerk, "brigade", PASSWORD) == 429


def test_a_mark_of_another_name_or_of_nobody_is_none(app: Flask, cast: Cast) -> None:
    for _ in range(TRIES_PER_NAME):
        _try(app, "section", "wrong", "10.0.0.9")
    clerk = app.test_client()
    assert _log_in(clerk, "brigade", PASSWORD) == 303
    clerk.delete_cookie("gongdi_session", path="/console")
    assert _log_in(clerk, "section", PASSWORD) == 429
    clerk.set_cookie("gongdi_browser", "x." + "0" * 32, path="/console")
    assert _log_in(clerk, "section", PASSWORD) == 429


def test_many_log_ins_at_once_leave_threads_to_others(app: Flask, cast: Cast) -> None:
    turns: LogInTurns = app.extensions["gongdi_log_ins"]
    threads = app.extensions["gongdi"].config.threads
    with ExitStack() as others:
        for _ in range(threads // 2):
            others.enter_context(turns.admitted())
        client = app.test_client()
        answer = client.post("/api/v1/sessions", json={"name": "section", "password": PASSWORD})
        assert (answer.status_code, answer.get_json()["code"]) == (503, "busy")
        assert int(answer.headers["Retry-After"]) > 0
        assert _log_in(client, "section", PASSWORD) == 503, "on the page that it came from"
    assert _try(app, "section", PASSWORD) == 201
    hashing = [turns.hashing.acquire(blocking=False) for _ in range(threads // 2)]
    assert hashing.count(True) == threads // 4
