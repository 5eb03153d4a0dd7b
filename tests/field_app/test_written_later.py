"""补录: work first noted on paper is recorded with the time it was done, in every form, and marked wherever it shows."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from server.base.clock import to_iso
from tests.console.conftest import DESK, PHONE
from tests.field_app.conftest import elsewhere
from tests.field_app.inspector import MINUTE_MS, Inspector, log_disinfection

HOUR_MS = 60 * MINUTE_MS


def _ago(inspector: Inspector, ms: int) -> str:
    """As a field for date and time has it: `2026-11-23T07:41`."""
    return to_iso(inspector.field.cast.clock.now_ms() - ms)[:16]


def _say_when(page: Page, text: str) -> None:
    page.locator(".observed summary").click()
    page.locator("[name=observed]").fill(text)


def _open_place(inspector: Inspector) -> Page:
    inspector.open("消毒")
    inspector.page.get_by_role("button", name="工人食堂").click()
    return inspector.page


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_a_log_from_paper_counts_when_it_was_done_and_says_so(inspector: Inspector) -> None:
    inspector.enrol()
    page = _open_place(inspector)
    when = _ago(inspector, 2 * HOUR_MS)
    _say_when(page, when)
    expect(page.locator(".observed summary")).to_contain_text(f"补录 {when[5:].replace('T', ' ')}")
    log_disinfection(page)
    place = page.get_by_role("button", name="工人食堂")
    expect(place).to_contain_text(f"{when[11:]} 补录")
    inspector.open("同步")
    expect(page.locator(".entries")).to_contain_text(f"(补录 {when[5:].replace('T', ' ')})")
    inspector.sync()
    inspector.expect_unsent(0)
    expect(page.locator(".refused")).to_have_count(0)
    inspector.open("消毒")
    expect(place).to_contain_text(f"{when[11:]} 补录")
    (log,) = elsewhere(inspector.field, "disinfection_log")
    assert log.body["observed"].startswith(when) and log.body["backfilled"] is True


def test_what_is_still_to_come_or_too_old_is_not_saved(inspector: Inspector) -> None:
    inspector.enrol()
    page = _open_place(inspector)
    for ms, message in ((-HOUR_MS, "不能晚于现在"), (49 * HOUR_MS, "只能补录 48 小时以内的工作")):
        _say_when(page, _ago(inspector, ms))
        expect(page.locator(".observed .wrong")).to_contain_text(message)
        page.get_by_role("button", name="含氯消毒剂").click()
        page.locator("[name=operator]").fill("王师傅")
        page.get_by_role("button", name="保存", exact=True).click()
        inspector.expect_unsent(0)
        page.get_by_role("button", name="不是补录").click()
    log_disinfection(page)
    expect(page.get_by_role("button", name="工人食堂")).not_to_contain_text("补录")


def test_a_reading_from_paper_is_saved_with_its_third_digit_and_the_next_is_of_now(
    inspector: Inspector,
) -> None:
    inspector.enrol()
    inspector.open("测温")
    page = inspector.page
    page.get_by_role("button", name="张三").click()
    _say_when(page, _ago(inspector, -HOUR_MS))
    inspector.type_digits("365")
    expect(page.locator(".toast")).to_contain_text("不能晚于现在")
    inspector.expect_unsent(0)
    page.locator("[name=observed]").fill(_ago(inspector, HOUR_MS))
    inspector.type_digits("365")
    expect(page.get_by_role("button", name="张三")).to_contain_text("36.5 ℃ 补录")
    inspector.measure("曾小贤", "366")
    expect(page.get_by_role("button", name="曾小贤")).to_contain_text("36.6 ℃")
    expect(page.get_by_role("button", name="曾小贤")).not_to_contain_text("补录")


def test_passes_rounds_and_supplies_from_paper_say_so_too(inspector: Inspector) -> None:
    inspector.enrol()
    page, when = inspector.page, _ago(inspector, HOUR_MS)
    inspector.open("门岗")
    page.get_by_role("button", name="张三").click()
    page.get_by_role("button", name="绿码").click()
    inspector.type_digits("365")
    _say_when(page, when)
    page.get_by_role("button", name="放行进场").click()
    expect(page.get_by_role("button", name="张三")).to_contain_text(f"{when[11:]} 补录 进")
    inspector.open("物资")
    page.get_by_role("button", name="口罩").click()
    page.get_by_role("button", name="入库").click()
    page.locator("[name=amount]").fill("50")
    _say_when(page, when)
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator(".records")).to_contain_text(f"{when[5:].replace('T', ' ')} 补录")
    inspector.open("巡查")
    page.get_by_role("button", name="例行巡查").click()
    page.get_by_role("button", name="未发现问题").click()
    _say_when(page, when)
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.locator(".records summary", has_text=f"{when[5:].replace('T', ' ')} 补录")).to_be_visible()
    inspector.sync()
    inspector.expect_unsent(0)


@pytest.mark.parametrize("digits", ["365", "385"])
def test_a_reading_of_another_day_leads_back_to_the_list_of_today(inspector: Inspector, digits: str) -> None:
    inspector.enrol()
    inspector.open("测温")
    page = inspector.page
    page.get_by_role("button", name="张三").click()
    _say_when(page, _ago(inspector, 24 * HOUR_MS))
    inspector.type_digits(digits)
    if digits == "385":
        page.get_by_role("button", name="确认读数, 开始复测").click()
    expect(page.locator(".last")).to_contain_text(f"张三 {digits[:2]}.{digits[2]} ℃")
    expect(page.get_by_role("button", name="张三")).not_to_contain_text("℃")
    expect(page.locator(".retests")).to_have_count(0)
    inspector.expect_unsent(1)


def test_the_wait_before_a_retest_is_counted_from_when_it_was_taken(inspector: Inspector) -> None:
    inspector.enrol()
    inspector.open("测温")
    page = inspector.page
    page.get_by_role("button", name="张三").click()
    _say_when(page, _ago(inspector, HOUR_MS))
    inspector.type_digits("385")
    page.get_by_role("button", name="确认读数, 开始复测").click()
    expect(page.locator(".notice")).to_contain_text("第 2 次")
    _say_when(page, _ago(inspector, HOUR_MS - MINUTE_MS))
    inspector.type_digits("366")
    early = page.get_by_role("button", name="不等了, 注明提前复测并保存")
    expect(early).to_be_visible()
    page.locator("[name=observed]").fill(_ago(inspector, MINUTE_MS))
    expect(early).to_have_count(0)
    page.get_by_role("button", name="按此读数保存").click()
    expect(page.locator(".notice")).to_contain_text("第 3 次")
    inspector.sync()
    inspector.expect_unsent(0)
    notes = [one.body.get("note") for one in elsewhere(inspector.field, "temperature_check")]
    assert notes == [None, None]
