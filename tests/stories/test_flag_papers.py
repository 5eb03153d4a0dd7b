"""A flag on paper: the order, the recheck, the whole file; words of people are text and never markup or formulas."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader

from server.console.pages import COOKIE
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags import missed_flag, moved, planned_field

NOTE = '#panic("x") $x$ *食堂* =HYPERLINK("http://x") <王五> \\ `每日两次`'


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


@pytest.fixture
def flag(field: Field) -> str:
    return missed_flag(field)


def _browser(field: Field, name: str) -> FlaskClient:
    client = field.app.test_client()
    client.set_cookie(COOKIE, field.cast.client(name).token, path="/console")
    return client


def _text(field: Field, path: str) -> str:
    answer = _browser(field, "section").get(path)
    assert answer.status_code == 200, answer.text
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages)


def _squeezed(text: str) -> str:
    return "".join(text.split())


def test_an_order_is_printed_with_its_words_and_its_deadline(field: Field, flag: str) -> None:
    moved(field.cast.client("section"), flag, "order_rectification", note=NOTE)
    text = _squeezed(_text(field, f"/console/flags/{flag}/order.pdf"))
    for part in ("限期整改通知书", "甲建筑", "牧野花园", "2026-11-2712:40", "质安科孙丽", _squeezed(NOTE)):
        assert part in text


def test_a_recheck_is_printed_with_the_reply(field: Field, flag: str) -> None:
    section = field.cast.client("section")
    moved(section, flag, "order_rectification", note="每日两次")
    moved(field.cast.client("contractor"), flag, "submit_rectification", note="已补做")
    moved(section, flag, "fail_recheck", note="记录不全")
    text = _squeezed(_text(field, f"/console/flags/{flag}/recheck.pdf"))
    for part in ("复查记录", "已补做", "复查不通过", "记录不全", "1次"):
        assert part in text


def test_a_paper_that_the_flag_has_not_come_to_is_not_there(field: Field, flag: str) -> None:
    browser = _browser(field, "section")
    for paper in ("order", "recheck", "other"):
        assert browser.get(f"/console/flags/{flag}/{paper}.pdf").status_code == 404
    assert _browser(field, "competitor").get(f"/console/flags/{flag}/file.pdf").status_code == 404


def test_the_whole_file_tells_windows_and_events(field: Field, flag: str) -> None:
    text = _squeezed(_text(field, f"/console/flags/{flag}/file.pdf"))
    for part in ("问题标记档案", "食堂", "缺失", "开立", "数据完整至"):
        assert part in text


def test_no_cell_of_the_workbook_can_start_a_formula(field: Field, flag: str) -> None:
    moved(field.cast.client("section"), flag, "comment", note='=HYPERLINK("http://x")')
    book = openpyxl.load_workbook(
        io.BytesIO(_browser(field, "section").get(f"/console/flags/{flag}/file.xlsx").data)
    )
    assert book.sheetnames == ["标记", "时段", "记录", "经过"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert '=HYPERLINK("http://x")' in [cell.value for cell in cells]
