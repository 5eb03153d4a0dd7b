"""The brigade, a section and a contractor deal with a flag in a real browser, at a desk and on a phone."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Locator, Page, ViewportSize, expect

import server.console
from server.actions.accounts.manage_users import NewUser, add_user
from server.base.db import write
from server.console import flags as flag_pages
from server.console.words import WINDOW_GLYPHS
from server.models import Flag, FlagStep
from tests.axe import serious_findings
from tests.chromium import expect_fits
from tests.console.conftest import DESK, PHONE, OpenPage
from tests.server.cast import PASSWORD, Cast, add_flag
from tests.stories.field import Field
from tests.stories.flags.cast import missed_flag, moved, planned_field
from tests.stories.photos import document, picture

TEMPLATES = Path(server.console.__file__).parent / "templates"
_RECTANGLES = """marks => marks.map((mark) => mark.getBoundingClientRect())
  .map(({ left, top, right, bottom }) => [left, top, right, bottom])"""
SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


def _overlap(one: list[float], other: list[float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


@pytest.fixture
def flag(field: Field) -> str:
    return missed_flag(field)


def _do(page: Page, move: str, note: str = "") -> None:
    """Open a move with the keyboard, say why, make it."""
    card = _card(page, move)
    if page.locator(".others", has=card).count() and not card.is_visible():
        page.locator(".others > summary").press("Enter")
    if card.get_attribute("open") is None:
        card.locator("summary").press("Enter")
    if note:
        card.locator("textarea").fill(note)
    card.locator("button").press("Enter")


def _card(page: Page, move: str) -> Locator:
    return page.locator(".moves details.card", has=page.locator("summary").get_by_text(move, exact=True))


@SIZES
def test_a_section_clerk_orders_and_the_contractor_replies(
    open_page: OpenPage, flag: str, size: ViewportSize, tmp_path: Path
) -> None:
    desk = open_page("/console/waiting", size, "section")
    desk.get_by_role("row", name="消毒").get_by_role("link").press("Enter")
    expect(desk.get_by_role("status")).to_contain_text("轮到 质安科")
    _do(desk, "责令限期整改", "食堂每日消毒两次")
    expect(desk.get_by_role("status")).to_contain_text("轮到 现场和责任单位: 限期整改")
    site = open_page("/console/", size, "contractor")
    expect(site.get_by_role("heading", name="待我办理")).to_be_visible()
    site.get_by_role("link", name="牧野花园").first.press("Enter")
    asked = site.get_by_role("region", name="责令限期整改")
    expect(asked).to_contain_text("食堂每日消毒两次")
    expect(asked).to_contain_text("2026-11-27 12:40 之前整改并回复")
    photo = tmp_path / "消毒.jpg"
    photo.write_bytes(picture())
    site.get_by_label("照片").nth(0).set_input_files(photo)
    _do(site, "整改回复", "已补做并安排专人")
    expect(site.get_by_role("status")).to_contain_text("复查")
    shown = site.get_by_role("img", name="照片 1")
    shown.scroll_into_view_if_needed()
    expect(shown).to_have_js_property("complete", True)
    assert shown.evaluate("image => image.naturalWidth") == 160
    expect_fits(site)


@SIZES
def test_a_contractor_states_her_case_and_the_section_answers(
    open_page: OpenPage, flag: str, size: ViewportSize, tmp_path: Path
) -> None:
    site = open_page(f"/console/flags/{flag}", size, "contractor")
    paper = tmp_path / "停用通知.pdf"
    paper.write_bytes(document())
    _card(site, "陈述申辩").locator("summary").press("Enter")
    expect(_card(site, "陈述申辩")).to_contain_text("现场、施工单位和主管部门都看得到")
    _card(site, "陈述申辩").locator("input[type=file]").set_input_files(paper)
    assert serious_findings(site) == []
    _do(site, "陈述申辩", "食堂当日停用")
    waits = site.get_by_role("region", name="陈述申辩等待答复")
    expect(waits).to_contain_text("2026-11-27 12:40")
    expect(site.get_by_role("link", name="材料 1 (PDF)")).to_be_visible()
    assert serious_findings(site) == []
    expect_fits(site)
    desk = open_page("/console/today", size, "section")
    expect(desk.get_by_text("食堂当日停用")).to_be_visible()
    expect_fits(desk)
    desk.get_by_role("link", name="部分采纳陈述申辩").first.press("Enter")
    expect(desk.get_by_role("status")).to_contain_text("答复陈述申辩")
    expect(_card(desk, "责令限期整改")).to_have_count(0)
    assert serious_findings(desk) == []
    _do(desk, "部分采纳陈述申辩", "早班采纳, 晚班有人用餐")
    expect(desk.get_by_role("region", name="陈述申辩等待答复")).to_have_count(0)
    expect(_card(desk, "责令限期整改")).to_have_count(1)


def test_only_the_moves_that_one_may_make_are_there(open_page: OpenPage, flag: str) -> None:
    path = f"/console/flags/{flag}"
    own = open_page(path, DESK, "contractor").locator(".moves summary")
    expect(own).to_have_text(["说明已整改", "陈述申辩", "备注"])
    brigade = open_page(path, DESK, "brigade")
    expect(_card(brigade, "责令停工")).to_have_count(1)
    section = open_page(path, DESK, "section")
    expect(_card(section, "责令停工")).to_have_count(0)
    expect(_card(section, "移送监察支队")).to_have_count(1)


def test_the_move_that_is_waited_for_comes_first_and_the_others_are_folded(
    open_page: OpenPage, field: Field, flag: str
) -> None:
    moved(field.cast.client("section"), flag, "order_rectification")
    moved(field.cast.client("contractor"), flag, "submit_rectification")
    page = open_page(f"/console/flags/{flag}", DESK, "section")
    expect(page.locator(".moves > details.card > summary")).to_have_text(["复查通过", "复查不通过"])
    expect(_card(page, "撤回")).not_to_be_visible()
    page.locator(".others > summary").press("Enter")
    expect(_card(page, "撤回")).to_be_visible()
    _card(page, "撤回").locator("summary").press("Enter")
    looks = [
        _card(page, move).locator("button").evaluate("button => getComputedStyle(button).backgroundColor")
        for move in ("复查通过", "撤回")
    ]
    assert looks[0] != looks[1], "one cannot be taken for the other"


def test_the_history_follows_the_moves_and_what_proves_the_flag_can_be_unfolded(
    open_page: OpenPage, flag: str
) -> None:
    page = open_page(f"/console/flags/{flag}", DESK, "section")
    expect(page.locator("main h2")).to_have_text(["文书", "办理", "经过", "一览", "记录"])
    expect(page.get_by_role("columnheader", name="归口")).not_to_be_visible()
    page.locator("summary", has_text="步骤").press("Enter")
    expect(page.get_by_role("columnheader", name="归口")).to_be_visible()


def test_a_colleague_of_ones_unit_gets_the_flag(open_page: OpenPage, field: Field, flag: str) -> None:
    with field.app.app_context(), write() as session:
        add_user(
            session,
            NewUser("colleague", "section", PASSWORD, "质安科钱进", unit="zhian"),
            field.cast.clock.now_ms(),
        )
    page = open_page(f"/console/flags/{flag}", DESK, "section")
    page.locator(".others > summary").press("Enter")
    _card(page, "指定承办人").locator("summary").press("Enter")
    expect(page.get_by_label("承办人").locator("option")).to_have_text(["质安科孙丽", "质安科钱进"])
    page.get_by_label("承办人").select_option("质安科钱进")
    _do(page, "指定承办人")
    expect(page.locator(".facts")).to_contain_text("质安科钱进")
    mine = open_page("/console/flags?assignee=me", DESK, "section")
    expect(mine.get_by_text("没有符合条件的问题标记")).to_be_visible()


def test_a_move_on_an_older_page_keeps_the_words_and_says_what_changed(
    open_page: OpenPage, field: Field, flag: str, complaints: list[str]
) -> None:
    page = open_page(f"/console/flags/{flag}", DESK, "section")
    moved(field.cast.client("brigade"), flag, "acknowledge")
    _do(page, "责令限期整改", "写了很久的要求")
    expect(page.get_by_role("alert")).to_contain_text("标记已有变化")
    expect(_card(page, "责令限期整改").locator("textarea")).to_have_value("写了很久的要求")
    _do(page, "责令限期整改")
    expect(page.get_by_role("status")).to_contain_text("轮到 现场和责任单位")
    complaints[:] = [line for line in complaints if "409" not in line]


def test_words_for_a_move_that_is_gone_are_given_back(
    open_page: OpenPage, field: Field, flag: str, complaints: list[str]
) -> None:
    page = open_page(f"/console/flags/{flag}", DESK, "section")
    moved(field.cast.client("brigade"), flag, "withdraw")
    _do(page, "责令限期整改", "写了很久的要求")
    expect(page.get_by_role("alert").locator("textarea")).to_have_value("写了很久的要求")
    complaints[:] = [line for line in complaints if "409" not in line]


def test_steps_of_a_flag_that_ended_do_not_wait_any_more(
    open_page: OpenPage, field: Field, flag: str
) -> None:
    with field.app.app_context(), write() as session:
        row = session.scalars(sa.select(Flag).where(Flag.id == flag)).one()
        row.state, row.closed_ms = "withdrawn", field.cast.clock.now_ms()
    page = open_page(f"/console/flags/{flag}", DESK, "section")
    page.locator("summary", has_text="步骤").press("Enter")
    expect(page.get_by_role("row", name="监察支队介入")).to_contain_text("已终止")


def test_numbers_say_where_they_come_from(open_page: OpenPage, flag: str) -> None:
    page = open_page(f"/console/flags/{flag}", DESK, "contractor")
    expect(page.locator(".source").first).to_contain_text("每类场所每日两次")
    expect(page.locator(".source", has_text="时段")).to_contain_text("武汉市 2021 年要求")
    expect(page.locator(".source", has_text="办理期限")).to_contain_text("建议值")
    section = open_page(f"/console/flags/{flag}", DESK, "section")
    expect(_card(section, "责令限期整改").get_by_text("按规定: 72 小时")).to_be_attached()


def test_the_windows_are_a_picture_that_can_be_heard(open_page: OpenPage, flag: str) -> None:
    page = open_page(f"/console/flags/{flag}", DESK, "section")
    cell = page.locator(".grid .window-missed")
    expect(cell).to_have_text("缺缺失")
    expect(page.get_by_role("rowheader", name="食堂 上午")).to_be_visible()


def test_what_a_page_says_is_in_every_chinese_font() -> None:
    """GBK holds what the fonts of an old office machine hold."""
    words = [*WINDOW_GLYPHS.values(), *(page.read_text("utf-8") for page in TEMPLATES.glob("*.html"))]
    assert "".join(words).encode("gbk")


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
    flow = page.get_by_role("figure", name="流程图")
    expect(flow.locator(".line .state")).to_have_text(
        ["待确认", "已确认", "责令整改中", "已回复待复查", "复查通过", "已销号"]
    )
    expect(flow.locator(".lane")).to_have_count(2)
    boxes = flow.locator(".state, .step").evaluate_all(_RECTANGLES)
    assert not [(one, other) for one, other in combinations(boxes, 2) if _overlap(one, other)]
    expect(page.get_by_role("cell", name="submit_rectification")).to_be_visible()


def test_a_note_is_marked_as_the_bureaus_own_and_a_comment_says_who_reads_it(
    open_page: OpenPage, flag: str
) -> None:
    page = open_page(f"/console/flags/{flag}", DESK, "section")
    page.locator(".others > summary").press("Enter")
    expect(_card(page, "备注")).to_contain_text("施工单位和主管部门都看得到")
    expect(_card(page, "内部备注")).to_contain_text("施工单位看不到")
    _do(page, "内部备注", "先不惊动工地")
    expect(page.locator(".events li", has_text="先不惊动工地")).to_contain_text("施工单位看不到")
    site = open_page(f"/console/flags/{flag}", PHONE, "contractor")
    expect(site.get_by_role("heading", name="经过")).to_be_visible()
    expect(site.get_by_text("先不惊动工地")).to_have_count(0)


def test_a_move_that_was_overtaken_keeps_its_photos(
    open_page: OpenPage, field: Field, flag: str, tmp_path: Path, complaints: list[str]
) -> None:
    section = field.cast.client("section")
    moved(section, flag, "order_rectification")
    moved(field.cast.client("contractor"), flag, "submit_rectification")
    page = open_page(f"/console/flags/{flag}", DESK, "section")
    photo = tmp_path / "复查.jpg"
    photo.write_bytes(picture())
    _card(page, "复查通过").locator("input[type=file]").set_input_files(photo)
    moved(field.cast.client("brigade"), flag, "fail_recheck", note="还不行")
    moved(field.cast.client("contractor"), flag, "submit_rectification")
    _do(page, "复查通过", "已到现场看过")
    expect(page.get_by_role("alert")).to_contain_text("标记已有变化")
    expect(_card(page, "复查通过")).to_contain_text("已附上, 不必重新选择")
    _do(page, "复查通过")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator(".events li", has_text="已到现场看过").locator("img")).to_have_count(1)
    complaints[:] = [line for line in complaints if "409" not in line]


def test_no_page_shows_words_of_developers(
    open_page: OpenPage, flag: str, field: Field, complaints: list[str]
) -> None:
    page = open_page(f"/console/flags/{flag}", DESK, "section")
    page.locator(".others > summary").press("Enter")
    card = _card(page, "移送监察支队")
    card.locator("summary").press("Enter")
    card.locator("textarea").evaluate("area => area.removeAttribute('required')")
    card.locator("button").press("Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("请填写说明")
    expect(alert).to_have_attribute("data-code", "invalid_input")
    assert not re.search("[A-Za-z_]{3,}", alert.inner_text())
    page.goto("/console/flags/00000000-0000-4000-8000-000000000000")
    assert not re.search("[A-Za-z_]{3,}", page.locator("main").inner_text())
    complaints[:] = [line for line in complaints if "422" not in line and "404" not in line]


def test_what_waits_is_paged_and_keeps_its_filter(
    open_page: OpenPage, field: Field, flag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flag_pages, "WAITING_ROWS", 2)
    with field.app.app_context(), write() as session:
        for number in range(4):
            flag_id = add_flag(session, field.cast.site_a, f"more {number}", duty=f"DUTY{number}")
            session.flush()
            one = session.get_one(Flag, (field.cast.site_a, flag_id))
            one.closed_ms, one.state, one.severity = None, "open", "severe"
            session.get_one(FlagStep, (field.cast.site_a, flag_id, "section")).asks = True
    page = open_page("/console/waiting?severity=severe", DESK, "section")
    seen = set()
    for _ in range(3):
        links = page.locator("tbody a")
        seen |= {links.nth(number).get_attribute("href") for number in range(links.count())}
        onward = page.get_by_role("link", name="下一页 →")
        if onward.count() == 0:
            break
        onward.press("Enter")
        page.wait_for_load_state()
    expect(page.get_by_role("link", name="← 上一页")).to_be_visible()
    assert "severity=severe" in page.url
    expect(page.locator("h1 small")).to_have_text(str(len(seen)))
