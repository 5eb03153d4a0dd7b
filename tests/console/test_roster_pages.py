"""A contractor with a file, in a real browser: at a desk and on a phone, with the keyboard, from drop to commit."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Page, ViewportSize, expect

from server.base.db import read
from server.models import Disclosure
from tests.axe import serious_findings
from tests.chromium import expect_fits
from tests.console.conftest import DESK, PHONE, OpenPage
from tests.server.cast import Cast
from tests.server.rosters.people import TITLES, person
from tests.stages import reach_reference
from tests.stories.rosters.uploads import Later, commit, people_file, preview, read_at_once, xlsx

SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture
def site(app: Flask, cast: Cast) -> str:
    reach_reference(app)
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
    page.get_by_role("link", name="地点与名册").press("Enter")
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
    expect_fits(page)


@SIZES
def test_everybody_leaves_with_one_date(
    open_page: OpenPage, site: str, cast: Cast, size: ViewportSize
) -> None:
    contractor = cast.client("contractor")
    commit(contractor, preview(contractor, site, people_file(person(1), person(2))))
    page = open_page(f"/console/sites/{site}/roster", size, "contractor")
    page.get_by_text("完工, 全部退场").press("Enter")
    page.get_by_role("button", name="列出在场的人").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("2 人将登记退场, 用同一个日期")
    expect(page.get_by_role("cell", name=person(1).name)).to_be_visible()
    assert serious_findings(page) == []
    expect_fits(page)
    page.get_by_role("button", name="登记 2 人退场").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("登记退场 2 人")
    page.get_by_role("link", name="返回名册").press("Enter")
    expect(page.get_by_role("link", name="全部退场")).to_be_visible()


def test_wrong_rows_are_downloaded_mended_and_uploaded_again(
    open_page: OpenPage, site: str, tmp_path: Path
) -> None:
    page = open_page(f"/console/sites/{site}/roster", DESK, "contractor")
    wrong = person(2).cells()
    wrong[1] = 410702198002031200.0
    _upload(page, xlsx([person(1).cells(), wrong]), tmp_path)
    expect(page.locator("[data-code=certificate_numeric]")).to_be_visible()
    expect(page.get_by_text("certificate_numeric")).to_have_count(0)
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
    page.get_by_label("第 1 列的含义").select_option("name")
    page.get_by_role("button", name="确认各列").press("Enter")
    expect(page.get_by_text("读到 1 人")).to_be_visible()


def test_a_file_that_is_no_roster_is_reported_with_what_to_do(
    open_page: OpenPage, site: str, tmp_path: Path, complaints: list[str]
) -> None:
    page = open_page(f"/console/sites/{site}/roster", DESK, "contractor")
    _upload(page, b"\x7fELF\x02\x01\x01" + bytes(200), tmp_path)
    expect(page.get_by_role("alert")).to_contain_text("请上传 .xlsx、.xls、.ods 或 .csv 文件")
    complaints[:] = [line for line in complaints if "415" not in line]  # the browser logs the status too


def test_while_a_file_is_read_the_page_says_so_and_looks_again(
    open_page: OpenPage, site: str, cast: Cast, tmp_path: Path
) -> None:
    cast.app.extensions["gongdi_pool"] = Later()
    page = open_page(f"/console/sites/{site}/roster", DESK, "contractor")
    _upload(page, people_file(person(1)), tmp_path)
    expect(page.get_by_role("status")).to_contain_text("正在读取")
    assert page.locator("meta[http-equiv=refresh]").count() == 1


def test_the_first_page_of_a_contractor_leads_to_the_upload(open_page: OpenPage, site: str) -> None:
    page = open_page("/console/", PHONE, "contractor")
    page.get_by_role("link", name="选择地点, 上传名册").press("Enter")
    expect(page.get_by_role("link", name="上传名册")).to_be_visible()


def test_a_file_dropped_anywhere_on_the_card_is_the_one_that_is_uploaded(
    open_page: OpenPage, site: str, tmp_path: Path
) -> None:
    page = open_page(f"/console/sites/{site}/roster", DESK, "contractor")
    expect(page.get_by_text("选择文件")).to_be_visible()
    content = base64.b64encode(people_file(person(1))).decode()
    dropped = page.evaluate_handle(
        """(content) => {
          const held = new DataTransfer();
          const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
          held.items.add(new File([bytes], "桌上的名册.xlsx"));
          return held;
        }""",
        content,
    )
    heading = page.get_by_role("heading", name="上传名册")
    heading.dispatch_event("dragover", {"dataTransfer": dropped})
    heading.dispatch_event("drop", {"dataTransfer": dropped})
    expect(page.get_by_role("status")).to_contain_text("桌上的名册.xlsx")
    page.get_by_role("button", name="上传并预览").press("Enter")
    expect(page.get_by_text("读到 1 人")).to_be_visible()


def test_without_its_script_the_card_takes_a_file_all_the_same(
    open_page: OpenPage, site: str, tmp_path: Path, complaints: list[str]
) -> None:
    page = open_page("/console/sites", DESK, "contractor")
    page.route("**/roster.js*", lambda route: route.abort())
    page.goto(f"/console/sites/{site}/roster")
    expect(page.get_by_text("选择文件")).to_be_hidden()
    _upload(page, people_file(person(1)), tmp_path)
    expect(page.get_by_text("读到 1 人")).to_be_visible()
    complaints[:] = [line for line in complaints if "ERR_FAILED" not in line]


def _primary(page: Page) -> list[str]:
    """The texts of what is marked as the next step."""
    return page.locator("main .button, main button:not(.second)").all_inner_texts()


def test_each_state_offers_one_next_step(open_page: OpenPage, site: str, cast: Cast) -> None:
    contractor = cast.client("contractor")
    page = open_page("/console/sites", DESK, "contractor")
    wrong = replace(person(9), phone="0373-3696000")

    def seen(data: bytes, *, committed: bool = False) -> tuple[str, list[str]]:
        roster = preview(contractor, site, data)
        if committed:
            commit(contractor, roster)
        page.goto(f"/console/rosters/{roster['id']}")
        step = page.locator("[aria-current=step]").inner_text()
        return step.replace("\n", " "), _primary(page)

    assert seen(people_file(person(1), person(2), wrong)) == ("2 核对", ["提交名册"])
    assert seen(people_file(person(1), person(2)), committed=True) == ("3 提交", ["返回名册"])
    assert seen(people_file(person(1), person(2))) == ("2 核对", ["返回名册"])
    assert seen(people_file(person(1))) == ("2 核对", ["返回名册"])
    assert seen(people_file(person(1), person(2), wrong)) == ("2 核对", ["下载退回的 1 行 (.xlsx)"])
    assert seen(people_file(person(3), wrong), committed=True) == ("3 提交", ["下载退回的 1 行 (.xlsx)"])
    assert page.locator("nav.tabs [aria-current]").inner_text().startswith("新增")
    titles = ["工人大名", *TITLES[1:]]
    assert seen(xlsx([person(1).cells()], titles)) == ("2 核对", ["确认各列, 继续核对"])


def test_those_who_left_are_chosen_one_by_one_and_a_wrong_day_keeps_the_choice(
    open_page: OpenPage, site: str, cast: Cast, complaints: list[str]
) -> None:
    contractor = cast.client("contractor")
    late = replace(person(2), entered_on="2026-11-20", team="木工班")
    commit(contractor, preview(contractor, site, people_file(person(1), late, person(3))))
    part = preview(contractor, site, people_file(person(4)))
    page = open_page(f"/console/rosters/{part['id']}", PHONE, "contractor")
    expect(page.get_by_label("保持在场")).to_be_checked()
    box = page.get_by_label(late.name)
    expect(page.get_by_text(late.certificate_number)).to_have_count(0)
    expect(page.locator("li", has=box)).to_contain_text("木工班")
    expect(page.locator("li", has=box)).to_contain_text("2026-11-20 进场")
    page.get_by_label("只登记下面勾选的人退场").check()
    box.check()
    page.get_by_label("退场日期").fill("2026-11-10")
    page.get_by_role("button", name="提交名册").press("Enter")
    day = page.get_by_label("退场日期")
    expect(day).to_have_attribute("aria-invalid", "true")
    expect(day).to_have_accessible_description(re.compile(f"{late.name}.*2026-11-20 进场"))
    expect(day).to_have_value("2026-11-10")
    expect(box).to_be_checked()
    expect(page.get_by_label("只登记下面勾选的人退场")).to_be_checked()
    day.fill("2026-11-21")
    page.get_by_role("button", name="提交名册").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("新增 1 人, 变更 0 人, 登记退场 1 人")
    complaints[:] = [line for line in complaints if "422" not in line]


def test_a_preview_that_is_no_longer_true_is_shown_again(
    open_page: OpenPage, site: str, cast: Cast, complaints: list[str]
) -> None:
    contractor = cast.client("contractor")
    commit(contractor, preview(contractor, site, people_file(person(1))))
    old = preview(contractor, site, people_file(person(1), person(2)))
    page = open_page(f"/console/rosters/{old['id']}", DESK, "contractor")
    expect(page.get_by_text("将新增 1 人, 变更 0 人")).to_be_visible()
    moved = replace(person(1), team="木工班")
    commit(contractor, preview(contractor, site, people_file(moved)))
    page.get_by_role("button", name="提交名册").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("什么都没有提交")
    expect(page.get_by_text("将新增 1 人, 变更 1 人")).to_be_visible()
    complaints[:] = [line for line in complaints if "409" not in line]


def test_a_refused_choice_of_columns_is_kept_and_the_wrong_ones_are_marked(
    open_page: OpenPage, site: str, cast: Cast, complaints: list[str]
) -> None:
    data = xlsx([[*person(1).cells(), "x"]], ["工人大名", *TITLES[1:], "备注一"])
    roster = preview(cast.client("contractor"), site, data)
    page = open_page(f"/console/rosters/{roster['id']}", PHONE, "contractor")
    first, third = page.get_by_label("第 1 列的含义"), page.get_by_label("第 3 列的含义")
    first.select_option("team")
    page.get_by_label("第 7 列的含义").select_option("dormitory")
    page.get_by_role("button", name="确认各列").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("有 2 列都是“班组”")
    for wrong in (first, third):
        expect(wrong).to_have_attribute("aria-invalid", "true")
        expect(wrong).to_have_value("team")
    expect(page.get_by_label("第 7 列的含义")).to_have_value("dormitory")
    expect(page.get_by_label("第 2 列的含义")).not_to_have_attribute("aria-invalid", "true")
    expect_fits(page)
    first.select_option("name")
    page.get_by_role("button", name="确认各列").press("Enter")
    expect(page.get_by_text("读到 1 人")).to_be_visible()
    complaints[:] = [line for line in complaints if "422" not in line]


def test_a_sheet_that_is_no_roster_is_left_out_and_the_other_is_read(
    open_page: OpenPage, site: str, cast: Cast
) -> None:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, titles in (("花名册", TITLES), ("工资表", ("领款人姓名栏", "身份证号栏", *TITLES[2:]))):
        sheet = book.create_sheet(name)
        sheet.append(titles)
        sheet.append([str(cell) for cell in person(1).cells()])
    data = io.BytesIO()
    book.save(data)
    roster = preview(cast.client("contractor"), site, data.getvalue())
    assert roster["state"] == "mapping"
    page = open_page(f"/console/rosters/{roster['id']}", DESK, "contractor")
    page.get_by_role("group", name="工资表").get_by_label("这张表不是名册").check()
    page.get_by_role("button", name="确认各列").press("Enter")
    expect(page.get_by_text("读到 1 人")).to_be_visible()
    page.goto("/console/rosters/titles")
    expect(page.get_by_text("领款人姓名栏")).to_have_count(0)


def test_columns_are_changed_from_the_preview_and_what_is_remembered_can_be_forgotten(
    open_page: OpenPage, site: str, cast: Cast
) -> None:
    data = xlsx([[*person(1).cells(), "3-201"]], [*TITLES, "住哪儿"])
    roster = preview(cast.client("contractor"), site, data)
    page = open_page(f"/console/rosters/{roster['id']}", DESK, "contractor")
    page.get_by_role("link", name="调整各列").press("Enter")
    page.get_by_label("第 7 列的含义").select_option("dormitory")
    page.get_by_role("button", name="确认各列").press("Enter")
    expect(page.get_by_text("读到 1 人")).to_be_visible()
    page.get_by_role("link", name="调整各列").press("Enter")
    expect(page.get_by_label("第 7 列的含义")).to_have_value("dormitory")
    page.get_by_role("link", name="已记住的列名").press("Enter")
    expect(page.get_by_role("row", name="住哪儿")).to_contain_text("宿舍")
    page.get_by_role("button", name="忘记 住哪儿").press("Enter")
    expect(page.get_by_text("住哪儿")).to_have_count(0)


@SIZES
def test_the_people_of_a_site_are_listed_masked_and_found(
    open_page: OpenPage, site: str, cast: Cast, size: ViewportSize
) -> None:
    contractor = cast.client("contractor")
    who = person(2)
    commit(contractor, preview(contractor, site, people_file(person(1), replace(who, team="木工班"))))
    page = open_page("/console/sites", size, "contractor")
    page.get_by_role("link", name="在册人员").press("Enter")
    expect(page.get_by_role("cell", name=person(1).name)).to_be_visible()
    for text in ("木工", who.name[:1], who.certificate_number[-4:], who.certificate_number):
        page.get_by_label("姓名、班组").fill(text)
        page.get_by_role("button", name="查找").press("Enter")
        expect(page.get_by_role("cell", name=who.name)).to_be_visible()
        expect(page.get_by_role("cell", name=person(1).name)).to_have_count(0)
        assert page.url.endswith("/people")
    expect(page.get_by_role("cell", name=who.certificate_number)).to_have_count(0)
    page.get_by_label("姓名、班组").fill(who.certificate_number[3:-4])
    page.get_by_role("button", name="查找").press("Enter")
    expect(page.get_by_text("没有找到")).to_be_visible()
    expect(page.get_by_text("导出完整号码")).to_have_count(0)
    expect_fits(page)


def test_full_numbers_are_exported_by_those_who_may_and_say_why(
    open_page: OpenPage, site: str, cast: Cast
) -> None:
    contractor = cast.client("contractor")
    commit(contractor, preview(contractor, site, people_file(person(1))))
    page = open_page(f"/console/sites/{site}/people", DESK, "section")
    page.get_by_label("事由").first.fill("核对工伤保险")
    with page.expect_download() as downloading:
        page.get_by_role("button", name="导出 (.xlsx, 完整号码)").press("Enter")
    book = openpyxl.load_workbook(io.BytesIO(downloading.value.path().read_bytes()))
    values = [cell.value for row in book.worksheets[0].iter_rows() for cell in row]
    assert person(1).certificate_number in values
    with cast.app.app_context(), read() as session:
        (disclosure,) = session.scalars(sa.select(Disclosure))
    assert (disclosure.user_id, disclosure.reason) == (cast.users["section"], "核对工伤保险")


@SIZES
def test_a_list_without_dates_of_entry_takes_one_for_all(
    open_page: OpenPage, site: str, size: ViewportSize, tmp_path: Path, complaints: list[str]
) -> None:
    page = open_page(f"/console/sites/{site}/roster", size, "contractor")
    _upload(page, xlsx([person(n).cells()[:5] for n in (1, 2)], TITLES[:5]), tmp_path)
    expect(page.get_by_text("还没有哪一列是进场日期")).to_be_visible()
    expect_fits(page)
    date = page.get_by_label("所有人的进场日期")
    date.evaluate(
        "field => { field.removeAttribute('max'); field.type = 'text'; field.value = '2099-01-01' }"
    )
    page.get_by_role("button", name="确认各列").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("不晚于今天")
    expect(date).to_have_attribute("aria-invalid", "true")
    date.fill("2026-11-02")
    page.get_by_role("button", name="确认各列").press("Enter")
    expect(page.get_by_text("读到 2 人: 新增 2")).to_be_visible()
    page.get_by_role("link", name="调整各列").press("Enter")
    expect(page.get_by_label("所有人的进场日期")).to_have_value("2026-11-02")
    complaints[:] = [line for line in complaints if "422" not in line]
