"""Pages of other origins call the API where the setting names them, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from server.app import create_app
from server.base.config import Config, ConfigError
from server.base.db import db
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


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        (
            "POST",
            "/sync/v1/push",
            "authorization,content-digest,content-encoding,content-type,signature,signature-input",
        ),
        ("POST", "/sync/v1/media", "tus-resumable,upload-length,upload-metadata,content-digest,signature"),
        ("PATCH", "/sync/v1/media/x", "authorization,content-type,tus-resumable,upload-offset"),
        ("HEAD", "/sync/v1/media/x", "authorization,tus-resumable"),
    ],
)
def test_a_client_in_a_page_of_a_named_origin_may_sync(
    app: Flask, config: Config, method: str, path: str, headers: str
) -> None:
    """The preflight of each request that a browser sends for it; the endpoint for uploads answers OPTIONS too."""
    made = create_app(replace(config, cors_origins=frozenset({_MINE})))
    asked = {
        "Origin": _MINE,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }
    answer = made.test_client().options(path, headers=asked)
    assert answer.headers["Access-Control-Allow-Origin"] == _MINE
    assert method in answer.headers["Access-Control-Allow-Methods"]
    allowed = {name.strip().lower() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert set(headers.split(",")) <= allowed
    refused = made.test_client().post("/sync/v1/pull", headers={"Origin": _MINE}, data=b"{}")
    assert refused.status_code == 401 and refused.headers["Access-Control-Allow-Origin"] == _MINE
    with made.app_context():
        db.engine.dispose()


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
