"""What saves is in reach, a red code is red, and text is as large as somebody needs it."""

from __future__ import annotations

from playwright.sync_api import Page, Route, expect

from tests.axe import serious_findings
from tests.chromium import expect_fits
from tests.console.conftest import PHONE
from tests.field_app.inspector import PUSH, Inspector

COLOUR = "one => getComputedStyle(one).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"


def test_what_is_pressed_is_in_reach_and_looks_like_what_it_says(inspector: Inspector) -> None:
    page = inspector.enrol()
    page.set_viewport_size(PHONE)
    page.goto(f"{inspector.live.address}/field/#/roster/worker")
    expect(page.get_by_role("button", name="保存")).to_be_in_viewport(ratio=1)
    page.locator("[name=dormitory]").scroll_into_view_if_needed()
    expect(page.get_by_role("button", name="保存")).to_be_in_viewport(ratio=1)

    inspector.open("门岗")
    page.locator(".people button").first.click()
    for code, looks in (
        ("红码", lambda r, g, b: r > 150 > 2 * max(g, b)),
        ("黄码", lambda r, g, b: min(r, g) > 150 > b),
    ):
        key = page.get_by_role("button", name=code, exact=True)
        key.click()
        red, green, blue = key.evaluate(COLOUR)
        assert looks(red, green, blue), (code, red, green, blue)
    assert serious_findings(page) == []

    inspector.open("同步")
    page.get_by_role("button", name="特大").click()
    _assert_fits(inspector, page)
    inspector.open_again()  # it stays, from the first paint on
    inspector.page.set_viewport_size(PHONE)
    assert inspector.page.evaluate("document.documentElement.dataset.text") == "huge"


def _assert_fits(inspector: Inspector, page: Page) -> None:
    for room in ("今日", "测温", "我做的", "门岗", "同步"):
        inspector.open(room)
        expect_fits(page)
        assert serious_findings(page) == []
    page.goto(f"{inspector.live.address}/field/#/temperature/lane?by=dormitory")
    page.locator(".crews a").click()
    page.locator(".keypad").wait_for()
    expect_fits(page)


def test_a_long_sync_says_how_far_it_has_come(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.context.set_offline(True)
    inspector.measure("张三", "366")
    inspector.open("同步")
    waiting: list[Route] = []
    passes: list[bool] = []
    inspector.context.route(PUSH, lambda route: route.continue_() if passes else waiting.append(route))
    inspector.context.set_offline(False)  # it begins by itself
    expect(page.locator(".moving")).to_contain_text("已上传 0/1 条 · 1 KB, 已下载")
    passes.append(True)
    for route in waiting:
        route.continue_()
    inspector.expect_unsent(0)
    expect(page.locator(".moving")).to_have_count(0)
