"""A fever, a case, the gate: what is asked, what is recorded, and that the server gets what was meant."""

from __future__ import annotations

from playwright.sync_api import expect

from server.rules.calendar import instant_ms
from server.workflows.scheduler import tick
from tests.field_app.conftest import bodies, elsewhere
from tests.field_app.inspector import MINUTE_MS, Inspector


def test_a_fever_is_asked_about_waited_for_and_becomes_a_case(
    inspector: Inspector, workers: dict[str, str]
) -> None:
    page = inspector.enrol()
    inspector.measure("张三", "375")
    expect(page.get_by_role("alert")).to_contain_text("确认读数无误吗")
    inspector.expect_unsent(0)
    page.get_by_role("button", name="确认读数").click()
    expect(page.get_by_role("status").filter(has_text="第 2 次")).to_contain_text("还要等 5:00")
    inspector.type_digits("368")
    expect(page.get_by_role("alert")).to_contain_text("还没有到复测时间")
    page.get_by_role("button", name="重新输入").click()
    inspector.open("今日")
    page.get_by_role("link", name="等待复测").click()
    expect(page.locator(".retests")).to_contain_text("5 分钟后复测")
    inspector.pass_time(5 * MINUTE_MS)
    page.get_by_role("button", name="复测").click()
    inspector.type_digits("374")
    page.get_by_role("button", name="确认读数, 保存").click()
    expect(page.get_by_role("heading", name="健康异常个案: 张三")).to_be_visible()
    expect(page.locator("[name=celsius]")).to_have_value("37.5")
    inspector.open("今日")
    page.get_by_role("link", name="还没有立案").click()
    page.locator("[name=isolation_place]").fill("隔离室 1")
    page.get_by_role("button", name="立案").click()
    expect(page.get_by_role("status").filter(has_text="未报")).to_contain_text("还有 2 小时 0 分")
    for step in ("已隔离", "已向社区报备", "已向指挥部报备"):
        page.get_by_role("button", name=step).click()
        expect(page.locator(".steps .done", has_text=step)).to_be_visible()
    inspector.open("今日")
    expect(page.locator(".dues", has_text="个案: 张三")).to_contain_text("还差 1 处报备")
    page.get_by_role("link", name="个案: 张三").click()
    page.get_by_role("button", name="已向住建局报备").click()
    expect(page.get_by_text("已全部报备")).to_be_visible()
    inspector.sync()
    inspector.expect_unsent(0)
    checks = elsewhere(inspector.field, "temperature_check")
    assert bodies(checks, "celsius", "slot") == [(37.4, "retest"), (37.5, "before_work")]
    (case,) = elsewhere(inspector.field, "case")
    assert bodies([case], "worker", "cause", "celsius", "isolation_place") == [
        (workers["张三"], "fever", 37.5, "隔离室 1")
    ]
    assert {"isolated", "community_reported", "headquarters_reported", "bureau_reported"} <= case.body.keys()


def test_a_retest_that_did_not_wait_says_so_wherever_it_is_read(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.measure("张三", "375")
    page.get_by_role("button", name="确认读数").click()
    expect(page.locator(".countdown")).to_contain_text("5:00")  # it is saved: the wait begins with it
    inspector.pass_time(2 * MINUTE_MS)
    expect(page.locator(".countdown")).to_contain_text("3:00")
    inspector.type_digits("368")
    expect(page.get_by_role("alert")).to_contain_text("现在保存, 记录上会注明提前复测")
    page.get_by_role("button", name="不等了, 注明提前复测并保存").click()
    expect(page.get_by_role("status").filter(has_text="第 3 次")).to_contain_text("1 次复测未满 5 分钟")
    inspector.open("测温")
    expect(page.locator(".retests")).to_contain_text("1 次复测未满 5 分钟")
    inspector.pass_time(5 * MINUTE_MS)
    page.get_by_role("button", name="复测").click()
    inspector.type_digits("376")
    page.get_by_role("button", name="确认读数, 保存").click()
    expect(page.locator("[name=note]")).to_have_value("1 次复测未满 5 分钟")
    inspector.sync()
    inspector.expect_unsent(0)
    checks = elsewhere(inspector.field, "temperature_check")
    assert bodies(checks, "celsius", "note")[0] == (36.8, "提前复测: 规定间隔 5 分钟, 还差 3 分 0 秒")


def test_a_case_ends_with_an_outcome_and_its_evidence(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.open("个案")
    page.get_by_role("link", name="报告异常").click()
    page.get_by_label("找人").fill("张")
    page.get_by_label("找人").press("Enter")
    page.get_by_role("button", name="疫区往返").click()
    page.get_by_role("button", name="立案").click()
    page.get_by_role("button", name="已隔离").click()
    page.locator(".steps").get_by_role("button", name="撤销").click()  # a slip of the finger
    expect(page.get_by_role("button", name="已隔离")).to_be_visible()
    page.get_by_text("结果与依据").click()
    page.get_by_role("button", name="排除").click()
    page.get_by_role("button", name="结案").click()
    expect(page.get_by_role("alert")).to_contain_text("必须写明依据")
    page.locator("[name=evidence]").fill("两次核酸阴性")
    page.get_by_role("button", name="结案").click()
    expect(page.locator(".facts")).to_contain_text("排除")
    inspector.sync()
    inspector.expect_unsent(0)
    (case,) = elsewhere(inspector.field, "case")
    assert bodies([case], "cause", "outcome", "evidence", "isolated") == [
        ("travel", "cleared", "两次核酸阴性", None)
    ]


def test_an_unlikely_reading_is_asked_about_and_an_impossible_one_refused(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.measure("张三", "345")
    expect(page.get_by_role("alert")).to_contain_text("不像真实体温")
    page.get_by_role("button", name="重新输入").click()
    inspector.type_digits("299")
    expect(page.get_by_role("alert")).to_contain_text("应在 30.0 到 45.0 之间")
    page.get_by_role("button", name="清空").click()
    inspector.type_digits("346")
    page.get_by_role("button", name="确实如此, 保存").click()
    expect(page.locator(".last")).to_contain_text("张三 34.6 ℃")


def test_the_gate_lets_in_and_out_whom_it_has_looked_at(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.open("门岗")
    page.get_by_role("button", name="张三").click()
    expect(page.get_by_role("button", name="放行进场")).to_be_disabled()
    page.get_by_role("button", name="绿码").click()
    expect(page.get_by_text("还缺: 体温")).to_be_visible()
    inspector.type_digits("365")
    page.get_by_role("group", name="是否戴口罩").get_by_role("button", name="是").click()
    page.get_by_role("button", name="放行进场").click()
    expect(page.get_by_text("现在场内 1 人")).to_be_visible()
    page.get_by_role("button", name="张三").click()
    page.get_by_role("button", name="登记出场").click()
    expect(page.get_by_text("现在场内 0 人")).to_be_visible()
    inspector.sync()
    inspector.expect_unsent(0)
    passes = elsewhere(inspector.field, "gate_pass")
    assert sorted(bodies(passes, "direction", "method", "health_code", "celsius", "mask_worn")) == [
        ("in", "manual", "green", 36.5, True),
        ("out", "manual", None, None, None),
    ]


def test_who_is_turned_away_at_the_gate_leaves_a_record(
    inspector: Inspector, workers: dict[str, str]
) -> None:
    page = inspector.enrol()
    inspector.open("门岗")
    page.get_by_role("button", name="曾小贤").click()
    inspector.type_digits("378")
    expect(page.get_by_role("alert")).to_contain_text("不得进场")
    page.get_by_role("button", name="拒绝进场").click()
    expect(page.get_by_role("status").filter(has_text="第 2 次")).to_be_visible()
    inspector.open("门岗")
    expect(page.locator(".people", has_text="曾小贤")).to_contain_text("拒")
    page.get_by_role("button", name="张三").click()
    inspector.type_digits("365")
    page.get_by_role("button", name="黄码").click()
    expect(page.get_by_role("alert")).to_contain_text("健康码异常")
    page.get_by_role("button", name="拒绝进场").click()
    expect(page.get_by_role("button", name="黄码或红码")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="立案").click()
    expect(page.get_by_role("button", name="已隔离")).to_be_visible()
    inspector.open("门岗")
    expect(page.get_by_text("现在场内 0 人")).to_be_visible()
    inspector.sync()
    inspector.expect_unsent(0)
    passes = elsewhere(inspector.field, "gate_pass")
    assert bodies(passes, "direction", "note") == [
        ("out", "拒绝进场: 体温 37.8 ℃"),
        ("out", "拒绝进场: 黄码"),
    ]
    assert bodies(elsewhere(inspector.field, "temperature_check"), "celsius", "slot") == [(37.8, "entry")]
    assert bodies(elsewhere(inspector.field, "case"), "worker", "cause", "note") == [
        (workers["张三"], "health_code", "门岗查验: 黄码")
    ]


def test_one_pass_at_the_gate_makes_no_slot_look_finished_here_or_on_the_server(inspector: Inspector) -> None:
    inspector.field.cast.clock.set(instant_ms("2026-11-23", "17:00"))
    inspector.set_clock()
    page = inspector.enrol()
    inspector.context.set_offline(True)
    inspector.open("门岗")
    page.get_by_role("button", name="张三").click()
    page.get_by_role("button", name="绿码").click()
    inspector.type_digits("365")
    page.get_by_role("button", name="放行进场").click()
    inspector.measure("曾小贤", "366")
    inspector.open("今日")
    slot = page.locator(".dues li", has_text="每日测温").filter(has_text="下班后")
    expect(slot).to_contain_text("1/2 人")
    expect(slot).not_to_contain_text("已记录")
    inspector.context.set_offline(False)
    inspector.expect_unsent(0)
    inspector.field.cast.clock.set(instant_ms("2026-11-23", "20:31"))
    inspector.set_clock()
    inspector.sync()
    tick(inspector.field.app, inspector.field.cast.clock.now_ms())
    windows = elsewhere(inspector.field, "window")
    named = {(one.body["duty"], one.body["slot"], one.body["local_date"]): one.body for one in windows}
    judged = named["TEMP", "after_work", "2026-11-23"]
    assert (judged["need"], judged["have"]) == (2, 1)
