"""A refused entry is there until it is replaced, and the form says what was wrong; what was begun in a round is not
left behind."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.field_app.conftest import bodies, elsewhere
from tests.field_app.inspector import Inspector, log_disinfection


def test_a_refused_entry_stays_until_its_replacement_is_saved(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.refuse_first("/body/celsius", "请复核。")
    inspector.measure("张三", "366")
    inspector.sync()
    page.get_by_role("button", name="改正后重新填写").click()
    expect(page.locator(".refusal")).to_contain_text("体温 (°C): 请复核。")
    expect(page.locator(".refusal")).to_contain_text("内容不符合要求")
    page.get_by_role("link", name="返回", exact=True).click()  # left without saving
    expect(page.locator(".badge")).to_contain_text("退回 1 条")
    page = inspector.open_again()
    inspector.open("同步")
    page.get_by_role("button", name="改正后重新填写").click()
    page.get_by_role("button", name="按此读数重新保存").click()
    expect(page.locator(".last")).to_contain_text("张三 36.6 ℃")
    expect(page.locator(".badge")).not_to_contain_text("退回")
    inspector.open("同步")
    expect(page.locator(".refused")).to_have_count(0)


def test_a_refused_log_keeps_its_photo_until_the_replacement_has_it(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.refuse_first("/body/operator", "请写全名。")
    inspector.open("消毒")
    page.get_by_role("button", name="工人食堂").click()
    inspector.take_photo()
    log_disinfection(page)
    inspector.sync()
    for _ in range(2):  # once left, once saved
        page.get_by_role("button", name="改正后重新填写").click()
        expect(page.locator(".refusal")).to_contain_text("请写全名。")
        expect(page.locator(".thumbnail")).to_have_count(1)
        inspector.open("同步")
    page.get_by_role("button", name="改正后重新填写").click()
    log_disinfection(page)
    inspector.sync()
    inspector.expect_unsent(0)
    expect(page.locator(".badge")).not_to_contain_text("退回")
    assert len(elsewhere(inspector.field, "disinfection_log")) == 1


def test_a_refused_round_is_written_again_with_what_it_said(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.refuse_first("/body/companion", "请写全名。")
    inspector.open("巡查")
    page.get_by_role("button", name="专项检查").click()
    page.get_by_role("button", name="未发现问题").click()
    page.locator("[name=companion]").fill("李")
    page.get_by_role("button", name="保存").click()
    inspector.sync()
    page.get_by_role("button", name="改正后重新填写").click()
    expect(page.locator(".refusal")).to_contain_text("请写全名。")
    expect(page.locator("[name=companion]")).to_have_value("李")
    page.locator("[name=companion]").fill("李工")
    page.get_by_role("button", name="保存").click()
    inspector.sync()
    inspector.expect_unsent(0)
    expect(page.locator(".badge")).not_to_contain_text("退回")
    rounds = elsewhere(inspector.field, "inspection_round")
    assert bodies(rounds, "companion", "purpose", "result") == [("李工", "special", "sound")]


def test_a_finding_that_was_begun_is_saved_with_its_photo_before_the_round_ends(inspector: Inspector) -> None:
    page = inspector.enrol()
    _begin_finding(inspector)
    page.get_by_role("link", name="返回").click()
    expect(page.get_by_text("还有一条没有写完: 窗户打不开 (照片 1 张)")).to_be_visible()
    expect(page.get_by_role("button", name="不要了, 清空")).to_have_count(0)
    _end(page, "发现问题")
    expect(page.get_by_text("请先写完并保存, 或者不要它")).to_be_visible()
    page.get_by_role("link", name="继续填写").click()
    expect(page.locator(".thumbnail")).to_have_count(1)
    page.get_by_role("group", name="检查项目").get_by_role("button", name="通风").click()
    page.get_by_role("button", name="一般").click()
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("region", name="巡查发现的问题")).to_contain_text("1 条")
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".records summary", has_text="例行巡查 发现问题")).to_be_visible()
    inspector.sync()
    inspector.expect_unsent(0)
    expect(page.get_by_text("没有等待上传的")).to_be_visible()
    (made,) = elsewhere(inspector.field, "inspection_round")
    findings = elsewhere(inspector.field, "inspection_finding")
    assert bodies(findings, "round", "description") == [(made.id, "窗户打不开")]


def test_a_finding_that_was_begun_goes_only_when_a_person_says_so(inspector: Inspector) -> None:
    page = inspector.enrol()
    _begin_finding(inspector)
    page.get_by_role("link", name="返回").click()
    page.get_by_role("button", name="不要了, 删除").click()
    expect(page.get_by_text("还有一条没有写完")).to_have_count(0)
    _end(page, "未发现问题")
    expect(page.locator(".records")).to_contain_text("未发现问题")


def test_a_round_that_was_begun_by_mistake_is_given_up(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.open("巡查")
    expect(page.get_by_role("button", name="不要了, 清空")).to_have_count(0)
    page.get_by_role("button", name="例行巡查").click()
    page.get_by_role("button", name="不要了, 清空").click()
    expect(page.get_by_role("button", name="例行巡查")).to_have_attribute("aria-pressed", "false")
    inspector.open("今日")
    expect(page.get_by_role("link", name="巡查进行中")).to_have_count(0)


def _begin_finding(inspector: Inspector) -> None:
    page = inspector.page
    inspector.open("巡查")
    page.get_by_role("button", name="例行巡查").click()
    page.get_by_role("link", name="添加巡查发现的问题").click()
    page.locator("[name=description]").fill("窗户打不开")
    inspector.take_photo()


def _end(page: Page, result: str) -> None:
    page.get_by_role("button", name=result, exact=True).click()
    page.get_by_role("button", name="保存").click()
