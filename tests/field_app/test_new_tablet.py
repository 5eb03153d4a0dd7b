"""A broken tablet that still turns on is replaced by a new one: its export brings the unsent entries to the office, and what
was half filled in to the same person's new tablet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from server.actions.devices.revoke_device import revoke_device
from server.base.db import write
from server.models import Device
from server.workflows.import_export import import_export
from tests.axe import serious_findings
from tests.console.conftest import DESK
from tests.field_app.conftest import bodies, certificate, elsewhere
from tests.field_app.inspector import Inspector, Live
from tests.server.cast import COMPANY_A
from tests.stories.field import Field

NAME, NUMBER = "欧阳娜", certificate("41070219920405002")


@pytest.fixture
def new_tablet(inspector: Inspector, browser: Browser, live: Live, field: Field) -> Iterator[Inspector]:
    """Another browser, not enrolled yet."""
    context = browser.new_context(viewport=DESK, locale="zh-CN", timezone_id="Asia/Shanghai")
    tablet = Inspector(context, live, field)
    yield tablet
    context.close()
    assert tablet.complaints == []


def test_drafts_and_unsent_entries_move_to_the_new_tablet_and_count_once(
    inspector: Inspector, new_tablet: Inspector, tmp_path: Path
) -> None:
    inspector.enrol()
    inspector.context.set_offline(True)
    inspector.measure("张三", "365")
    _begin_a_person(inspector)
    _begin_a_round(inspector)
    export = _export(inspector, tmp_path)
    field = inspector.field
    app, now_ms = field.app, field.cast.clock.now_ms()
    with app.app_context():
        assert import_export(app.extensions["gongdi"], export, now_ms).entries == Counter(applied=1)
        with write() as session:
            revoke_device(session, session.query(Device).where(Device.name == "平板").one().id, now_ms)
    page = new_tablet.enrol()
    _choose(new_tablet, export)
    expect(page.get_by_role("status").filter(has_text="接回 3 项")).to_be_visible()
    unfinished = page.locator(".unfinished")
    expect(unfinished).to_contain_text("未写完 3 项")
    expect(unfinished.get_by_role("listitem").filter(has_text=NAME)).to_contain_text("照片 1 张 · 未写完")
    assert serious_findings(page) == []
    _choose(new_tablet, export, "3 项本机已有或已经写完")
    expect(unfinished).to_contain_text("未写完 3 项")

    unfinished.get_by_role("link", name=f"登记新人员 {NAME}").click()
    expect(page.locator("[name=name]")).to_have_value(NAME)
    expect(page.locator(".thumbnail")).to_have_count(1)
    page.locator("[name=certificate_number]").fill(NUMBER)
    page.locator("[name=company]").fill(COMPANY_A)
    page.locator("[name=team]").fill("木工班")
    page.locator("[name=trade]").select_option("030")
    page.locator("[name=phone]").fill("13800001111")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text(f"已登记: {NAME}")).to_be_visible()
    new_tablet.open("同步")
    page.get_by_role("link", name="巡查发现的问题 塔吊下积水").click()
    page.get_by_role("button", name="口罩佩戴").click()
    page.get_by_role("button", name="一般").click()
    page.get_by_role("button", name="保存").click()
    page.get_by_role("button", name="发现问题", exact=True).click()
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".records summary", has_text="例行巡查 发现问题")).to_be_visible()
    new_tablet.sync()
    new_tablet.expect_unsent(0)
    expect(unfinished).to_have_count(0)
    _choose(new_tablet, export, "3 项本机已有或已经写完")
    expect(unfinished).to_have_count(0)

    assert bodies(elsewhere(field, "temperature_check"), "celsius") == [(36.5,)]
    assert Counter(bodies(elsewhere(field, "worker"), "name"))[NAME,] == 1
    (made,) = elsewhere(field, "inspection_round")
    assert bodies(elsewhere(field, "inspection_finding"), "description", "round") == [("塔吊下积水", made.id)]


def test_a_form_that_is_being_filled_in_is_not_replaced(
    inspector: Inspector, new_tablet: Inspector, tmp_path: Path
) -> None:
    inspector.enrol()
    inspector.context.set_offline(True)
    _begin_a_person(inspector)
    export = _export(inspector, tmp_path)
    page = new_tablet.enrol()
    _begin_a_person(new_tablet, "诸葛云")
    _choose(new_tablet, export, "1 项没有接回: 本机正在填同一张表")
    expect(page.locator(".unfinished")).to_contain_text("诸葛云")
    expect(page.locator(".unfinished")).not_to_contain_text(NAME)


def test_what_is_no_export_of_ones_own_is_refused_with_a_reason(
    inspector: Inspector, new_tablet: Inspector, tmp_path: Path
) -> None:
    inspector.enrol()
    inspector.context.set_offline(True)
    _begin_a_person(inspector)
    export = _export(inspector, tmp_path)
    users = inspector.field.cast.users
    users["inspector"] = users[inspector.field.second_inspector()]
    page = new_tablet.enrol()
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(export.read_bytes()[:-30])
    refusal = page.locator("[data-code]", has_text="。")
    for file, code, text in (
        (export, "export_of_other", "不是您本人的平板导出的"),
        (damaged, "export_unreadable", "或文件已损坏"),
    ):
        _choose(new_tablet, file, text)
        expect(refusal).to_have_attribute("data-code", code)
    expect(page.locator(".unfinished")).to_have_count(0)


def _begin_a_person(inspector: Inspector, name: str = NAME) -> None:
    inspector.open("名册")
    inspector.page.get_by_role("link", name="登记新人员").click()
    inspector.page.locator("[name=name]").fill(name)
    inspector.take_photo()
    inspector.expect_kept(name)
    inspector.expect_kept("sha256")


def _begin_a_round(inspector: Inspector) -> None:
    page = inspector.page
    inspector.open("巡查")
    page.get_by_role("button", name="例行巡查").click()
    page.get_by_role("link", name="添加巡查发现的问题").click()
    page.locator("[name=description]").fill("塔吊下积水")
    inspector.expect_kept("塔吊下积水")


def _export(inspector: Inspector, folder: Path) -> Path:
    inspector.open("同步")
    with inspector.page.expect_download() as download:
        inspector.page.get_by_role("button", name="应急导出").click()
    download.value.save_as(folder / "export.zip")
    return folder / "export.zip"


def _choose(tablet: Inspector, file: Path, message: str = "") -> None:
    tablet.open("同步")
    page = tablet.page
    if not page.get_by_text("选择旧平板导出的文件").is_visible():
        page.get_by_text("换了平板?").click()
    page.locator("input[type=file]").set_input_files(file)
    expect(page.locator("details .notice, details .alert")).to_contain_text(message)
