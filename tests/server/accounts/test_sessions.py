"""A log-in ends: by time, by log-out, and when the user is shut out."""

from __future__ import annotations

from flask import Flask

from server.actions.accounts.log_in import SESSION_MS
from server.actions.accounts.manage_users import find_user, set_active
from server.base.db import write
from tests.server.cast import NOW_MS, Cast


def test_whoever_logs_in_reads_who_they_are(cast: Cast) -> None:
    answer = cast.client("section").get("/api/v1/sessions/current").get_json()
    assert (answer["name"], answer["role"], answer["districts"]) == ("section", "section", ["410702"])


def test_a_session_expires_after_a_working_day(cast: Cast) -> None:
    caller = cast.client("section")
    cast.clock.advance(SESSION_MS - 1)
    assert caller.get("/api/v1/flags").status_code == 200
    cast.clock.advance(1)
    assert caller.get("/api/v1/flags").status_code == 401


def test_a_token_is_worthless_after_log_out_and_other_sessions_stay(cast: Cast) -> None:
    one, other = cast.client("section"), cast.client("section")
    assert one.delete("/api/v1/sessions/current").status_code == 204
    assert one.get("/api/v1/flags").status_code == 401
    assert other.get("/api/v1/flags").status_code == 200


def test_a_user_who_is_shut_out_is_out_at_once(app: Flask, cast: Cast) -> None:
    caller = cast.client("section")
    with app.app_context(), write() as session:
        set_active(session, find_user(session, "section"), active=False, now_ms=NOW_MS)
    assert caller.get("/api/v1/flags").status_code == 401


def test_without_a_token_every_endpoint_answers_401_and_says_how_to_log_in(app: Flask, cast: Cast) -> None:
    for path in ("sites", "flags", "devices", f"sites/{cast.site_a}", f"sites/{cast.site_a}/windows"):
        answer = app.test_client().get(f"/api/v1/{path}")
        assert (answer.status_code, answer.get_json()["code"]) == (401, "unauthenticated"), path
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.content_type == "application/problem+json"


def test_tokens_that_cannot_be_are_refused_without_a_fuss(app: Flask, cast: Cast) -> None:
    for given in ("", "Bearer", "Bearer ", "Bearer x", "Basic eDp5", "Bearer " + "x" * 5000, "Bearer \x00"):
        answer = app.test_client().get("/api/v1/flags", headers={"Authorization": given})
        assert answer.status_code == 401
