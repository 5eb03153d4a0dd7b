"""The request log: one line of JSON with the route and the outcome, and nothing that somebody typed."""

from __future__ import annotations

import json
import logging

import pytest
import sqlalchemy as sa
from flask import Flask

from server.base.db import db
from server.web.request_log import JsonLines
from tests.server.cast import PASSWORD, Cast


def test_a_line_has_route_and_outcome_but_no_password_token_name_or_query(
    app: Flask, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gongdi.request")
    caller = cast.client("section")
    caller.get(f"/api/v1/sites/{cast.site_a}?secret=4711")
    lines = [JsonLines().format(record) for record in caplog.records if record.name == "gongdi.request"]
    last = json.loads(lines[-1])
    assert (last["method"], last["route"], last["status"]) == ("GET", "/api/v1/sites/<uuid:site_id>", 422)
    assert last["user"] == cast.users["section"]
    assert last["request_id"]
    for typed in (PASSWORD, caller.token, "4711", '"section"', "孙丽"):
        assert typed not in "\n".join(lines)


def test_an_error_is_logged_without_the_values_of_its_statement(
    app: Flask, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE login_token"))
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = app.test_client().post("/api/v1/sessions", json={"name": "section", "password": PASSWORD})
    assert answer.status_code in (500, 503)
    assert answer.content_type == "application/problem+json"
    lines = "\n".join(JsonLines().format(record) for record in caplog.records)
    assert "login_token" in lines
    assert PASSWORD not in lines
    assert cast.users["section"] not in lines
