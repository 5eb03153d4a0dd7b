"""The console in a real browser: a server on this machine, and pages that are logged in. Whatever a page
complains about fails its test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize

from server.console.pages import COOKIE
from tests.chromium import TIMEOUT_MS
from tests.live import serving
from tests.server.cast import Cast
from tests.server.conftest import app, cast, clock, config

__all__ = ["app", "cast", "clock", "config"]  # the fixtures of the server's tests are these tests' too

DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
OpenPage = Callable[..., Page]


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """One kind of database is enough here: a page does not know which one it came from."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'gongdi.sqlite3')}"


@pytest.fixture
def live_server(app: Flask) -> Iterator[str]:
    """The app behind a real port; gives its address."""
    with serving(app) as address:
        yield address


@pytest.fixture
def complaints() -> list[str]:
    """What the test's pages complained of so far: warnings and errors on the browser's console, with them
    every violation of the Content-Security-Policy, and scripts that failed."""
    return []


@pytest.fixture
def open_page(browser: Browser, live_server: str, cast: Cast, complaints: list[str]) -> Iterator[OpenPage]:
    """Opens pages: `open_page("/console/flags", PHONE, "section")`, by nobody without the name. Each has a
    browser profile of its own. A complaint fails the test when it ends, unless it was taken off the
    list."""
    opened = []

    def open_it(path: str, size: ViewportSize = DESK, name: str | None = None) -> Page:
        colours: Literal["dark", "light"] = "dark" if size == PHONE else "light"  # each page is seen in both
        context = browser.new_context(
            base_url=live_server, viewport=size, locale="zh-CN", color_scheme=colours
        )
        opened.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        context.on("console", lambda message: _note(message, complaints))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        if name is not None:
            log_in(context, cast, name)
        page = context.new_page()
        page.goto(path)
        return page

    yield open_it
    for context in opened:
        for page in context.pages:
            page.evaluate("0")  # what the page said before this has arrived when this is answered
        context.close()
    assert complaints == []


def log_in(context: BrowserContext, cast: Cast, name: str) -> None:
    """The browser has a session of this user."""
    value = cast.client(name).token
    context.add_cookies(
        [{"name": COOKIE, "value": value, "domain": "127.0.0.1", "path": "/console", "httpOnly": True}]
    )


def _note(message: ConsoleMessage, complaints: list[str]) -> None:
    if message.type in ("error", "warning"):
        complaints.append(f"{message.type}: {message.text}")
