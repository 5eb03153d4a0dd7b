"""Each screen as an inspector uses it, and that the server gets what the person meant."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.field_app.conftest import bodies, elsewhere, give_the_other_site
from tests.field_app.inspector import Inspector, log_disinfection


def test_the_round_of_today_shows_what_is_due_and_whom_to_measure(inspector: Inspector) -> None:
    page = inspector.enrol()
    canteen = page.locator(".dues li", has_text="食堂消毒").filter(has_text="上午")
    expect(canteen).to_contain_text("12:00 前")
    expect(page.locator(".to-measure")).to_contain_text("2 人")
    inspector.context.set_offline(True)
    page.locator(".names").get_by_role("link", name="张三").click()
    inspector.type_digits("366")
    inspector.open("今日")
    expect(page.locator(".to-measure")).to_contain_text("1 人")
    inspector.open("今日")
    canteen.get_by_role("link").click()
    log_disinfection(page)
    inspector.open("今日")
    expect(canteen).to_contain_text("已记录")
    expect(page.locator(".dues", has_text="食堂人员测温")).to_have_count(
        0
    )  # nobody on the roster is of the canteen
    page.locator(".dues a", has_text="下班后").click()  # leads to that slot, and to those whom it is about
    expect(page.get_by_text("下班后 · 大门")).to_be_visible()
    expect(page.get_by_text("0 / 2 人已测")).to_be_visible()
    inspector.context.set_offline(False)


def test_a_slip_of_the_finger_is_declared_void(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.measure("张三", "366")
    page.get_by_role("button", name="撤销").click()
    expect(page.get_by_text("0 / 2 人已测")).to_be_visible()
    inspector.sync()
    inspector.expect_unsent(0)
    (check,) = elsewhere(inspector.field, "temperature_check")
    assert check.body["voided"] is True
    assert check.body["void"]["reason"] == "录入错误"


def test_a_disinfection_with_its_photo_and_last_times_values(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.open("消毒")
    page.get_by_role("button", name="工人食堂").click()
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("alert").first).to_contain_text("缺少这一项")
    inspector.take_photo()
    page.locator("[name=operator]").fill("王")
    inspector.open("今日")  # looked elsewhere meanwhile: nothing is lost
    inspector.open("消毒")
    page.get_by_role("button", name="工人食堂").click()
    expect(page.locator(".thumbnail")).to_be_visible()
    expect(page.locator("[name=operator]")).to_have_value("王")
    log_disinfection(page)
    page.get_by_role("button", name="一号宿舍").click()
    expect(page.locator("[name=operator]")).to_have_value("王师傅")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("今日未记录")).to_have_count(0)
    inspector.sync()
    inspector.expect_unsent(0)
    expect(page.get_by_text("没有等待上传的")).to_be_visible()
    logs = elsewhere(inspector.field, "disinfection_log")
    assert bodies(logs, "place", "place_name", "concentration_mg_l", "operator") == [
        ("canteen", "工人食堂", 500, "王师傅"),
        ("dormitory", "一号宿舍", 500, "王师傅"),
    ]


def test_supplies_are_counted_and_the_balance_shows(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.open("物资")
    for movement, amount in (("入库", "100"), ("领用", "30")):
        page.get_by_role("button", name="口罩").click()
        page.get_by_role("button", name=movement, exact=True).click()
        page.locator("[name=amount]").fill(amount)
        page.get_by_role("button", name="保存").click()
        expect(page.locator(".records li", has_text=movement)).to_be_visible()
    expect(page.locator(".counts div", has_text="口罩")).to_contain_text("70")
    inspector.sync()
    inspector.expect_unsent(0)
    moved = elsewhere(inspector.field, "supply_movement")
    assert bodies(moved, "item", "movement", "amount") == [("mask", "issued", 30), ("mask", "received", 100)]


def test_after_another_site_was_chosen_nothing_of_the_first_can_be_touched(inspector: Inspector) -> None:
    give_the_other_site(inspector.field)
    page = inspector.enrol()
    choose = page.locator(".site select")
    choose.select_option(label="牧野花园")
    inspector.open_worker("张三")
    choose.select_option(label="凤泉新城")
    expect(page.get_by_role("heading", name="名册")).to_contain_text("0 人在场")
    expect(page.get_by_role("button", name="张三")).to_have_count(0)
    inspector.open("今日")
    page.get_by_role("link", name="张三").click()  # of the site that is not chosen
    expect(page.get_by_role("heading", name="张三")).to_be_visible()
    expect(page.locator(".keypad")).to_be_visible()
    expect(choose.locator("option:checked")).to_have_text("牧野花园")


def test_digits_come_as_fast_as_they_are_typed(inspector: Inspector) -> None:
    page = inspector.enrol()
    page.locator(".names").get_by_role("link", name="张三").click()
    expect(page.locator(".keypad")).to_be_visible()
    page.evaluate("for (const key of '366') dispatchEvent(new KeyboardEvent('keydown', {key}))")
    expect(page.locator(".last")).to_contain_text("张三 36.6 ℃")
