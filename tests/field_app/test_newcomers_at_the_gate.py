"""Whoever is new and has no test on record is seen at the gate: the guard writes down what he shows, or turns him away."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.field_app.conftest import bodies, elsewhere
from tests.field_app.inspector import Inspector
from tests.stories.field import WORKER

TODAY = "2026-11-23"
PASSPORT = {"certificate_type": "passport", "certificate_number": "E12345678"}
NEW = {**WORKER, "name": "秦新来", **PASSPORT, "entered_on": TODAY}


def arrives(inspector: Inspector) -> str:
    with inspector.field.tablet("office-2") as office:
        worker = office.add(inspector.field.scope, "worker", NEW)
        assert office.sync().ok
    return worker


def test_a_newcomer_without_a_test_is_asked_for_one_and_then_passes_like_anybody(
    inspector: Inspector,
) -> None:
    worker = arrives(inspector)
    page = inspector.enrol()
    with inspector.cut_off():
        expect(page.get_by_text("新进场 1 人没有规定时限内的核酸阴性记录")).to_be_visible()
        inspector.open("门岗")
        expect(page.locator(".people button", has_text="秦新来")).to_contain_text("无核酸")
        expect(page.locator(".people button", has_text="张三")).not_to_contain_text("无核酸")
        page.locator(".people button", has_text="秦新来").click()
        page.get_by_role("button", name="健康码绿色, 已戴口罩").click()
        inspector.type_digits("365")
        asked = page.get_by_role("alert").filter(has_text="48 小时内的核酸阴性记录")
        expect(asked).to_contain_text("平顶山市 2022-04-19")
        inspector.expect_unsent(0)  # nobody passes by himself
        asked.get_by_role("link", name="登记").click()
        expect(page.locator("section.form")).to_contain_text("秦新来")
        page.get_by_label("采样时间").fill(f"{TODAY}T06:00")
        page.get_by_label("检测机构或采样点").fill("市中心医院")
        page.get_by_role("button", name="阴性").click()
        page.get_by_role("button", name="保存").click()
        inspector.open("门岗")
        expect(page.locator(".people button", has_text="秦新来")).not_to_contain_text("无核酸")
        page.locator(".people button", has_text="秦新来").click()
        page.get_by_role("button", name="健康码绿色, 已戴口罩").click()
        inspector.type_digits("365")
        expect(page.locator(".passed.is-good")).to_contain_text("秦新来 进场")
    inspector.sync()
    inspector.expect_unsent(0)
    assert bodies(elsewhere(inspector.field, "entry_test"), "worker", "result") == [(worker, "negative")]


def test_a_newcomer_without_a_test_may_be_turned_away_with_that_cause(inspector: Inspector) -> None:
    arrives(inspector)
    page = inspector.enrol()
    inspector.open("门岗")
    page.locator(".people button", has_text="秦新来").click()
    page.get_by_role("button", name="拒绝进场").click()
    expect(page.locator(".passed.is-bad")).to_contain_text("没有核酸阴性证明")
    inspector.sync()
    inspector.expect_unsent(0)
    (turned_away,) = bodies(elsewhere(inspector.field, "gate_pass"), "direction", "refused_for", "note")
    assert turned_away == ("out", "other", "拒绝进场: 没有核酸阴性证明")
