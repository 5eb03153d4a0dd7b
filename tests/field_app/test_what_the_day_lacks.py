"""One ring a site says what the day lacks, and what is near its deadline is said aloud."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.field_app.conftest import give_the_other_site
from tests.field_app.inspector import MINUTE_MS, Inspector, log_disinfection


def test_the_ring_fills_and_is_not_green_while_somebody_is_missing(inspector: Inspector) -> None:
    give_the_other_site(inspector.field)
    page = inspector.enrol()
    ring = page.locator(".day", has_text="牧野花园").locator(".ring")
    before = re.match(r"(\d+)/(\d+)", ring.inner_text())
    assert before is not None
    expect(ring).to_have_class(re.compile("is-bad"))  # nobody was measured before work
    expect(ring).to_contain_text("已超时")
    page.locator(".dues li", has_text="工人食堂消毒").filter(has_text="上午").get_by_role("link").click()
    log_disinfection(page)
    inspector.open("今日")
    expect(ring).to_contain_text(f"{int(before[1]) + 1}/{before[2]}")
    expect(ring).not_to_have_class(re.compile("is-good"))
    crew = page.locator(".to-measure .crews a", has_text="木工班")
    expect(crew).to_contain_text("0/1 缺 1 人")
    crew.click()
    expect(page.locator(".who h2")).to_have_text("曾小贤")
    inspector.open("今日")
    page.locator(".site select").select_option(label="凤泉新城")
    expect(page.locator(".day.is-chosen h2")).to_contain_text("凤泉新城")
    expect(page.locator(".day.is-chosen")).to_be_in_viewport()


def test_a_deadline_and_a_retest_are_said_at_the_head_of_every_screen(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.measure("张三", "376")
    page.get_by_role("button", name="确认读数").click()
    expect(page.get_by_text("请在阴凉处休息后复测")).to_be_visible()
    reminder = page.locator(".head .badge", has_text="提醒")
    expect(reminder).to_have_count(0)
    with inspector.cut_off():
        inspector.pass_time(80 * MINUTE_MS)  # noon is near
        page = inspector.open_again()
        reminder = page.locator(".head .badge", has_text="提醒")
        expect(reminder).to_contain_text("张三 可以复测")
        expect(page.locator(".toast")).to_contain_text("上午: 12:00 前")
        inspector.open("名册")
        expect(reminder).to_be_visible()
        reminder.click()
        expect(page.get_by_role("heading", name="今日")).to_be_visible()
