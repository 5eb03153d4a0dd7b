"""Guessing passwords: tries are counted by name and by address, across processes, and the wait ends."""

from __future__ import annotations

from argon2 import extract_parameters
from flask import Flask

from server.actions.log_in import PERIOD_MS, TRIES_PER_ADDRESS, TRIES_PER_NAME, begin_log_in
from server.db import write
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
