"""One tablet, several inspectors: each has a PIN and writes in their own name; what is on it can't be read without one;
what is open passes to the next, by name; and a PIN that is forgotten loses nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from server.actions.devices.revoke_device import revoke_device
from server.actions.devices.unlock_code import show_unlock_code
from server.actions.reference.load_reference import tx_of
from server.base.db import read, write
from server.models import Device, LogEntry
from tests.axe import serious_findings
from tests.console.conftest import PHONE
from tests.field_app.inspector import MINUTE_MS, Inspector

PIN, HER_PIN = "258014", "741025"
# Everything in every database of the browser, as text: what somebody who took the tablet apart could read.
_KEPT = """async () => {
  const request = (asking) => new Promise((resolve) => (asking.onsuccess = () => resolve(asking.result)));
  const texts = [];
  for (const { name } of await indexedDB.databases()) {
    const database = await request(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      for (const row of await request(database.transaction(store).objectStore(store).getAll())) {
        texts.push(JSON.stringify(row, (_, one) => (one instanceof Uint8Array ? new TextDecoder().decode(one) : one)));
      }
    }
    database.close();
  }
  return texts.join("\\n");
}"""


def test_a_pin_encrypts_what_is_there_and_the_day_goes_on(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.measure("张三", "365")
    inspector.sync()
    assert "张三" in page.evaluate(_KEPT)
    inspector.context.set_offline(True)
    inspector.measure("曾小贤", "366")
    inspector.context.set_offline(False)
    _set_pin(inspector, "李四", PIN)
    kept = page.evaluate(_KEPT)
    assert "张三" not in kept
    assert "曾小贤" not in kept
    page = inspector.open_again()
    _unlock(page, "000001")
    expect(page.get_by_role("alert")).to_contain_text("PIN 码不对")
    assert serious_findings(page) == []
    _unlock(page, PIN)
    inspector.open_worker("张三")
    inspector.sync()
    inspector.expect_unsent(0)
    assert sorted(_written_by(inspector)) == [("inspector", 2)]


def test_it_locks_after_a_while_and_comes_back_to_the_same_form(inspector: Inspector) -> None:
    page = inspector.enrol()
    _set_pin(inspector, "李四", PIN)
    inspector.open("消毒记录")
    page.locator(".places a, .places button").first.click()
    page.locator("[name=operator]").fill("王师傅")
    inspector.pass_time(6 * MINUTE_MS)
    expect(page.get_by_role("heading", name="李四, 请解锁")).to_be_visible()
    expect(page.get_by_text("王师傅")).to_have_count(0)
    _unlock(page, PIN)
    expect(page.locator("[name=operator]")).to_have_value("王师傅")


def test_a_locked_tablet_is_not_taken_for_lost_and_sends_after_the_pin(inspector: Inspector) -> None:
    page = inspector.enrol()
    _set_pin(inspector, "李四", PIN)
    inspector.context.set_offline(True)
    inspector.measure("张三", "365")
    inspector.expect_unsent(1)
    page = inspector.open_again()
    expect(page.get_by_role("heading", name="李四, 请解锁")).to_be_visible()
    with inspector.context.expect_event("response", lambda answer: "/sync/v1/push" in answer.url):
        inspector.context.set_offline(False)
    assert _device(inspector).unsent == 1
    assert _written_by(inspector) == []
    _unlock(page, PIN)
    inspector.sync()
    assert _written_by(inspector) == [("inspector", 1)]


@pytest.mark.parametrize("size", [PHONE])
def test_the_next_inspector_takes_over_and_each_record_is_its_writers(inspector: Inspector) -> None:
    page = inspector.enrol()
    _set_pin(inspector, "李四", PIN)
    inspector.measure("张三", "375")
    page.get_by_role("button", name="确认读数").click()
    expect(page.locator(".countdown")).to_be_visible()
    inspector.open("消毒记录")
    page.locator(".places a, .places button").first.click()
    page.locator("[name=operator]").fill("王师傅")
    _add_person(inspector, inspector.field.second_inspector(), "王五", HER_PIN)
    _lock(inspector)
    page.get_by_role("group", name="使用人").get_by_role("button", name="李四").click()
    _unlock(page, PIN)
    inspector.open("换人")
    expect(page.get_by_text("没写完的表单转到接班人名下")).to_be_visible()
    expect(page.locator(".unfinished")).to_contain_text("消毒记录")
    assert serious_findings(page) == []
    page.get_by_label("王五的 PIN 码").fill(HER_PIN)
    page.get_by_role("button", name="交给王五").click()
    expect(page.locator(".handed")).to_contain_text("李四交班")
    expect(page.locator(".handed")).to_contain_text("待复测: 张三")
    inspector.open("我做的")
    expect(page.locator(".unfinished")).to_contain_text("李四起草")
    page.locator(".unfinished a").click()
    expect(page.locator("[name=operator]")).to_have_value("王师傅")
    page.get_by_role("button", name="含氯消毒剂").click()
    page.locator("[name=concentration_mg_l]").fill("500")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", name="消毒记录", exact=True)).to_be_visible()
    inspector.sync()
    inspector.expect_unsent(0)
    assert sorted(_written_by(inspector)) == [("inspector", 1), ("inspector2", 1)]


def test_a_pin_is_due_a_day_after_enrolling_and_waits_for_a_network(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.pass_time(25 * 60 * MINUTE_MS)
    inspector.context.set_offline(True)
    page = inspector.open_again()
    expect(page.get_by_role("heading", name="今日")).to_be_visible()  # a day's work does not wait for it
    inspector.context.set_offline(False)
    page = inspector.open_again()
    expect(page.get_by_role("heading", name="设 PIN 码")).to_be_visible()
    _type_first_pin(page, "李四", "123456")
    expect(page.get_by_role("alert")).to_contain_text("太好猜")
    inspector.live.stop()
    _type_first_pin(page, "李四", PIN)
    page.get_by_role("button", name="没有网络, 以后再设").click()
    expect(page.get_by_role("heading", name="今日")).to_be_visible()
    assert "张三" in page.evaluate(_KEPT)
    inspector.live.start()
    page = inspector.open_again()
    _type_first_pin(page, "李四", PIN)
    expect(page.get_by_role("heading", name="今日")).to_be_visible()
    assert "张三" not in page.evaluate(_KEPT)


def test_a_forgotten_pin_is_replaced_by_an_administrators_code_and_nothing_is_lost(
    inspector: Inspector,
) -> None:
    page = inspector.enrol()
    _set_pin(inspector, "李四", PIN)
    inspector.context.set_offline(True)
    inspector.measure("张三", "365")
    inspector.expect_unsent(1)
    page = inspector.open_again()
    for _ in range(5):
        _unlock(page, "000001")
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.get_by_label("PIN 码")).to_have_value("")
    expect(page.get_by_role("alert")).to_contain_text("秒再试")
    inspector.pass_time(MINUTE_MS)
    page.get_by_role("button", name="忘记 PIN 码").click()
    page.get_by_label("解锁码").fill(_unlock_code(inspector))
    page.get_by_label("新的 PIN 码").fill("962581")
    page.get_by_role("button", name="解锁", exact=True).click()
    inspector.expect_unsent(1)
    inspector.context.set_offline(False)
    inspector.sync()
    assert _written_by(inspector) == [("inspector", 1)]


def test_a_tablet_that_was_revoked_while_it_was_locked_forgets_people_and_keys(inspector: Inspector) -> None:
    page = inspector.enrol()
    _set_pin(inspector, "李四", PIN)
    inspector.sync()
    with inspector.field.app.app_context(), write() as session:
        revoke_device(session, _device(inspector).id, inspector.field.cast.clock.now_ms())
    page = inspector.open_again()
    expect(page.get_by_text("本设备已被停用")).to_be_visible()
    kept = page.evaluate(_KEPT)
    assert "vault" not in kept
    assert '"kind":"worker"' not in kept


def _set_pin(inspector: Inspector, name: str, pin: str) -> None:
    inspector.open("换人")
    _type_first_pin(inspector.page, name, pin)
    expect(inspector.page.get_by_role("heading", name="换人")).to_be_visible()


def _type_first_pin(page: Page, name: str, pin: str) -> None:
    page.get_by_label("您的姓名").fill(name)
    page.get_by_label("PIN 码 (至少").fill(pin)
    page.get_by_label("再输一次").fill(pin)
    page.get_by_role("button", name="设好").click()


def _lock(inspector: Inspector) -> None:
    inspector.open("换人")
    inspector.page.get_by_role("button", name="锁屏").click()


def _unlock(page: Page, pin: str) -> None:
    page.get_by_label("PIN 码").fill(pin)
    page.get_by_role("button", name="解锁", exact=True).click()


def _add_person(inspector: Inspector, user: str, name: str, pin: str) -> None:
    page = inspector.page
    inspector.open("换人")
    page.get_by_role("button", name="添加使用人").click()
    page.get_by_label("注册码").fill(inspector.field.code(user))
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("heading", name="设 PIN 码")).to_be_visible()
    _type_first_pin(page, name, pin)
    expect(page.get_by_role("heading", name="今日")).to_be_visible()
    expect(page.locator(".badge")).to_contain_text("同步于 刚刚")


def _device(inspector: Inspector) -> Device:
    with inspector.field.app.app_context(), read() as session:
        user = inspector.field.cast.users["inspector"]
        found = session.query(Device).where(Device.user_id == user, Device.platform.startswith("web")).one()
        session.expunge(found)
        return found


def _unlock_code(inspector: Inspector) -> str:
    device = _device(inspector).id
    with inspector.field.app.app_context(), write() as session:
        tx = tx_of(
            session, inspector.field.app.extensions["gongdi"].seals, inspector.field.cast.clock.now_ms()
        )
        return show_unlock_code(tx, device, inspector.field.cast.users["admin"], "本人忘记, 已核实")


def _written_by(inspector: Inspector) -> list[tuple[str, int]]:
    """How many entries of browsers the server has of each user."""
    users = {user: name for name, user in inspector.field.cast.users.items()}
    with inspector.field.app.app_context(), read() as session:
        of_browsers = session.query(Device).where(Device.platform.startswith("web")).all()
        counts = {
            users[device.user_id]: session.query(LogEntry).where(LogEntry.device_id == device.id).count()
            for device in of_browsers
        }
    return sorted((name, count) for name, count in counts.items() if count)
