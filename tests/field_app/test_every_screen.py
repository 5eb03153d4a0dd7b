"""Every screen in both sizes and schemes: it fits, works with gloves, and passes the accessibility checks."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.axe import serious_findings
from tests.chromium import expect_fits
from tests.console.conftest import DESK, PHONE
from tests.field_app.inspector import Inspector

SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
ROOMS = ("今日", "测温", "消毒", "名册", "门岗")
FURTHER_ROOMS = ("我做的", "巡查", "标记", "个案", "物资", "资料", "同步")
TOUCH_PX = 56
# What a finger has to hit, as it is laid out; a native checkbox or a file input lies under something larger.
TOO_SMALL = """(least) => [...document.querySelectorAll("a, button, input:not([type=file]), select, summary")]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < least - 0.5)
  .map((one) => one.outerHTML.slice(0, 80))"""


@SIZES
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_screen_fits_and_can_be_touched_read_and_heard(
    inspector: Inspector, size: ViewportSize, scheme: Literal["light", "dark"]
) -> None:
    page = inspector.enrol()
    page.emulate_media(color_scheme=scheme)
    for room in ROOMS:
        inspector.open(room)
        _assert_good(page)
    if size == PHONE:
        inspector.open("更多")
        expect(page.locator(".tiles")).to_be_visible()
        _assert_good(page)
    for room in FURTHER_ROOMS:
        inspector.open(room)
        expect(page.locator("h1").filter(has_text=room)).to_be_visible()
        _assert_good(page)
    page.goto(f"{inspector.live.address}/field/#/temperature/lane?by=dormitory")
    expect(page.locator(".crews")).to_be_visible()
    _assert_good(page)
    page.locator(".crews a").click()
    expect(page.locator(".keypad")).to_be_visible()
    _assert_good(page)
    for path in ("roster/worker", "log/disinfection_log?place=canteen%20工人食堂"):
        page.goto(f"{inspector.live.address}/field/#/{path}")
        expect(page.get_by_role("button", name="保存")).to_be_visible()
        _assert_good(page)
    inspector.open("巡查")
    page.get_by_role("button", name="例行巡查").click()
    page.get_by_role("link", name="添加巡查发现的问题").click()
    expect(page.get_by_role("heading", name="巡查发现的问题")).to_be_visible()
    _assert_good(page)
    page.get_by_role("link", name="返回").click()
    inspector.open("个案")
    page.get_by_role("link", name="报告异常").click()
    page.locator(".people button").first.click()
    page.get_by_role("button", name="症状").click()
    _assert_good(page)
    page.get_by_role("button", name="立案").click()
    page.get_by_role("button", name="已隔离").click()
    expect(page.locator(".steps .done")).to_have_count(1)
    _assert_good(page)
    inspector.open("门岗")
    page.locator(".people button").first.click()
    expect(page.locator(".keypad")).to_be_visible()
    _assert_good(page)


def _assert_good(page: Page) -> None:
    """Nothing has to be scrolled sideways, everything is large enough for a finger in a glove, and nothing is there
    that a screen reader or weak eyes would miss."""
    expect_fits(page)
    assert page.evaluate(TOO_SMALL, TOUCH_PX) == []
    assert serious_findings(page) == []
