"""What goes wrong between an inspector and the office, reported in words that help: codes, refusals, a site taken
away, a device taken out, a full tablet, a wrong clock."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from server.actions.devices.revoke_device import revoke_device
from server.actions.sites.assign_site import unassign_site
from server.base.db import read, write
from server.models import Device, Quarantine, Site, User
from tests.field_app.conftest import bodies, elsewhere
from tests.field_app.inspector import PULL, PUSH, Inspector

DAY_MS = 24 * 3600_000

# A transaction that another write has to wait for.
HOLD_OUTBOX = """async () => {
  const db = await new Promise((resolve) => {
    const opening = indexedDB.open("gongdi-field");
    opening.onsuccess = () => resolve(opening.result);
  });
  window.isHeld = true;
  const outbox = db.transaction("outbox", "readwrite").objectStore("outbox");
  const hold = () => window.isHeld ? (outbox.count().onsuccess = hold) : db.close();
  hold();
}"""


def test_a_code_that_is_wrong_is_reported_and_can_be_typed_again(inspector: Inspector) -> None:
    page = inspector.page
    page.goto(f"{inspector.live.address}/field/#code=WRONG-CODE0-00000")
    expect(page.get_by_label("注册码")).to_have_value("WRONG-CODE0-00000")
    assert "code" not in page.url  # a code does not stay in a history
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("注册码无效或已过期")
    page.get_by_label("注册码").fill(inspector.field.code("inspector"))
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("heading", name="今日")).to_be_visible()


def test_enrolling_needs_a_network_and_says_so(inspector: Inspector) -> None:
    page = inspector.page
    page.goto(f"{inspector.live.address}/field/")
    page.get_by_label("注册码").fill("ABCDE-ABCDE-ABCDE")
    inspector.context.set_offline(True)
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("登记需要网络")


def test_a_tablet_whose_clock_is_wrong_still_syncs(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.field.cast.clock.advance(2 * DAY_MS)  # the tablet stays behind
    inspector.measure("张三", "365")
    inspector.sync()
    inspector.expect_unsent(0)
    assert len(elsewhere(inspector.field, "temperature_check")) == 1
    inspector.open("今日")  # the round is that of the day, whatever the tablet's own clock says
    expect(page.get_by_role("heading", name="11 月 25 日")).to_be_visible()


def test_who_goes_elsewhere_while_a_reading_is_being_written_stays_there(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.context.set_offline(True)
    inspector.measure("张三", "36")
    page.evaluate(HOLD_OUTBOX)
    inspector.type_digits("5")
    inspector.open("同步")
    page.evaluate("window.isHeld = false")
    inspector.expect_unsent(1)
    inspector.context.set_offline(False)
    inspector.expect_unsent(0)
    expect(page.get_by_role("heading", name="同步")).to_be_visible()


def test_what_is_refused_is_reported_and_mended_as_a_new_entry(
    inspector: Inspector, workers: dict[str, str]
) -> None:
    page = inspector.enrol()
    inspector.context.route(PUSH, lambda route: route.abort())
    inspector.open("名册")
    page.get_by_role("button", name="张三").click()
    page.locator("[name=exited_on]").fill("2026-11-10")
    page.get_by_role("button", name="保存修改").click()
    inspector.expect_unsent(1)
    with inspector.field.tablet("office-2") as office:  # knows better when he came
        office.edit(inspector.field.scope, workers["张三"], {"entered_on": "2026-11-20"})
        assert office.sync().ok
    inspector.context.unroute(PUSH)
    inspector.sync()
    expect(page.locator(".refused")).to_contain_text("内容不符合要求")
    expect(page.locator(".refused")).to_contain_text("退场日期不能早于进场日期")
    page.get_by_role("button", name="改正后重新填写").click()
    expect(page.locator("[name=exited_on]")).to_have_value("2026-11-10")
    page.locator("[name=exited_on]").fill("2026-11-22")
    page.get_by_role("button", name="保存修改").click()
    inspector.sync()
    inspector.expect_unsent(0)
    expect(page.locator(".refused")).to_have_count(0)
    people = elsewhere(inspector.field, "worker")
    assert ("张三", "2026-11-20", "2026-11-22") in bodies(people, "name", "entered_on", "exited_on")
    with inspector.field.app.app_context(), read() as session:
        assert session.query(Quarantine).count() == 1  # the refused line is evidence too


def test_a_refused_reading_is_written_again_with_its_value(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.refuse_first("/body/celsius", "请复核。")
    inspector.measure("张三", "366")
    inspector.sync()
    expect(page.locator(".refused")).to_contain_text("体温 (°C): 请复核。")
    page.get_by_role("button", name="改正后重新填写").click()
    expect(page.locator(".reading")).to_contain_text("36.6")
    page.get_by_role("button", name="按此读数重新保存").click()
    expect(page.locator(".last")).to_contain_text("张三 36.6 ℃")
    inspector.sync()
    inspector.expect_unsent(0)
    expect(page.locator(".refused")).to_have_count(0)
    (check,) = elsewhere(inspector.field, "temperature_check")
    assert check.body["celsius"] == 36.6


def test_a_site_that_is_taken_away_goes_after_its_work_went_up(inspector: Inspector) -> None:
    page = inspector.enrol()
    field = inspector.field
    inspector.context.set_offline(True)
    inspector.measure("张三", "365")
    inspector.expect_unsent(1)
    field.cast.clock.advance(60_000)
    with field.app.app_context(), write() as session:
        user = session.get_one(User, field.cast.users["inspector"])
        site = session.get_one(Site, field.cast.site_a)
        unassign_site(session, field.app.extensions["gongdi"].seals, user, site, field.cast.clock.now_ms())
    inspector.context.set_offline(False)
    inspector.expect_unsent(0)
    expect(page.get_by_role("combobox", name="地点")).to_contain_text("还没有地点")
    expect(page.get_by_text("张三")).to_have_count(0)
    inspector.open("今日")
    expect(page.get_by_text("还没有分派给您的地点")).to_be_visible()


def test_a_device_taken_out_sends_its_work_forgets_the_rest_and_can_join_again(inspector: Inspector) -> None:
    page = inspector.enrol()
    field = inspector.field
    inspector.context.set_offline(True)
    inspector.measure("张三", "365")
    inspector.expect_unsent(1)
    field.cast.clock.advance(60_000)
    with field.app.app_context(), write() as session:
        device = session.query(Device).where(Device.name == "平板").one()
        revoke_device(session, device.id, field.cast.clock.now_ms())
    inspector.context.set_offline(False)
    expect(page.get_by_text("本设备已被停用")).to_be_visible()
    page.get_by_role("link", name="测温").click()
    expect(page.get_by_text("本设备已被停用")).to_be_visible()
    expect(page.get_by_text("张三")).to_have_count(0)
    expect(page.get_by_text(re.compile("还有 .* 没有上传"))).to_have_count(0)
    page.get_by_role("button", name="重新登记").click()
    page.get_by_label("注册码").fill(field.code("inspector"))
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_role("heading", name="今日")).to_be_visible()
    expect(page.locator(".to-measure")).to_contain_text("2 人")


def test_a_full_tablet_says_that_nothing_was_saved(inspector: Inspector) -> None:
    page = inspector.enrol()
    page.evaluate(
        """() => {
          const add = IDBObjectStore.prototype.add;
          const full = () => { throw new DOMException("full", "QuotaExceededError"); };
          window.fill = () => { IDBObjectStore.prototype.add = full; };
          window.empty = () => { IDBObjectStore.prototype.add = add; };
        }"""
    )
    page.evaluate("fill()")
    inspector.measure("张三", "365")
    expect(page.get_by_role("status").filter(has_text="存储空间已满")).to_be_visible()
    page.evaluate("empty()")
    page.get_by_role("button", name="清空").click()
    inspector.type_digits("365")
    expect(page.locator(".last")).to_contain_text("张三 36.5 ℃")
    inspector.sync()
    inspector.expect_unsent(0)
    assert len(elsewhere(inspector.field, "temperature_check")) == 1


def test_a_server_that_is_ill_is_reported_and_loses_nothing(inspector: Inspector) -> None:
    page = inspector.enrol()
    for pattern in (PUSH, PULL):
        inspector.context.route(pattern, lambda route: route.fulfill(status=502, body="<h1>bad gateway</h1>"))
    inspector.measure("张三", "365")
    inspector.sync()
    expect(page.locator(".notice")).to_contain_text("记录仍保存在本机")
    inspector.expect_unsent(1)
