"""The app's own checks and tests, and what is built from its sources."""

from __future__ import annotations

import json
import re

import pytest
from flask import Flask

from server.field_app import BUILT, HOME
from server.field_app.build import SCRIPT_BYTES_MAX, ensure_built, npm_run, prepare, script_bytes
from server.field_app.contracts import contracts
from tests.console.conftest import database_url
from tests.server.conftest import app, clock, config

__all__ = ["app", "clock", "config", "database_url"]


@pytest.mark.parametrize("script", ["check", "test"])
def test_types_hold_and_unit_tests_pass(script: str) -> None:
    prepare()
    npm_run(script)


def test_building_again_costs_nothing() -> None:
    ensure_built()
    assert not ensure_built()


def test_the_first_load_is_small() -> None:
    ensure_built()
    assert 0 < script_bytes() <= SCRIPT_BYTES_MAX


def test_the_lock_names_no_host() -> None:
    lock = json.loads((HOME / "package-lock.json").read_text())
    assert all("resolved" not in package for package in lock["packages"].values())
    assert all(package.get("integrity") for name, package in lock["packages"].items() if name)


def test_every_closed_list_has_its_words() -> None:
    fields = [field for kind in contracts()["kinds"].values() for field in kind["fields"].items()]
    for name, field in fields:
        for check in field["checks"]:
            assert check["rule"] != "choice" or all(check["words"].values()), name
            assert check["rule"] == "company" or re.search(r"[\u4e00-\u9fff]", check["message"])


def test_the_service_worker_keeps_every_file(app: Flask) -> None:
    ensure_built()
    worker = (BUILT / "sw.js").read_text()
    served = [path.relative_to(BUILT).as_posix() for path in BUILT.rglob("*") if path.is_file()]
    for name in served:
        is_another = name in ("sw.js", "stamp") or name.startswith("console/") or name.endswith(".gz")
        assert is_another or f'"/field/{name}"' in worker, name
    assert "__WB_MANIFEST" not in worker


@pytest.mark.parametrize(
    ("path", "cache"),
    [
        ("/field/", "no-cache"),
        ("/field/index.html", "no-cache"),
        ("/field/sw.js", "no-cache"),
        ("/field/manifest.webmanifest", "no-cache"),
        ("/field/icon.svg", "no-cache"),
        ("asset", "public, max-age=31536000, immutable"),
    ],
)
def test_headers(app: Flask, path: str, cache: str) -> None:
    ensure_built()
    script = next((BUILT / "assets").glob("*.js")).name
    with app.test_client().get(f"/field/assets/{script}" if path == "asset" else path) as answer:
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == cache
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers.get("Service-Worker-Allowed") == ("/field/" if path == "/field/sw.js" else None)


@pytest.mark.parametrize(
    "path", ["/field/stamp", "/field/assets/../stamp", "/field/assets/none.js", "/field/other"]
)
def test_nothing_else_is_served(app: Flask, path: str) -> None:
    ensure_built()
    with app.test_client().get(path) as answer:
        assert answer.status_code == 404
