"""A crew is measured one after the other at one keypad, and no reading gets under another name."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.chromium import wait_until
from tests.field_app.conftest import bodies, elsewhere
from tests.field_app.inspector import Inspector
from tests.field_app.measure_rapid_lane import settle
from tests.field_app.test_a_queue_at_the_gate import SOUNDS

# As fast as a page takes keys: what comes after the third digit was meant for whoever stood there before.
STRIKE = "for (const key of {keys!r}) dispatchEvent(new KeyboardEvent('keydown', {{ key }}))"


def test_after_three_digits_the_next_person_is_there_and_the_keypad_stays(
    inspector: Inspector, workers: dict[str, str]
) -> None:
    page = inspector.enrol()
    page.evaluate(SOUNDS)
    inspector.open("测温")
    page.get_by_role("link", name="按班组连测").click()
    expect(page.get_by_role("heading", name="连测")).to_contain_text("0/2 人已测")
    page.get_by_role("button", name="按宿舍").click()
    page.locator(".crews a", has_text="不住宿舍").click()
    first = settle(page)
    before = page.locator(".keypad").bounding_box()
    page.evaluate(STRIKE.format(keys="36655"))
    expect(page.locator(".last")).to_contain_text(f"已保存 {first} 36.6 ℃")
    second = settle(page)
    assert {first, second} == {"张三", "曾小贤"}
    assert page.locator(".keypad").bounding_box() == before
    expect(page.locator(".reading")).to_have_class("reading none")  # the two that came too early are nobody's
    page.get_by_role("button", name="缺席", exact=True).click()
    expect(page.locator(".over")).to_contain_text("缺席 1 人还没有测")
    page.get_by_role("link", name="全部班组").click()
    expect(page.locator(".crews a")).to_contain_text("1/2 还有 1 人 缺席 1")  # and is not done
    page.locator(".crews a").click()
    page.locator(".crew").get_by_role("button", name=second).click()
    assert settle(page) == second
    page.evaluate(STRIKE.format(keys="376"))
    expect(page.get_by_role("alert")).to_contain_text("37.6 ℃ 超过")
    wait_until(page, "felt.join() === 'good,bad'")  # after it is shown
    page.get_by_role("button", name="确认 37.6 ℃").click()
    expect(page.get_by_text("1 人体温偏高, 等待复测")).to_be_visible()
    expect(page.locator(".over")).to_contain_text("都测完了")
    inspector.sync()
    inspector.expect_unsent(0)
    assert bodies(elsewhere(inspector.field, "temperature_check"), "worker", "celsius") == sorted(
        [(workers[first], 36.6), (workers[second], 37.6)]
    )


def test_a_sheet_of_paper_is_written_down_later_and_a_slip_is_taken_back(inspector: Inspector) -> None:
    page = inspector.enrol()
    with inspector.cut_off():
        page.goto(f"{inspector.live.address}/field/#/temperature/lane?by=dormitory")
        page.locator("summary", has_text="现在记录").click()
        now = page.locator("[name=observed]").get_attribute("max")
        assert now is not None
        page.locator("[name=observed]").fill(now)
        page.locator(".crews a").click()
        expect(page.locator("h1")).to_contain_text(f"补录 {now[11:]}")
        first = settle(page)
        page.evaluate(STRIKE.format(keys="358"))
        second = settle(page, first)
        page.get_by_role("button", name="撤销").click()
        assert settle(page, second) == first
        page.evaluate(STRIKE.format(keys="365"))
        expect(page.locator(".last")).to_contain_text(f"{first} 36.5 ℃")
    inspector.sync()
    inspector.expect_unsent(0)
    checks = elsewhere(inspector.field, "temperature_check")
    assert {one.body["celsius"]: one.body.get("voided") for one in checks} == {35.8: True, 36.5: None}
    assert all(re.match(re.escape(now), str(one.body["observed"])) for one in checks)
