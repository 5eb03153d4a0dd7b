"""我做的: what an inspector wrote today is found, corrected and declared void, and none of it waits unseen."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.axe import serious_findings
from tests.field_app.conftest import bodies, elsewhere
from tests.field_app.inspector import Inspector, log_disinfection


def test_what_was_written_today_is_found_corrected_and_declared_void(inspector: Inspector) -> None:
    page = inspector.enrol()
    with inspector.cut_off():
        inspector.measure("张三", "356")
        inspector.measure("曾小贤", "366")
        inspector.open("消毒")
        page.get_by_role("button", name="工人食堂").click()
        log_disinfection(page)
        inspector.open("门岗")
        page.locator(".people button", has_text="张三").click()
        page.get_by_role("button", name="健康码绿色, 已戴口罩").click()
        inspector.type_digits("365")
        page.locator(".passed").wait_for()
        page.goto(f"{inspector.live.address}/field/#/roster/worker")
        page.locator("[name=name]").fill("王写一半")
        inspector.open("我做的")
        expect(page.locator(".written li")).to_have_count(4)
        expect(page.locator(".unfinished")).to_contain_text("登记新人员 王写一半")
        assert serious_findings(page) == []

        page.get_by_label("查找记录").fill("zxx")  # 曾小贤
        expect(page.locator(".written li")).to_have_count(1)
        page.get_by_label("查找记录").fill("")
        page.get_by_role("button", name="按地点").click()
        page.locator("summary", has_text="工人食堂").click()
        expect(page.locator("details[open] .written li")).to_contain_text("消毒记录")
        page.get_by_role("button", name="按人员").click()
        page.locator("summary", has_text="张三").click()
        expect(page.locator("details[open] .written li")).to_have_count(2)

        reading = page.locator("details[open] .written li", has_text="35.6 ℃")
        reading.get_by_role("link", name="更正").click()
        expect(page.get_by_role("heading", name="张三")).to_contain_text("更正测温记录")
        page.locator("[name=celsius]").fill("365")
        page.get_by_role("button", name="保存更正").click()
        expect(page.locator(".is-wrong")).to_be_visible()
        page.locator("[name=celsius]").fill("36.5")
        page.get_by_role("button", name="保存更正").click()
        expect(page.locator(".written li", has_text="35.6 ℃")).to_contain_text("已更正")
        page.locator(".written li", has_text="曾小贤").get_by_role("button", name="撤销").click()
        expect(page.locator(".written li", has_text="36.6 ℃")).to_contain_text("已作废")
    inspector.sync()
    inspector.expect_unsent(0)
    inspector.open("我做的")
    page.locator(".written li", has_text="消毒记录").get_by_role("button", name="作废…").click()
    page.locator("[name=reason]").fill("记错场所")
    page.get_by_role("button", name="确认作废").click()
    expect(page.locator(".written li", has_text="消毒记录").last).to_contain_text("已作废")
    inspector.sync()
    inspector.expect_unsent(0)
    checks = elsewhere(inspector.field, "temperature_check")
    assert bodies(checks, "celsius", "voided") == [(35.6, None), (36.5, None), (36.6, True)]
    (log,) = elsewhere(inspector.field, "disinfection_log")
    assert log.body["void"]["reason"] == "记错场所"


def test_what_was_refused_stands_there_until_it_is_written_again(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.refuse_first("/body/note", "不能这样写。")
    inspector.measure("张三", "366")
    expect(page.locator(".badge")).to_contain_text("退回 1 条")
    inspector.open("我做的")
    expect(page.locator(".refused")).to_contain_text("不能这样写。")
    page.get_by_role("button", name="改正后重新填写").click()
    page.get_by_role("button", name="按此读数重新保存").click()
    inspector.open("我做的")
    expect(page.locator(".written li")).to_contain_text(["测温记录 张三 36.6 ℃"])
    expect(page.locator(".refused")).to_have_count(0)
