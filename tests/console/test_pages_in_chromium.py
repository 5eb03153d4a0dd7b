"""The console as people use it: at a desk and on a phone, with the keyboard alone, in a real browser."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Page, ViewportSize, expect

from server.base.db import write
from server.web.security_headers import CONTENT_SECURITY_POLICY
from tests.chromium import expect_fits
from tests.console.conftest import DESK, PHONE, OpenPage
from tests.server.cast import PASSWORD, Cast, add_flag
from tests.stages import reach_reference

SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
TABS_MAX = 40


@pytest.fixture
def flag_id(app: Flask, cast: Cast) -> str:
    reach_reference(app)
    with app.app_context(), write() as session:
        return add_flag(session, cast.site_a, "flag a")


@SIZES
def test_a_section_clerk_logs_in_by_keyboard_and_sees_the_flags(
    open_page: OpenPage, flag_id: str, size: ViewportSize
) -> None:
    page = open_page("/console/flags", size)
    expect(page.get_by_label("用户名")).to_be_focused()
    expect_fits(page)
    page.keyboard.type("section")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="问题标记")).to_be_visible()
    page.goto(f"{page.url}?state=all")
    expect(page.get_by_role("link", name="牧野花园")).to_be_visible()
    expect_fits(page)


@SIZES
def test_a_flag_is_reached_and_opened_by_keyboard(
    open_page: OpenPage, flag_id: str, size: ViewportSize
) -> None:
    page = open_page("/console/flags?state=all", size, "section")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
    expect(page.get_by_role("link", name="跳到正文")).to_be_in_viewport()
    page.keyboard.press("Enter")
    _tab_to(page, f"/console/flags/{flag_id}")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"/console/flags/{flag_id}")
    expect(page.get_by_text("缺失").first).to_be_visible()
    expect_fits(page)


def test_a_filter_is_chosen_by_keyboard_and_kept_in_the_address(open_page: OpenPage, flag_id: str) -> None:
    page = open_page("/console/flags", DESK, "section")
    expect(page.get_by_text("没有符合条件的问题标记")).to_be_visible()  # the only flag is closed
    page.get_by_label("状态").focus()
    page.keyboard.press("ArrowDown")  # from those that live to all
    page.get_by_role("button", name="筛选").press("Enter")
    expect(page.get_by_role("link", name="牧野花园")).to_be_visible()
    assert "state=all" in page.url
    expect(page.get_by_label("状态")).to_have_value("all")


def test_a_wrong_password_is_reported_and_the_password_is_asked_again(
    open_page: OpenPage, complaints: list[str]
) -> None:
    page = open_page("/console/login")
    page.get_by_label("用户名").fill("section")
    page.get_by_label("密码").fill("wrong")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_contain_text("用户名或密码不正确")
    expect(page.get_by_label("用户名")).to_have_value("section")
    expect(page.get_by_label("密码")).to_be_focused()
    assert len(complaints) == 1 and "401" in complaints.pop()  # the browser remarks on every such answer


def test_a_page_that_breaks_the_policy_would_be_noticed(open_page: OpenPage, complaints: list[str]) -> None:
    page = open_page("/console/login")
    page.route(
        "**/console/broken",
        lambda route: route.fulfill(
            body="<!DOCTYPE html><link rel=icon href=data:,><p style='color: red'>红<script>missing()</script>",
            content_type="text/html; charset=utf-8",
            headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY},
        ),
    )
    page.goto("/console/broken")
    with page.expect_event("pageerror"):
        page.evaluate("setTimeout(() => { throw new Error('a script that fails') })")
    assert sum("Content Security Policy" in complaint for complaint in complaints) == 2
    assert any("a script that fails" in complaint for complaint in complaints)
    complaints.clear()


def test_chinese_is_shown_in_a_font_that_has_it(open_page: OpenPage) -> None:
    """A browser without a Chinese font draws the same box for every character: then measuring the layout
    would prove little."""
    page = open_page("/console/login")
    page.get_by_label("用户名").fill("检")
    one = page.get_by_label("用户名").screenshot()
    page.get_by_label("用户名").fill("查")
    assert page.get_by_label("用户名").screenshot() != one


def _tab_to(page: Page, path: str) -> None:
    """Press Tab until the link to this path has the focus; whatever has it on the way shows that it does."""
    for _ in range(TABS_MAX):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "[document.activeElement.getAttribute('href'), getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert focused[1] == "solid", (
            f"the focus on {page.evaluate('document.activeElement.outerHTML')} is unseen"
        )
        if focused[0] == path:
            return
    raise AssertionError(f"{path} is not reached with {TABS_MAX} tabs")
