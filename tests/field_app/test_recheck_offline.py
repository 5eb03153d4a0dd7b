"""The inspector reads what was asked and what was replied, and rechecks on the site, where there is no network."""

from __future__ import annotations

import io

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from server.workflows.scheduler import tick
from tests.axe import serious_findings
from tests.chromium import expect_fits
from tests.console.conftest import DESK, PHONE, log_in
from tests.field_app.conftest import bodies, elsewhere
from tests.field_app.inspector import Inspector
from tests.stories.flags.cast import moved
from tests.stories.photos import picture

KEPT = "img[alt='回复照片 1']"


def replied_flag(inspector: Inspector) -> str:
    """The tablet has reported in, and nothing was measured; the section orders, and the company replies with a photo."""
    inspector.enrol()
    cast = inspector.field.cast
    tick(inspector.field.app, cast.clock.now_ms())
    section, contractor = cast.client("section"), cast.client("contractor")
    (listed,) = section.get("/api/v1/flags", query_string={"duty": "TEMP"}).get_json()["items"]
    flag = str(listed["id"])
    moved(section, flag, "order_rectification", note="上下班各测一次\n并写明漏测原因")
    form = {"file": (io.BytesIO(picture(size=(160, 120))), "测温.jpg")}
    path = f"/api/v1/media/{cast.site_a}"
    sent = contractor.post(path, data=form, content_type="multipart/form-data").get_json()["sha256"]
    moved(contractor, flag, "submit_rectification", note="已补测并贴出安排", media=[sent])
    return flag


def open_flag(inspector: Inspector) -> Page:
    inspector.open("标记")
    inspector.page.get_by_role("link", name="每日测温").click()
    return inspector.page


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_recheck_is_written_offline_and_seen_on_the_consoles_page(
    inspector: Inspector, size: ViewportSize
) -> None:
    flag = replied_flag(inspector)
    inspector.sync()
    page = open_flag(inspector)
    expect(page.locator(KEPT)).to_be_visible()
    with inspector.cut_off():
        inspector.open_again()
        page = open_flag(inspector)
        for words in ("已回复待复查", "期限"):
            expect(page.locator(".facts")).to_contain_text(words)
        expect(page.get_by_role("region", name="整改要求")).to_contain_text("上下班各测一次")
        expect(page.get_by_role("region", name="整改回复")).to_contain_text("已补测并贴出安排")
        expect(page.locator(KEPT)).to_be_visible()
        assert page.locator(KEPT).evaluate("image => image.decode().then(() => image.naturalWidth)") == 160
        expect_fits(page)
        assert serious_findings(page) == []
        page.get_by_role("link", name="复查", exact=True).click()
        page.get_by_role("button", name="复查通过").click()
        page.locator("[name=note]").fill("抽查五人, 都有记录")
        expect(page.locator("[name=seen]")).to_have_count(0)  # nobody types what was seen
        inspector.take_photo()
        expect(page.locator(".thumbnail")).to_have_count(1)
        page.get_by_role("button", name="保存").click()
        expect(page.get_by_text("已经写好, 联网后送到")).to_be_visible()
        expect(page.get_by_role("link", name="复查", exact=True)).to_have_count(0)  # once is enough
        inspector.expect_unsent(1)
    inspector.sync()
    inspector.expect_unsent(0)
    page = open_flag(inspector)
    expect(page.locator(".facts")).to_contain_text("复查通过")
    expect(page.get_by_text("写的已生效")).to_be_visible()
    (made,) = elsewhere(inspector.field, "flag_recheck")
    assert bodies([made], "flag", "result", "note") == [(flag, "pass_recheck", "抽查五人, 都有记录")]
    desk = inspector.context.new_page()
    log_in(inspector.context, inspector.field.cast, "section")
    desk.goto(f"{inspector.live.address}/console/flags/{flag}")
    last = desk.locator(".events li").first
    expect(last).to_contain_text("检查员李华: 复查通过")
    expect(last).to_contain_text("抽查五人, 都有记录")
    expect(last.locator("img")).to_be_visible()
    last.get_by_role("link", name="平板上的复查记录").click()
    expect(desk.get_by_text("抽查五人, 都有记录").first).to_be_visible()


def test_a_recheck_that_comes_too_late_is_kept_and_the_tablet_says_why(inspector: Inspector) -> None:
    flag = replied_flag(inspector)
    inspector.sync()
    with inspector.cut_off():
        page = open_flag(inspector)
        page.get_by_role("link", name="复查", exact=True).click()
        page.get_by_role("button", name="复查不通过").click()
        page.locator("[name=note]").fill("还有人没测")
        page.get_by_role("button", name="保存").click()
        inspector.expect_unsent(1)
        moved(inspector.field.cast.client("section"), flag, "pass_recheck")
    inspector.sync()
    inspector.expect_unsent(0)
    page = open_flag(inspector)
    expect(page.get_by_text("没有改变标记: 送到之前标记已经另行处理, 请人核对")).to_be_visible()
    expect(page.locator(".facts")).to_contain_text("复查通过")


def test_photos_of_a_flag_go_from_the_tablet_when_it_is_closed(inspector: Inspector) -> None:
    flag = replied_flag(inspector)
    inspector.sync()
    page = open_flag(inspector)
    expect(page.locator(KEPT)).to_be_visible()
    section = inspector.field.cast.client("section")
    moved(section, flag, "pass_recheck")
    moved(section, flag, "close")
    inspector.sync()
    page = open_flag(inspector)
    expect(page.locator(".facts")).to_contain_text("已销号")
    expect(page.locator(KEPT)).to_have_count(0)


def test_a_round_has_a_checklist_and_a_finding_says_who_mends_it_by_when(inspector: Inspector) -> None:
    page = inspector.enrol()
    with inspector.cut_off():
        inspector.open("巡查")
        page.get_by_role("button", name="例行巡查").click()
        page.get_by_role("link", name="添加巡查清单").click()
        expect(page.get_by_role("button", name="符合", exact=True)).to_have_count(10)
        for verdict in page.get_by_role("button", name="符合", exact=True).all():
            verdict.click()
        page.get_by_role("button", name="保存").click()
        page.get_by_role("link", name="添加巡查发现的问题").click()
        page.get_by_role("group", name="检查项目").get_by_role("button", name="通风").click()
        page.get_by_role("button", name="一般", exact=True).click()
        page.locator("[name=description]").fill("二楼窗户封死")
        page.get_by_role("button", name="保存").click()
        page.get_by_role("button", name="发现问题", exact=True).click()
        page.get_by_role("button", name="保存").click()
        page.locator(".records summary", has_text="例行巡查 发现问题").click()
        page.get_by_role("region", name="巡查发现的问题").locator("summary").click()
        page.get_by_role("link", name="添加整改安排").click()
        page.locator("[name=mender]").fill("钢筋一班 刘工")
        page.locator("[name=mend_by]").fill("2026-11-25")
        page.locator("[name=measure]").fill("拆除封条, 每日开窗")
        page.get_by_role("button", name="保存").click()
    inspector.sync()
    inspector.expect_unsent(0)
    (found,) = elsewhere(inspector.field, "inspection_finding")
    assert bodies(
        elsewhere(inspector.field, "finding_measure"), "finding", "mender", "mend_by", "progress"
    ) == [(found.id, "钢筋一班 刘工", "2026-11-25", "asked")]
    (checked,) = elsewhere(inspector.field, "round_checklist")
    assert {checked.body[topic] for topic in ("closure", "mask", "isolation")} == {"meets"}
