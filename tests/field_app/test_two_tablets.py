"""Two inspectors change one worker without knowing of each other."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.console.conftest import DESK
from tests.field_app.conftest import bodies, elsewhere
from tests.field_app.inspector import Inspector, Live
from tests.stories.field import Field


def test_both_values_are_kept_and_both_tablets_show_the_same(
    inspector: Inspector, browser: Browser, live: Live, field: Field, workers: dict[str, str]
) -> None:
    context = browser.new_context(viewport=DESK, locale="zh-CN", timezone_id="Asia/Shanghai")
    other = Inspector(context, live, field)
    for one, team in ((inspector, "架子班"), (other, "木工班")):
        one.set_clock()
        one.enrol()
        one.context.set_offline(True)
        one.open("名册")
        one.page.get_by_role("button", name="张三").click()
        one.page.locator("[name=team]").fill(team)
        one.page.get_by_role("button", name="保存修改").click()
        one.expect_unsent(1)
        field.cast.clock.advance(60_000)
    for one in (inspector, other, inspector):
        one.set_clock()
        one.context.set_offline(False)
        one.sync()
        one.expect_unsent(0)
    other.page.get_by_text("已签收").click()
    expect(other.page.locator(".entries")).to_contain_text("修改 人员 张三")
    expect(other.page.locator(".entries")).to_contain_text("有冲突, 待人工确认")
    shown = []
    for one, written in ((inspector, "架子班"), (other, "木工班")):
        one.open("名册")
        one.page.get_by_role("button", name="张三").click()
        contested = one.page.locator(".notice", has_text="值有争议")
        expect(contested).to_contain_text("现为 木工班, 未采用 架子班")
        expect(contested).to_contain_text(f"本机填写的是 {written}")
        shown.append(one.page.locator("[name=team]").input_value())
    assert shown == ["木工班", "木工班"]
    (zhang,) = [item for item in elsewhere(field, "worker") if item.body["name"] == "张三"]
    assert bodies([zhang], "team") == [("木工班",)]
    assert zhang.body["contested"] == ["team"]
    context.close()
    assert other.complaints == []
