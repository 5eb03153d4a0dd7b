"""Registering, correcting and finding people."""

from __future__ import annotations

from playwright.sync_api import expect

from server.base.clock import to_iso
from tests.chromium import wait_until
from tests.field_app.conftest import ZHANG, bodies, certificate, elsewhere
from tests.field_app.inspector import MINUTE_MS, PULL, Inspector
from tests.server.cast import COMPANY_A

# A browser that reads codes, and a camera that sees one; Chromium has neither where it has no screen.
CAMERA = """
  window.tracks = [];
  window.BarcodeDetector = class { async detect() { return [{ rawValue: "%s" }]; } };
  navigator.mediaDevices.getUserMedia = async () => {
    const canvas = document.createElement("canvas");
    canvas.getContext("2d").fillRect(0, 0, 9, 9);
    const stream = canvas.captureStream();
    window.tracks.push(...stream.getTracks());
    return stream;
  };
"""


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
    inspector.open_worker("张三")
    page.locator("[name=team]").fill("钢筋二班")
    page.get_by_role("button", name="保存修改").click()
    inspector.open_worker("曾小贤")
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


def test_who_has_left_is_found_and_comes_back(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.open_worker("曾小贤")
    page.get_by_role("button", name="今日退场").click()
    expect(page.locator(".people")).to_contain_text("今日退场")
    inspector.pass_time(24 * 60 * MINUTE_MS)
    page = inspector.open_again()
    inspector.open("名册")
    expect(page.get_by_text("另有 1 人已退场")).to_be_visible()
    expect(page.get_by_role("button", name="曾小贤")).to_have_count(0)
    page.get_by_label("找人").fill("zxx")
    page.get_by_role("button", name="曾小贤").click()
    page.get_by_role("button", name="今日再次进场").click()
    expect(page.get_by_role("button", name="曾小贤")).to_be_visible()
    inspector.sync()
    inspector.expect_unsent(0)
    today = to_iso(inspector.field.cast.clock.now_ms())[:10]
    workers = elsewhere(inspector.field, "worker")
    assert ("曾小贤", today, None) in bodies(workers, "name", "entered_on", "exited_on")


def test_a_contested_value_is_marked_with_both_values_where_they_are_known(
    inspector: Inspector, workers: dict[str, str]
) -> None:
    page = inspector.enrol()
    with inspector.field.tablet("colleague") as colleague:
        colleague.edit(inspector.field.scope, workers["张三"], {"name": "章三"})
        assert colleague.sync().ok
    inspector.context.route(PULL, lambda route: route.abort())
    inspector.open_worker("张三")
    page.locator("[name=name]").fill("张叁")
    page.get_by_role("button", name="保存修改").click()
    inspector.expect_unsent(0)
    inspector.context.unroute(PULL)
    inspector.sync()
    inspector.open("名册")
    expect(page.locator(".people", has_text="章三")).to_contain_text("值有争议")
    page.get_by_role("button", name="章三").click()
    expect(page.locator(".notice")).to_contain_text("姓名: 现为 章三, 未采用 张叁 (本机填写的是 张叁)")


def test_a_photo_alone_contests_nothing(inspector: Inspector, workers: dict[str, str]) -> None:
    page = inspector.enrol()
    with inspector.field.tablet("colleague") as colleague:
        colleague.edit(inspector.field.scope, workers["张三"], {"name": "章三", "team": "木工班"})
        assert colleague.sync().ok
    inspector.open_worker("张三")
    inspector.take_photo()
    page.get_by_role("button", name="保存修改").click()
    inspector.sync()
    inspector.expect_unsent(0)
    (worker,) = (one for one in elsewhere(inspector.field, "worker") if one.id == workers["张三"])
    assert (worker.body["name"], worker.body["team"], worker.body.get("contested")) == (
        "章三",
        "木工班",
        None,
    )
    inspector.open_worker("章三")
    expect(page.locator("form > .thumbnail")).to_be_visible()


def test_a_scanner_that_types_finds_the_one_person_it_means(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.open("测温")
    page.get_by_label("找人").blur()
    page.keyboard.press("z")  # without touching the field first
    expect(page.get_by_label("找人")).to_have_value("z")
    page.get_by_label("找人").fill("")
    page.keyboard.type(str(ZHANG["certificate_number"]))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="张三")).to_be_visible()
    page.get_by_role("link", name="返回").click()
    page.get_by_label("找人").fill("1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="2 人符合")).to_be_visible()
    expect(page.get_by_label("找人")).to_be_visible()  # of two, the first is not the one


def test_a_code_before_the_camera_finds_its_person(inspector: Inspector, workers: dict[str, str]) -> None:
    inspector.context.add_init_script(CAMERA % f"gongdi:{workers['曾小贤']}")
    page = inspector.enrol()
    inspector.open("门岗")
    page.get_by_role("button", name="扫码").click()
    expect(page.get_by_role("heading", name="曾小贤")).to_be_visible()
    wait_until(page, "tracks.length === 1 && tracks[0].readyState === 'ended'")  # it is off again


def test_a_tablet_is_enrolled_by_the_code_that_it_is_shown(inspector: Inspector) -> None:
    link = f"{inspector.live.address}/field/#code={inspector.field.code('inspector')}"
    inspector.context.add_init_script(CAMERA % link)
    page = inspector.page
    page.goto(f"{inspector.live.address}/field/")
    page.get_by_role("button", name="扫描登记二维码").click()
    expect(page.get_by_label("注册码")).to_have_value(link.partition("=")[2])
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("heading", name="今日")).to_be_visible()
