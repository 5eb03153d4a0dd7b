"""Each screen as an inspector uses it, and that the server gets what the person meant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from server.clock import to_iso
from tests.axe import serious_findings
from tests.console.conftest import DESK, PHONE
from tests.field_app.conftest import Inspector, bodies, certificate, elsewhere, log_disinfection
from tests.server.cast import COMPANY_A

SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
ROOMS = ("今日", "测温", "消毒", "名册", "门岗", "同步")
TOUCH_PX = 56
# What a finger has to hit, as it is laid out; a native checkbox or a file input lies under something larger.
TOO_SMALL = """(least) => [...document.querySelectorAll("a, button, input:not([type=file]), select, summary")]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < least - 0.5)
  .map((one) => one.outerHTML.slice(0, 80))"""
PIXEL = (  # a picture of one pixel
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00"
    b"\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82"
)


@SIZES
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_screen_fits_and_can_be_touched_read_and_heard(
    inspector: Inspector, size: ViewportSize, scheme: Literal["light", "dark"]
) -> None:
    page = inspector.enrol()
    page.emulate_media(color_scheme=scheme)
    for room in ROOMS:
        inspector.open(room)
        expect(page.get_by_role("navigation").get_by_role("link", name=room)).to_have_attribute(
            "aria-current", "page"
        )
        _assert_good(page)
    for path in ("roster/worker", "disinfect?place=canteen%20工人食堂"):
        page.goto(f"{inspector.live.address}/field/#/{path}")
        expect(page.get_by_role("button", name="保存")).to_be_visible()
        _assert_good(page)
    inspector.open("门岗")
    page.locator(".people button").first.click()
    expect(page.locator(".keypad")).to_be_visible()
    _assert_good(page)


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
    page.locator(".dues a", has_text="用餐时").click()  # leads to that slot, and to those whom it is about
    expect(page.get_by_text("用餐时 · 大门")).to_be_visible()
    expect(page.get_by_text("0 / 0 人已测")).to_be_visible()
    inspector.context.set_offline(False)


def test_a_fever_leads_through_three_readings(inspector: Inspector, workers: dict[str, str]) -> None:
    page = inspector.enrol()
    inspector.measure("张三", "375")
    expect(page.get_by_text("第 1 次")).to_be_visible()
    inspector.type_digits("374")
    expect(page.get_by_text("第 2 次")).to_be_visible()
    inspector.open("今日")
    page.get_by_role("link", name="等待复测").click()
    page.get_by_role("button", name="复测").click()
    inspector.type_digits("368")
    expect(page.get_by_text("第 3 次")).to_be_visible()
    inspector.type_digits("373")
    expect(page.locator(".retests")).to_contain_text("请到隔离室, 立即报备")
    inspector.sync()
    inspector.expect_unsent(0)
    checks = elsewhere(inspector.field, "temperature_check")
    assert bodies(checks, "celsius", "slot") == [
        (36.8, "retest"),
        (37.3, "retest"),
        (37.4, "retest"),
        (37.5, "before_work"),
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
    page.get_by_role("link", name="返回").click()
    expect(page.locator(".last")).to_contain_text("张三 34.6 ℃")


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
    expect(page.get_by_role("alert")).to_contain_text("缺少这一项")
    page.locator("input[type=file]").set_input_files(
        {"name": "p.png", "mimeType": "image/png", "buffer": PIXEL}
    )
    expect(page.get_by_text("照片已附上")).to_be_visible()
    log_disinfection(page)
    page.get_by_role("button", name="一号宿舍").click()
    expect(page.locator("[name=operator]")).to_have_value("王师傅")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("今日未消毒")).to_have_count(0)
    inspector.sync()
    inspector.expect_unsent(0)
    expect(page.get_by_text("没有等待上传的")).to_be_visible()
    logs = elsewhere(inspector.field, "disinfection_log")
    assert bodies(logs, "place", "place_name", "concentration_mg_l", "operator") == [
        ("canteen", "工人食堂", 500, "王师傅"),
        ("dormitory", "一号宿舍", 500, "王师傅"),
    ]


def test_a_new_worker_is_measured_before_the_server_has_heard_of_either(inspector: Inspector) -> None:
    page = inspector.enrol()
    with inspector.cut_off():
        inspector.open("名册")
        page.get_by_role("link", name="登记新人员").click()
        page.locator("[name=name]").fill("单国栋")
        page.locator("[name=certificate_number]").fill("410702199003070010")
        page.locator("[name=company]").fill(COMPANY_A)
        page.locator("[name=team]").fill("架子班")
        page.locator("[name=trade]").select_option("030")
        page.get_by_role("button", name="保存").click()
        expect(page.get_by_role("alert")).to_contain_text("校验不符")
        page.locator("[name=certificate_number]").fill(certificate("41070219770101003"))
        page.locator("[name=phone]").fill("138 0000-1111")
        page.get_by_role("button", name="保存").click()
        expect(page.locator(".people")).to_contain_text("单国栋")
        inspector.measure("sgd", "366")
        inspector.expect_unsent(2)
    inspector.expect_unsent(0)
    workers = {item.body["name"]: item for item in elsewhere(inspector.field, "worker")}
    assert workers["单国栋"].body["phone"] == "138****1111"
    (check,) = elsewhere(inspector.field, "temperature_check")
    assert check.body["worker"] == workers["单国栋"].id


def test_an_edit_sends_what_was_changed_and_an_exit_is_one_touch(inspector: Inspector) -> None:
    page = inspector.enrol()
    _open_worker(inspector, "张三")
    page.locator("[name=team]").fill("钢筋二班")
    page.get_by_role("button", name="保存修改").click()
    _open_worker(inspector, "曾小贤")
    page.get_by_role("button", name="今日退场").click()
    expect(page.locator(".people")).to_contain_text("今日退场")
    inspector.sync()
    inspector.expect_unsent(0)
    workers = elsewhere(inspector.field, "worker")
    today = to_iso(inspector.field.cast.clock.now_ms())[:10]
    assert bodies(workers, "name", "team", "phone") == [
        ("张三", "钢筋二班", "138****5678"),
        ("曾小贤", "木工班", "139****1234"),
    ]
    assert bodies(workers, "name", "exited_on") == [("张三", None), ("曾小贤", today)]


def test_the_gate_lets_in_and_out_and_bars_a_fever(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.open("门岗")
    page.get_by_role("button", name="张三").click()
    inspector.type_digits("365")
    page.get_by_role("button", name="放行进场").click()
    expect(page.get_by_text("现在场内 1 人")).to_be_visible()
    page.get_by_role("button", name="曾小贤").click()
    inspector.type_digits("378")
    expect(page.get_by_role("alert")).to_contain_text("不得进场")
    page.get_by_role("button", name="记录体温并复测").click()
    expect(page.get_by_text("第 1 次")).to_be_visible()
    inspector.open("门岗")
    page.get_by_role("button", name="张三").click()
    page.get_by_role("button", name="登记出场").click()
    expect(page.get_by_text("现在场内 0 人")).to_be_visible()
    inspector.sync()
    inspector.expect_unsent(0)
    passes = elsewhere(inspector.field, "gate_pass")
    assert bodies(passes, "direction", "method", "health_code") == [
        ("in", "manual", "green"),
        ("out", "manual", "green"),
    ]
    assert bodies(elsewhere(inspector.field, "temperature_check"), "celsius", "slot") == [(37.8, "entry")]


def test_what_is_unsent_can_be_carried_away_in_a_file(inspector: Inspector, tmp_path: Path) -> None:
    page = inspector.enrol()
    inspector.context.set_offline(True)
    inspector.measure("张三", "366")
    inspector.open("同步")
    with page.expect_download() as download:
        page.get_by_role("button", name="应急导出").click()
    download.value.save_as(tmp_path / "unsent.ndjson")
    about, line = (tmp_path / "unsent.ndjson").read_text().splitlines()
    assert json.loads(about)["entries"] == 1
    assert json.loads(line)["body"]["celsius"] == 36.6
    inspector.context.set_offline(False)
    inspector.expect_unsent(0)


def _open_worker(inspector: Inspector, name: str) -> None:
    inspector.open("名册")
    inspector.page.get_by_role("button", name=name).click()
    expect(inspector.page.get_by_role("heading", name=name)).to_be_visible()


def _assert_good(page: Page) -> None:
    """Nothing has to be scrolled sideways, everything is large enough for a finger in a glove, and nothing is there
    that a screen reader or weak eyes would miss."""
    wide = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide[0] <= wide[1], f"{page.url} is {wide[0]} pixels wide on a screen of {wide[1]}"
    assert page.evaluate(TOO_SMALL, TOUCH_PX) == []
    assert serious_findings(page) == []
