"""A contractor with a file, in a real browser: at a desk and on a phone, with the keyboard, from drop to commit."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
from flask import Flask
from playwright.sync_api import Page, ViewportSize, expect

from server.actions.load_reference import load_reference
from server.db import write
from tests.console.conftest import DESK, PHONE, OpenPage
from tests.server.cast import Cast
from tests.server.rosters.people import person
from tests.stories.rosters import Later, people_file, read_at_once, xlsx

SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture
def site(app: Flask, cast: Cast) -> str:
    with app.app_context(), write() as session:
        load_reference(session, app.extensions["gongdi"].seals, cast.clock.now_ms())
    read_at_once(cast)
    return cast.site_a


def _upload(page: Page, data: bytes, folder: Path, name: str = "名册.xlsx") -> None:
    file = folder / name
    file.write_bytes(data)
    page.get_by_label("名册文件").set_input_files(file)
    page.get_by_role("button", name="上传并预览").press("Enter")


@SIZES
def test_a_file_goes_from_the_desk_to_the_site(
    open_page: OpenPage, site: str, size: ViewportSize, tmp_path: Path
) -> None:
    page = open_page("/console/", size, "contractor")
    page.get_by_role("link", name="工地与名册").press("Enter")
    page.get_by_role("link", name="上传名册").press("Enter")
    _upload(page, people_file(person(1), person(2)), tmp_path)
    expect(page.get_by_text("等待提交")).to_be_visible()
    expect(page.get_by_role("cell", name=person(1).name)).to_be_visible()
    expect(page.get_by_text(person(1).certificate_number)).to_have_count(0)
    page.get_by_role("button", name="提交名册").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("已提交: 新增 2 人")
    page.get_by_role("link", name="← 牧野花园 名册").press("Enter")
    expect(page.get_by_role("link", name="名册.xlsx")).to_be_visible()
    expect(page.get_by_text("劳资专管员王芳").nth(1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_wrong_rows_are_downloaded_mended_and_uploaded_again(
    open_page: OpenPage, site: str, tmp_path: Path
) -> None:
    page = open_page(f"/console/sites/{site}/roster", DESK, "contractor")
    wrong = person(2).cells()
    wrong[1] = 410702198002031200.0
    _upload(page, xlsx([person(1).cells(), wrong]), tmp_path)
    expect(page.get_by_text("certificate_numeric")).to_be_visible()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="下载退回的 1 行").click()
    book = openpyxl.load_workbook(io.BytesIO(downloading.value.path().read_bytes()))
    cell = book.worksheets[0].cell(2, 2)
    assert cell.comment is not None
    cell.value, cell.number_format = person(2).certificate_number, "@"
    mended = io.BytesIO()
    book.save(mended)
    page.goto(f"/console/sites/{site}/roster")
    _upload(page, mended.getvalue(), tmp_path, "改好.xlsx")
    expect(page.get_by_text("没有退回的行")).to_be_visible()


def test_an_unsure_column_is_asked_about_on_the_page(open_page: OpenPage, site: str, tmp_path: Path) -> None:
    page = open_page(f"/console/sites/{site}/roster", PHONE, "contractor")
    titles = ["工人大名", "身份证号", "班组", "工种", "手机号", "进场日期"]
    _upload(page, xlsx([person(1).cells()], titles), tmp_path)
    expect(page.get_by_role("heading", name="请确认各列的含义")).to_be_visible()
    page.get_by_label("第 1 列的含义").select_option(label="姓名")
    page.get_by_role("button", name="确认各列").press("Enter")
    expect(page.get_by_text("读到 1 人")).to_be_visible()


def test_a_file_that_is_no_roster_is_told_with_what_to_do(
    open_page: OpenPage, site: str, tmp_path: Path, complaints: list[str]
) -> None:
    page = open_page(f"/console/sites/{site}/roster", DESK, "contractor")
    _upload(page, b"\x7fELF\x02\x01\x01" + bytes(200), tmp_path)
    expect(page.get_by_role("alert")).to_contain_text("请上传 .xlsx、.xls 或 .csv 文件")
    complaints[:] = [told for told in complaints if "415" not in told]  # the browser tells the status too


def test_while_a_file_is_read_the_page_says_so_and_looks_again(
    open_page: OpenPage, site: str, cast: Cast, tmp_path: Path
) -> None:
    cast.app.extensions["gongdi_pool"] = Later()
    page = open_page(f"/console/sites/{site}/roster", DESK, "contractor")
    _upload(page, people_file(person(1)), tmp_path)
    expect(page.get_by_role("status")).to_contain_text("正在读取")
    assert page.locator("meta[http-equiv=refresh]").count() == 1
