"""Pages of other origins call the API where the setting names them, and nowhere else."""

from __future__ import annotations

import pytest
from flask import Flask

from server.base.config import Config, ConfigError
from server.web.cors import allow_origins

_MINE = "https://data.example"


@pytest.fixture
def open_app() -> Flask:
    app = Flask("open")
    allow_origins(app, {_MINE})
    app.add_url_rule("/api/v1/sites", "sites", lambda: "[]")
    app.add_url_rule("/console/", "console", lambda: "page")
    return app


def test_a_named_origin_may_read_and_its_preflight_is_answered(open_app: Flask) -> None:
    client, origin = open_app.test_client(), {"Origin": _MINE}
    answer = client.get("/api/v1/sites", headers=origin)
    assert answer.headers["Access-Control-Allow-Origin"] == _MINE and "Origin" in answer.headers["Vary"]
    asked = {**origin, "Access-Control-Request-Method": "POST"}
    preflight = client.options("/api/v1/sites", headers=asked)
    assert (
        preflight.status_code == 204 and "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    )
    assert "Access-Control-Allow-Credentials" not in {**answer.headers, **preflight.headers}


@pytest.mark.parametrize("origin", ["https://evil.example", "https://data.example.evil", "null", ""])
def test_any_other_origin_may_not(open_app: Flask, origin: str) -> None:
    client = open_app.test_client()
    asked = {"Origin": origin, "Access-Control-Request-Method": "GET"}
    for answer in (
        client.get("/api/v1/sites", headers=asked),
        client.options("/api/v1/sites", headers=asked),
    ):
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_console_is_never_opened(open_app: Flask) -> None:
    answer = open_app.test_client().get("/console/", headers={"Origin": _MINE})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_without_the_setting_nobody_may(app: Flask) -> None:
    answer = app.test_client().get("/api/v1/sites", headers={"Origin": _MINE})
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("text", ["*", "data.example", "https://data.example/x", "ftp://data.example"])
def test_what_is_no_origin_stops_the_start(text: str) -> None:
    with pytest.raises(ConfigError):
        Config.from_env({"GONGDI_CORS_ORIGINS": text})


def test_several_origins_are_read() -> None:
    config = Config.from_env({"GONGDI_CORS_ORIGINS": f"{_MINE}, http://localhost:5173"})
    assert config.cors_origins == {_MINE, "http://localhost:5173"}
