"""What the app says in trouble: it can be read by everybody, and it is true."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from server.field_app import pages
from tests.axe import serious_findings
from tests.field_app.inspector import PULL, PUSH, Inspector
from tests.field_app.test_without_a_network import next_version

HOUR_MS = 3_600_000


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_not_well_can_be_read_and_heard(
    inspector: Inspector, scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = inspector.enrol()
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    inspector.context.route(PUSH, lambda route: route.fulfill(status=502))
    inspector.measure("张三", "375")
    page.get_by_role("button", name="确认读数, 开始复测").click()
    expect(page.get_by_text("请在阴凉处休息后复测")).to_be_visible()
    assert serious_findings(page) == []  # a retest, and something unsent
    for room in ("今日", "测温", "同步"):
        inspector.open(room)
        inspector.expect_unsent(1)
        assert serious_findings(page) == []
    monkeypatch.setattr(pages, "BUILT", next_version(tmp_path / "built"))
    page.evaluate("navigator.serviceWorker.getRegistration().then((registration) => registration.update())")
    expect(page.get_by_role("button", name="更新")).to_be_visible()
    inspector.sync()
    expect(page.locator(".notice")).to_be_visible()
    assert serious_findings(page) == []  # trouble, and the bar of an update


def test_the_unsent_are_called_by_name_and_place(inspector: Inspector) -> None:
    page = inspector.enrol()
    inspector.context.set_offline(True)
    inspector.measure("张三", "366")
    inspector.open("同步")
    line = page.locator(".entries li").first
    expect(line).to_contain_text("测温记录 张三 36.6 ℃")
    expect(line).to_contain_text("牧野花园")
    inspector.context.set_offline(False)


def test_no_room_for_what_comes_down_is_not_called_a_record_that_was_lost(inspector: Inspector) -> None:
    page = inspector.enrol()
    page.evaluate(
        """() => {
          IDBObjectStore.prototype.put = new Proxy(IDBObjectStore.prototype.put, {
            apply: (put, store, rest) => {
              if (store.name === "records") throw new DOMException("full", "QuotaExceededError");
              return put.apply(store, rest);
            },
          });
        }"""
    )
    with inspector.field.tablet("colleague") as colleague:
        worker = colleague.list("worker")[0].id
        body = {"worker": worker, "celsius": 36.1, "slot": "before_work", "point": "gate"}
        colleague.add(inspector.field.scope, "temperature_check", body)
        assert colleague.sync().ok
    inspector.measure("张三", "366")
    inspector.sync()
    expect(page.locator(".notice")).to_contain_text("存储空间不足, 下载暂停; 已保存的记录不受影响")
    inspector.expect_unsent(0)


def test_little_room_is_reported_before_there_is_none(inspector: Inspector) -> None:
    inspector.context.add_init_script(
        "StorageManager.prototype.estimate = async () => ({ usage: 400e6, quota: 450e6 })"
    )
    page = inspector.enrol()
    inspector.open("同步")
    expect(page.locator(".facts")).to_contain_text("还可用 48 MB")
    expect(page.locator(".facts")).to_contain_text("存储空间不足 100 MB")


def test_a_browser_that_threw_everything_away_says_so(inspector: Inspector) -> None:
    page = inspector.enrol()
    page.goto("about:blank")
    inspector.context.new_cdp_session(page).send(
        "Storage.clearDataForOrigin", {"origin": inspector.live.address, "storageTypes": "indexeddb"}
    )
    page.goto(f"{inspector.live.address}/field/")
    expect(page.get_by_role("alert")).to_contain_text("浏览器已清除本机数据")
    assert serious_findings(page) == []


def test_a_clock_that_jumps_without_a_network_is_doubted_aloud(inspector: Inspector) -> None:
    page = inspector.enrol()
    with inspector.cut_off():
        expect(page.get_by_text("请核对")).to_have_count(0)
        inspector.field.cast.clock.advance(27 * HOUR_MS)
        inspector.set_clock()
        inspector.field.cast.clock.advance(-27 * HOUR_MS)
        inspector.open_again()
        warning = inspector.page.get_by_text("请核对日期是否正确")
        expect(warning).to_be_visible()
        assert serious_findings(inspector.page) == []
    inspector.sync()
    expect(warning).to_have_count(0)


def test_only_the_tab_that_asked_for_the_update_changes_at_once(
    inspector: Inspector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = inspector.enrol()
    other = inspector.context.new_page()
    other.goto(f"{inspector.live.address}/field/#/roster/worker")
    other.locator("[name=team]").fill("写到一半")
    monkeypatch.setattr(pages, "BUILT", next_version(tmp_path / "built"))
    page.evaluate("navigator.serviceWorker.getRegistration().then((registration) => registration.update())")
    page.get_by_role("button", name="更新").click()
    expect(page.locator("html")).to_have_attribute("data-version", "next")
    expect(other.get_by_text("应用已在另一个窗口更新")).to_be_visible()
    expect(other.locator("[name=team]")).to_have_value("写到一半")
    other.get_by_role("navigation").get_by_role("link", name="今日").click()
    expect(other.locator("html")).to_have_attribute("data-version", "next")


def test_a_server_that_wants_a_newer_app_makes_it_look_for_one(
    inspector: Inspector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = inspector.enrol()
    monkeypatch.setattr(pages, "BUILT", next_version(tmp_path / "built"))
    problem = {"status": 403, "code": "upgrade_required", "title": "版本过旧"}
    inspector.context.route(PULL, lambda route: route.fulfill(status=403, json=problem))
    inspector.sync()
    expect(page.get_by_role("button", name="更新")).to_be_visible()
