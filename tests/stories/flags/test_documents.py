"""A flag's whole file, printed and as a workbook. What people wrote is text, no markup, no formula."""

from __future__ import annotations

import io
import re
from pathlib import Path
from urllib.parse import unquote

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader

from server.console.pages import COOKIE
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import missed_flag, moved, planned_field, show

FOOT = re.compile(r"本档案由系统记录.*第 ?\d+ ?/ ?\d+ ?页", re.DOTALL)
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
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages]
    return "".join(FOOT.sub("", page) for page in pages)  # what a page break divides is one text


def _squeezed(text: str) -> str:
    return "".join(text.split())


def test_a_file_that_is_none_or_of_another_company_is_not_there(field: Field, flag: str) -> None:
    browser = _browser(field, "section")
    for name in ("order.pdf", "file.txt"):
        assert browser.get(f"/console/flags/{flag}/{name}").status_code == 404
    assert _browser(field, "competitor").get(f"/console/flags/{flag}/file.pdf").status_code == 404


def test_the_whole_file_shows_windows_and_events(field: Field, flag: str) -> None:
    moved(field.cast.client("section"), flag, "comment", note=NOTE)
    text = _squeezed(_text(field, f"/console/flags/{flag}/file.pdf"))
    for part in (_squeezed(NOTE), "问题标记档案", "食堂", "缺失", "开立", "数据完整至"):
        assert part in text


def test_no_cell_of_the_workbook_can_start_a_formula(field: Field, flag: str) -> None:
    moved(field.cast.client("section"), flag, "comment", note='=HYPERLINK("http://x")')
    book = openpyxl.load_workbook(
        io.BytesIO(_browser(field, "section").get(f"/console/flags/{flag}/file.xlsx").data)
    )
    assert book.sheetnames == ["标记", "时段", "步骤", "经过"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert '=HYPERLINK("http://x")' in [cell.value for cell in cells]


def test_a_document_is_saved_under_its_chinese_name_its_number_and_its_site(field: Field, flag: str) -> None:
    names = {}
    for path in ("file.pdf", "file.xlsx"):
        disposition = (
            _browser(field, "section").get(f"/console/flags/{flag}/{path}").headers["Content-Disposition"]
        )
        names[path] = unquote(disposition.partition("UTF-8''")[2])
    number = f"2026-{flag[-8:].upper()}"
    assert names == {
        "file.pdf": f"问题标记档案-{number}-牧野花园.pdf",
        "file.xlsx": f"问题标记档案-{number}-牧野花园.xlsx",
    }


def test_the_whole_file_holds_the_bounds_of_each_entry_its_photos_and_every_hash(
    field: Field, flag: str
) -> None:
    photo, tablet = "ab" * 32, field.tablet("late")
    body = {"place": "canteen", "agent": "chlorine", "operator": "王师傅"}
    media = [{"sha256": photo, "bytes": 9, "type": "image/jpeg"}]
    observed_ms = field.cast.clock.now_ms() - 4 * 3_600_000
    tablet.add(field.scope, "disinfection_log", body, media=media, observed_ms=observed_ms)
    assert tablet.sync().ok
    moved(field.cast.client("section"), flag, "order_rectification", note="每日两次")
    shown = show(field.cast.client("section"), flag)
    book = openpyxl.load_workbook(
        io.BytesIO(_browser(field, "section").get(f"/console/flags/{flag}/file.xlsx").data)
    )
    sheets = {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book}
    assert sheets["记录"][0] == ["记录", "设备", "自报时间", "估计时间", "不早于", "不晚于 (收到)"]
    assert "±" in sheets["记录"][1][3]
    assert photo in [row[1] for row in sheets["照片"]]
    assert [row[6] for row in sheets["经过"][1:]] == [event["hash"] for event in shown["events"]]
    assert any("2026-11-27 12:40" in str(row[5]) for row in sheets["经过"][1:])
    assert "限期整改" in [row[0] for row in sheets["步骤"]]
