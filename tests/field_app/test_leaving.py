"""A site that is taken away, a device that is taken out: entries and photos go up first, or are carried away."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from pathlib import Path

from playwright.sync_api import Page, expect

from server.actions.devices.revoke_device import revoke_device
from server.actions.sites.assign_site import unassign_site
from server.base.db import read, write
from server.models import Device, LogEntry, Site, User
from server.workflows.import_export import TakenIn, import_export
from tests.axe import serious_findings
from tests.field_app.conftest import elsewhere
from tests.field_app.inspector import PUSH, Inspector
from tests.field_app.test_photos import ALL_OF_MEDIA, arrived, disinfect, photo

__all__ = ["photo"]


def test_a_photo_of_a_site_that_was_taken_away_still_arrives(inspector: Inspector, photo: Path) -> None:
    page = inspector.enrol()
    inspector.context.route(ALL_OF_MEDIA, lambda route: route.abort())
    disinfect(inspector, photo)
    inspector.sync()
    expect(page.locator(".badge").get_by_text("未上传 1 条", exact=True)).to_have_count(0)
    expect(page.locator(".badge")).to_contain_text("照片未上传 1 张")
    _take_away(inspector)
    inspector.sync()
    expect(page.locator(".badge")).to_contain_text("照片未上传 1 张")
    inspector.context.unroute(ALL_OF_MEDIA)
    inspector.sync()
    inspector.expect_unsent(0)
    expect(page.get_by_role("combobox", name="地点")).to_contain_text("还没有地点")
    assert len(arrived(inspector)) == 1


def test_a_device_that_was_taken_out_still_sends_what_it_holds(inspector: Inspector, photo: Path) -> None:
    page = inspector.enrol()
    inspector.context.set_offline(True)
    disinfect(inspector, photo)
    _take_out(inspector)
    inspector.context.route(PUSH, lambda route: route.fulfill(status=503))
    inspector.context.set_offline(False)
    inspector.sync()
    expect(page.get_by_text("本设备已被停用")).to_be_visible()
    expect(page.get_by_text("还有 1 条记录、 1 张照片没有上传")).to_be_visible()
    page.get_by_role("button", name="重新登记").click()
    expect(page.get_by_role("status").filter(has_text="请先应急导出")).to_be_visible()
    assert serious_findings(page) == []
    inspector.context.unroute(PUSH)
    page.get_by_role("button", name="立即同步").click()
    expect(page.get_by_text("没有上传")).to_have_count(0)
    assert len(arrived(inspector)) == 1
    page.get_by_role("button", name="重新登记").click()
    expect(page.get_by_label("注册码")).to_be_visible()


def test_a_retired_tablet_sends_what_it_holds_and_then_nothing_of_anybody_is_left_on_it(
    inspector: Inspector,
) -> None:
    page = inspector.enrol()
    assert "张三" in _kept(page)
    inspector.context.set_offline(True)
    inspector.measure("张三", "365")
    inspector.expect_unsent(1)
    _take_out(inspector)
    inspector.context.set_offline(False)
    inspector.sync()
    expect(page.get_by_text("本设备已被停用, 不能再写入; 已下载的数据已清除")).to_be_visible()
    expect(page.get_by_text("没有上传")).to_have_count(0)  # what was written without a network went up first
    with inspector.field.app.app_context(), read() as session:
        kept = session.query(LogEntry).where(LogEntry.kind == "temperature_check").count()
    assert kept == 1
    left = _kept(page)
    assert "张三" not in left and "36.5" not in left and "celsius" not in left
    page.reload()
    expect(page.get_by_text("本设备已被停用")).to_be_visible()
    assert serious_findings(page) == []


def _kept(page: Page) -> str:
    """All that the tablet keeps, of every store."""
    return str(
        page.evaluate(
            """async () => {
              const said = [];
              for (const { name } of await indexedDB.databases()) {
                const db = await new Promise((done, fail) => {
                  const asked = indexedDB.open(name);
                  asked.onsuccess = () => done(asked.result);
                  asked.onerror = () => fail(asked.error);
                });
                for (const store of db.objectStoreNames) {
                  const rows = await new Promise((done, fail) => {
                    const asked = db.transaction(store).objectStore(store).getAll();
                    asked.onsuccess = () => done(asked.result);
                    asked.onerror = () => fail(asked.error);
                  });
                  const text = (_, value) => (value instanceof Uint8Array ? new TextDecoder().decode(value) : value);
                  said.push(JSON.stringify(rows, text));
                }
                db.close();
              }
              return said.join("\\n");
            }"""
        )
    )


def test_what_is_unsent_can_be_carried_away_and_then_the_device_joins_again(
    inspector: Inspector, photo: Path, tmp_path: Path
) -> None:
    page = inspector.enrol()
    inspector.context.set_offline(True)
    disinfect(inspector, photo)
    _take_out(inspector)
    inspector.context.route(PUSH, lambda route: route.fulfill(status=503))
    inspector.context.set_offline(False)
    inspector.sync()
    expect(page.get_by_text("本设备已被停用")).to_be_visible()
    carried = _carry_away(page, tmp_path)
    with zipfile.ZipFile(carried) as files:
        about = json.loads(files.read("about.json"))
        (line,) = files.read("entries.ndjson").splitlines()
        (promised,) = json.loads(line)["media"]
        assert about["photos"][0]["sha256"] == promised["sha256"]
        assert len(files.read(f"photos/{promised['sha256']}.jpeg")) == promised["bytes"]
    taken = _take_in(inspector, carried)
    assert (taken.entries, taken.photos) == (
        Counter(held=1),
        Counter(kept=1),
    )  # a person decides: it was taken out
    page.get_by_role("button", name="导出的文件已存好, 清除并重新登记").click()
    inspector.context.unroute(PUSH)
    page.get_by_label("注册码").fill(inspector.field.code("inspector"))
    page.get_by_role("button", name="登记", exact=True).click()
    expect(page.locator(".to-measure")).to_contain_text("2 人")
    inspector.expect_unsent(0)


def test_only_a_photo_that_waits_can_be_carried_away_too(
    inspector: Inspector, photo: Path, tmp_path: Path
) -> None:
    page = inspector.enrol()
    inspector.context.route(ALL_OF_MEDIA, lambda route: route.abort())
    disinfect(inspector, photo)
    inspector.sync()
    expect(page.locator(".badge")).to_contain_text("照片未上传 1 张")
    carried = _carry_away(page, tmp_path)
    with zipfile.ZipFile(carried) as files:
        assert [name.split("/")[0] for name in files.namelist()] == [
            "about.json",
            "entries.ndjson",
            "photos",
        ]


def test_what_was_carried_away_and_sent_all_the_same_counts_once(
    inspector: Inspector, photo: Path, tmp_path: Path
) -> None:
    page = inspector.enrol()
    inspector.context.set_offline(True)
    disinfect(inspector, photo)
    inspector.measure("张三", "365")
    inspector.expect_unsent(2)
    inspector.open("同步")
    carried = _carry_away(page, tmp_path)
    expect(page.get_by_role("status").filter(has_text="交给管理员导入")).to_be_visible()
    assert _take_in(inspector, carried).entries == Counter(applied=2)
    assert len(arrived(inspector)) == 1
    inspector.context.set_offline(False)
    inspector.sync()
    inspector.expect_unsent(0)
    expect(page.locator(".badge")).not_to_contain_text("照片未上传")
    assert len(elsewhere(inspector.field, "temperature_check")) == 1
    assert len(elsewhere(inspector.field, "disinfection_log")) == 1


def _carry_away(page: Page, folder: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("button", name="应急导出").click()
    download.value.save_as(folder / "unsent.zip")
    return folder / "unsent.zip"


def _take_in(inspector: Inspector, path: Path) -> TakenIn:
    app = inspector.field.app
    with app.app_context():
        return import_export(app.extensions["gongdi"], path, inspector.field.cast.clock.now_ms())


def _take_away(inspector: Inspector) -> None:
    field = inspector.field
    field.cast.clock.advance(60_000)
    inspector.set_clock()
    with field.app.app_context(), write() as session:
        user = session.get_one(User, field.cast.users["inspector"])
        site = session.get_one(Site, field.cast.site_a)
        unassign_site(session, field.app.extensions["gongdi"].seals, user, site, field.cast.clock.now_ms())


def _take_out(inspector: Inspector) -> None:
    field = inspector.field
    field.cast.clock.advance(60_000)
    inspector.set_clock()
    with field.app.app_context(), write() as session:
        device = session.query(Device).where(Device.name == "平板").one()
        revoke_device(session, device.id, field.cast.clock.now_ms())
