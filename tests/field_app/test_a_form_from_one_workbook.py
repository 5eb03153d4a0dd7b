"""The whole way of a new form: a tablet is away; an administrator proposes one workbook, another publishes it, a site of
its new kind is opened; the tablet comes back, has it, and fills it in without a network, with a photo; the window is met,
and the record stands in page, workbook and CSV. Nothing is built again, nothing is restarted."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Download, Page, expect

from server.base.db import read
from server.models import Site, Window
from server.workflows.scheduler import tick
from tests.chromium import TIMEOUT_MS
from tests.console.conftest import DESK, log_in
from tests.field_app.inspector import MINUTE_MS, Inspector
from tests.field_app.test_any_form import pictures
from tests.server.office import add_deputy
from tests.stories.forms.workbooks import PHOTO, pond, workbook

PARK, LAKE = "人民公园", "东湖"
Desk = Callable[[str, str], Page]


@pytest.fixture
def desk(browser: Browser, inspector: Inspector) -> Iterator[Desk]:
    """Opens a page of the console for somebody of the cast."""
    add_deputy(inspector.field.app, inspector.field.cast)
    opened = []

    def sit_down(name: str, path: str) -> Page:
        context = browser.new_context(base_url=inspector.live.address, viewport=DESK, locale="zh-CN")
        opened.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        log_in(context, inspector.field.cast, name)
        page = context.new_page()
        page.goto(path)
        return page

    yield sit_down
    for context in opened:
        context.close()


def test_it_is_published_met_and_read_and_nothing_is_built_again(
    inspector: Inspector, desk: Desk, tmp_path: Path
) -> None:
    inspector.enrol()
    inspector.context.set_offline(True)
    publish(desk, workbook(tmp_path / "池塘巡查.xlsx", pond(survey_6=PHOTO)))
    open_the_park(desk("admin", "/console/admin/sites"))
    field = inspector.field
    tick(field.app, field.cast.clock.now_ms())
    with field.app.app_context(), read() as session:
        park = session.scalars(sa.select(Site).where(Site.name == PARK)).one().id
        opens_ms = session.scalar(sa.select(sa.func.min(Window.opens_ms)).where(Window.scope_id == park))
    assert opens_ms is not None and opens_ms > field.cast.clock.now_ms()

    inspector.context.set_offline(False)
    inspector.sync()
    inspector.context.set_offline(True)
    inspector.pass_time(opens_ms + MINUTE_MS - field.cast.clock.now_ms())
    fill_in(inspector)
    inspector.context.set_offline(False)
    inspector.sync()
    inspector.expect_unsent(0)

    with field.app.app_context(), read() as session:
        states = sa.select(Window.state).where(Window.scope_id == park, Window.opens_ms == opens_ms)
        assert session.scalars(states).all() == ["met"]
    read_it(desk("section", f"/console/sites/{park}"))


def publish(desk: Desk, file: Path) -> None:
    """One administrator uploads and proposes, another one approves."""
    page = desk("admin", "/console/admin/forms")
    page.get_by_label("文件").set_input_files(file)
    page.get_by_role("button", name="检查并预览").click()
    expect(page.get_by_role("region", name="平板上的样子").get_by_text("有漂浮物")).to_be_visible()
    page.get_by_label("理由").fill("市民反映池塘无人巡查")
    page.get_by_role("button", name="提议发布").click()
    page = desk("deputy", "/console/proposals")
    page.get_by_role("link", name="池塘巡查").click()
    page.get_by_role("button", name="批准, 使之生效").click()
    page.goto("/console/admin/forms")
    expect(page.get_by_role("row", name="池塘巡查")).to_contain_text("在用")


def open_the_park(page: Page) -> None:
    """A site of the workbook's kind, with a pond, given to the inspector."""
    form = page.locator("form", has=page.get_by_role("heading", name="新增地点"))
    form.get_by_label("名称", exact=True).fill(PARK)
    form.get_by_label("类型").select_option(label="公园")
    form.get_by_label("区县").select_option("410702")
    form.get_by_role("button", name="新增").click()
    page.get_by_role("link", name=PARK).click()
    given = page.locator("form", has=page.get_by_label("分配给"))
    given.get_by_label("分配给").select_option(label="检查员李华 (检查员)")
    given.get_by_role("button", name="分配").click()
    page.get_by_role("link", name="公园的情况").click()
    places = page.locator("form", has=page.get_by_role("button", name="新增场所"))
    places.get_by_label("类型").select_option(label="池塘")
    places.get_by_label("名称").fill(LAKE)
    places.get_by_role("button", name="新增场所").click()
    expect(page.get_by_role("row", name=LAKE)).to_be_visible()


def fill_in(inspector: Inspector) -> None:
    """At the pond: what was seen, and a photo of it."""
    page = inspector.page
    page.locator(".site select").select_option(label=PARK)
    inspector.open("池塘巡查")
    page.get_by_role("button", name="池塘").click()
    page.get_by_role("button", name="有漂浮物").click()
    page.locator("[name=minutes]").fill("7")
    page.locator(".gallery input[accept='image/*']").set_input_files(pictures(1))
    expect(page.locator(".thumbnail")).to_have_count(1)
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".records")).to_contain_text("有漂浮物")


def read_it(page: Page) -> None:
    """The section finds it from the site's page, and takes it along."""
    page.get_by_role("link", name="池塘巡查").first.click()
    row = page.locator("tbody tr")
    for text in ("池塘", "有漂浮物", "7"):
        expect(row).to_contain_text(text)
    book = openpyxl.load_workbook(io.BytesIO(kept(page, "下载 (.xlsx)")))
    titles, values = ([cell.value for cell in line] for line in book["池塘巡查"].iter_rows())
    assert dict(zip(titles, values, strict=True))["水面"] == "有漂浮物"
    (line,) = csv.DictReader(io.StringIO(kept(page, "下载 (.csv)").decode("utf-8-sig")))
    assert (line["水面"], line["时长"]) == ("有漂浮物", "7")


def kept(page: Page, link: str) -> bytes:
    with page.expect_download() as found:
        page.get_by_role("link", name=link).click()
    download: Download = found.value
    return Path(download.path()).read_bytes()
