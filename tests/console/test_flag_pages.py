"""The brigade, a section and a contractor deal with a flag in a real browser, at a desk and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, ViewportSize, expect

from tests.console.conftest import DESK, PHONE, OpenPage
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags import missed_flag, moved, planned_field
from tests.stories.photos import picture

SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


@pytest.fixture
def flag(field: Field) -> str:
    return missed_flag(field)


def _do(page: Page, move: str, note: str = "") -> None:
    """Open a move with the keyboard, say why, make it."""
    page.locator("summary", has_text=move).press("Enter")
    if note:
        page.locator("details[open] textarea").fill(note)
    page.locator("details[open] button").press("Enter")


@SIZES
def test_a_section_clerk_orders_and_the_contractor_replies(
    open_page: OpenPage, flag: str, size: ViewportSize, tmp_path: Path
) -> None:
    desk = open_page("/console/waiting", size, "section")
    desk.get_by_role("row", name="消毒").get_by_role("link").press("Enter")
    expect(desk.get_by_role("status")).to_contain_text("轮到 质安科")
    _do(desk, "责令限期整改", "食堂每日消毒两次")
    expect(desk.get_by_role("status")).to_contain_text("轮到 工地和施工单位: 限期整改")
    site = open_page("/console/", size, "contractor")
    expect(site.get_by_role("heading", name="待我办理")).to_be_visible()
    site.get_by_role("link", name="牧野花园").first.press("Enter")
    expect(site.get_by_text("食堂每日消毒两次")).to_be_visible()
    photo = tmp_path / "消毒.jpg"
    photo.write_bytes(picture())
    site.locator("summary", has_text="整改回复").press("Enter")
    site.get_by_label("照片").nth(0).set_input_files(photo)
    site.locator("details[open] textarea").fill("已补做并安排专人")
    site.locator("details[open] button").press("Enter")
    expect(site.get_by_role("status")).to_contain_text("复查")
    shown = site.get_by_role("img", name="照片 1")
    shown.scroll_into_view_if_needed()
    expect(shown).to_have_js_property("complete", True)
    assert shown.evaluate("image => image.naturalWidth") == 160
    assert site.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_only_the_moves_that_one_may_make_are_there(open_page: OpenPage, flag: str) -> None:
    path = f"/console/flags/{flag}"
    expect(open_page(path, DESK, "contractor").locator("summary")).to_have_text(["备注"])
    brigade = open_page(path, DESK, "brigade")
    expect(brigade.locator("summary", has_text="责令停工")).to_have_count(1)
    section = open_page(path, DESK, "section")
    expect(section.locator("summary", has_text="责令停工")).to_have_count(0)
    expect(section.locator("summary", has_text="移送监察支队")).to_have_count(1)


def test_a_move_on_an_older_page_keeps_the_words_and_says_what_changed(
    open_page: OpenPage, field: Field, flag: str, complaints: list[str]
) -> None:
    page = open_page(f"/console/flags/{flag}", DESK, "section")
    moved(field.cast.client("brigade"), flag, "acknowledge")
    _do(page, "责令限期整改", "写了很久的要求")
    expect(page.get_by_role("alert")).to_contain_text("标记已有变化")
    expect(page.locator("details[open] textarea")).to_have_value("写了很久的要求")
    page.locator("details[open] button").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("轮到 工地和施工单位")
    complaints[:] = [told for told in complaints if "409" not in told]


def test_the_windows_are_a_picture_that_can_be_heard(open_page: OpenPage, flag: str) -> None:
    page = open_page(f"/console/flags/{flag}", DESK, "section")
    cell = page.locator(".grid .window-missed")
    expect(cell).to_have_text("✗缺失")
    expect(page.get_by_role("rowheader", name="食堂 上午")).to_be_visible()


@SIZES
def test_notices_are_counted_read_and_lead_to_the_flag(
    open_page: OpenPage, field: Field, flag: str, size: ViewportSize
) -> None:
    moved(field.cast.client("section"), flag, "order_rectification")
    page = open_page("/console/", size, "contractor")
    expect(page.get_by_role("link", name="通知")).to_contain_text("条未读")
    page.get_by_role("link", name="通知").press("Enter")
    expect(page.get_by_text("责令限期整改")).to_be_visible()
    page.get_by_role("button", name="全部标为已读").press("Enter")
    expect(page.get_by_role("link", name="通知")).not_to_contain_text("条未读")


def test_the_help_page_has_every_move_and_a_picture(open_page: OpenPage, flag: str) -> None:
    page = open_page("/console/help", PHONE, "contractor")
    expect(page.locator("svg[role=img] rect")).to_have_count(9)
    expect(page.get_by_role("cell", name="submit_rectification")).to_be_visible()
