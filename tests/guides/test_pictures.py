"""Each picture of the guides is made in a Chromium, in a demo city: a page or a control that was renamed fails here.

`./run guides` keeps them where the server looks for them (GUIDE_PICTURES)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from server.actions.devices.enrol_code import make_code
from server.app import create_app
from server.base.clock import FakeClock
from server.base.config import Config
from server.base.db import db, write
from server.demo.city import read_city, seed_demo
from server.field_app.build import ensure_built
from server.guides.library import GUIDES
from server.models.user import user_named
from server.rules.calendar import instant_ms
from tests.axe import serious_findings
from tests.chromium import TIMEOUT_MS, expect_fits
from tests.guides.pictures import ENROLMENT, FOR_DESKS, FOR_TABLETS, Desk, Tablet
from tests.live import serving

SITES, DAYS = 2, 2  # of the first two are stories with orders and replies
NOW_MS = instant_ms("2026-11-26", "16:00")
LAPTOP: ViewportSize = {"width": 1366, "height": 768}
PHONE: ViewportSize = {"width": 390, "height": 844}
INSPECTOR = "demo-inspector01"
EMPTY_BYTES = 8_000  # of a picture that shows nothing


@dataclass(frozen=True)
class City:
    app: Flask
    address: str


@pytest.fixture(scope="module")
def city(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    ensure_built()
    folder = tmp_path_factory.mktemp("city")
    url = f"sqlite:///{shutil.copy(sqlite_template, folder / 'gongdi.sqlite3')}"
    app = create_app(
        Config.from_env({"GONGDI_DATABASE_URL": url, "GONGDI_DATA_DIR": str(folder)}), FakeClock(NOW_MS)
    )
    seed_demo(app, SITES, DAYS, NOW_MS, lambda share: None)
    with serving(app) as address:
        yield City(app, address)
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the pictures go."""
    kept = os.environ.get("GUIDE_PICTURES")
    found = Path(kept) if kept else tmp_path_factory.mktemp("pictures")
    found.mkdir(exist_ok=True)
    return found


Opened = Callable[[ViewportSize], Page]


@pytest.fixture
def opened(browser: Browser, city: City) -> Iterator[Opened]:
    """A page in a browser profile of its own, whose clock is the city's."""
    contexts: list[BrowserContext] = []

    def open_it(size: ViewportSize) -> Page:
        context = browser.new_context(
            base_url=city.address, viewport=size, locale="zh-CN", color_scheme="light"
        )
        contexts.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        context.clock.set_fixed_time(datetime.fromtimestamp(NOW_MS / 1000, UTC))
        return context.new_page()

    yield open_it
    for context in contexts:
        context.close()


def keep(page: Page, folder: Path, name: str) -> None:
    path = folder / f"{name}.png"
    page.screenshot(path=path, animations="disabled")
    assert path.stat().st_size > EMPTY_BYTES


@pytest.mark.parametrize("name", FOR_DESKS)
def test_a_picture_of_the_console_is_made(name: str, opened: Opened, folder: Path, tmp_path: Path) -> None:
    user, arrange = FOR_DESKS[name]
    page = opened(LAPTOP)
    page.goto("/console/login")
    page.get_by_label("用户名").fill(user)
    page.get_by_label("密码").fill(read_city()["password"])
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("button", name="退出")).to_be_visible()
    arrange(Desk(page, tmp_path))
    keep(page, folder, name)


def test_the_pictures_of_the_app_are_made(city: City, opened: Opened, folder: Path) -> None:
    with city.app.app_context(), write() as session:
        user = user_named(session, INSPECTOR)
        assert user is not None
        code = make_code(session, user, NOW_MS)
    page = opened(PHONE)
    page.goto(f"/field/#code={code}")
    expect(page.get_by_role("button", name="登记", exact=True)).to_be_visible()
    keep(page, folder, ENROLMENT)
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.locator(".badge")).to_contain_text("同步于 刚刚")
    for name, arrange in FOR_TABLETS.items():
        arrange(Tablet(page))
        keep(page, folder, name)


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("name", ["", *GUIDES])
def test_a_guide_fits_and_can_be_read_by_everybody(opened: Opened, size: ViewportSize, name: str) -> None:
    page = opened(size)
    page.emulate_media(color_scheme="dark" if size == PHONE else "light")
    page.goto(f"/docs/{name}")
    expect_fits(page)
    assert serious_findings(page) == []


def test_a_guide_is_gone_through_by_keyboard(opened: Opened) -> None:
    page = opened(LAPTOP)
    page.goto("/docs/administrator")
    page.keyboard.press("Tab")
    expect(page.get_by_text("跳到正文")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="← 指南")).to_be_focused()
    links = page.locator("main a").count()
    for number in range(1, links):
        page.keyboard.press("Tab")
        expect(page.locator("main a").nth(number)).to_be_focused()
