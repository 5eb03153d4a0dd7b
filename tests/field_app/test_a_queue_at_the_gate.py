"""The gate serves a queue: few touches a person, and who may not come in is seen at a glance."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.chromium import wait_until
from tests.field_app.conftest import bodies, elsewhere
from tests.field_app.inspector import Inspector

HIGH, LOW = 880, 220  # Hz
SOUNDS = """() => {
  window.felt = [];
  window.heard = [];
  window.AudioContext = class {
    currentTime = 0;
    resume() {}
    createOscillator() {
      const frequency = { value: 0 };
      return { frequency, connect() {}, start: () => window.heard.push(frequency.value), stop() {} };
    }
  };
  Object.defineProperty(navigator, "vibrate", { value: (buzz) => window.felt.push(buzz.length > 1 ? "bad" : "good") });
}"""


@pytest.fixture
def gate(inspector: Inspector) -> Page:
    page = inspector.enrol()
    page.evaluate(SOUNDS)
    inspector.open("门岗")
    return page


def test_whoever_is_in_order_passes_with_the_third_digit(inspector: Inspector, gate: Page) -> None:
    for name, digits in (("张三", "365"), ("曾小贤", "367")):
        gate.locator(".people button", has_text=name).click()
        size = gate.get_by_role("heading", name=name).evaluate(
            "one => parseFloat(getComputedStyle(one).fontSize)"
        )
        assert size >= 32
        gate.get_by_role("button", name="健康码绿色, 已戴口罩").click()
        inspector.type_digits(digits)
        expect(gate.locator(".passed.is-good")).to_contain_text(f"{name} 进场 36.{digits[2]} ℃")
    wait_until(gate, "felt.join() === 'good,good'")
    assert gate.evaluate("heard") == [HIGH, HIGH], "one high tone each"
    expect(gate.get_by_text("现在场内 2 人")).to_be_visible()
    inspector.sync()
    inspector.expect_unsent(0)
    passes = elsewhere(inspector.field, "gate_pass")
    assert bodies(passes, "direction", "celsius", "mask_worn", "health_code", "refused_for") == [
        ("in", 36.5, True, "green", None),
        ("in", 36.7, True, "green", None),
    ]


def test_nothing_passes_by_itself_while_something_is_not_said(inspector: Inspector, gate: Page) -> None:
    gate.locator(".people button", has_text="张三").click()
    inspector.type_digits("365")
    expect(gate.get_by_text("还缺: 健康码")).to_be_visible()
    gate.get_by_role("button", name="绿码", exact=True).click()
    expect(gate.get_by_role("button", name="放行进场")).to_be_enabled()
    inspector.expect_unsent(0)


@pytest.mark.parametrize(
    ("code", "digits", "look", "cause"),
    [
        ("绿码", "373", "is-bad", "fever"),
        ("红码", "365", "is-bad", "code"),
        ("黄码", "365", "is-warn", "code"),
    ],
)
def test_who_may_not_come_in_is_red_or_yellow_felt_and_heard(
    inspector: Inspector, gate: Page, code: str, digits: str, look: str, cause: str
) -> None:
    gate.locator(".people button", has_text="张三").click()
    gate.get_by_role("button", name=code, exact=True).click()
    inspector.type_digits(digits)
    expect(gate.locator(".pass")).to_have_class(re.compile(look))
    expect(gate.get_by_role("button", name="放行进场")).to_have_count(0)
    wait_until(gate, "felt.join() === 'bad'")
    assert gate.evaluate("heard") == [LOW, LOW], "two low ones"
    gate.get_by_role("button", name="拒绝进场").click()
    inspector.open("门岗")
    expect(gate.locator(".people", has_text="张三")).to_contain_text("拒")
    inspector.sync()
    inspector.expect_unsent(0)
    assert bodies(elsewhere(inspector.field, "gate_pass"), "direction", "refused_for") == [("out", cause)]


def test_who_wears_no_mask_is_asked_to_and_may_be_turned_away(inspector: Inspector, gate: Page) -> None:
    gate.locator(".people button", has_text="张三").click()
    gate.get_by_role("group", name="是否戴口罩").get_by_role("button", name="否").click()
    expect(gate.locator(".pass")).to_have_class(re.compile("is-warn"))
    expect(gate.get_by_text("没有戴口罩")).to_be_visible()
    gate.get_by_role("button", name="拒绝进场").click()
    expect(gate.locator(".passed.is-bad")).to_contain_text("未戴口罩")
    inspector.sync()
    inspector.expect_unsent(0)
    assert bodies(elsewhere(inspector.field, "gate_pass"), "direction", "refused_for") == [("out", "no_mask")]


def test_somebody_whom_no_search_finds_is_red(gate: Page) -> None:
    gate.get_by_label("找人").fill("王五")
    expect(gate.locator(".passed.is-bad")).to_contain_text("不在名册")
    for form in ("来访登记", "车辆登记", "值守记录"):
        expect(gate.locator(".keys").get_by_role("link", name=form)).to_be_visible()
    gate.locator(".keys").get_by_role("link", name="来访登记").click()
    expect(gate.get_by_role("heading", name="来访登记")).to_be_visible()


def test_somebody_who_has_left_is_found_and_red(inspector: Inspector, workers: dict[str, str]) -> None:
    with inspector.field.tablet("office 2") as tablet:
        tablet.edit(inspector.field.scope, workers["张三"], {"exited_on": "2026-11-20"})
        assert tablet.sync().ok
    page = inspector.enrol()
    inspector.open("门岗")
    expect(page.locator(".people button", has_text="张三")).to_have_count(0)
    page.get_by_label("找人").fill("张三")
    expect(page.locator(".people button", has_text="张三")).to_contain_text("已退场")
    page.locator(".people button", has_text="张三").click()
    expect(page.locator(".pass")).to_have_class(re.compile("is-bad"))
    expect(page.get_by_role("alert")).to_contain_text("已于 2026-11-20 退场")
    page.get_by_role("button", name="拒绝进场").click()
    inspector.sync()
    inspector.expect_unsent(0)
    passes = elsewhere(inspector.field, "gate_pass")
    assert bodies(passes, "direction", "refused_for") == [("out", "not_on_roster")]
