"""Spreadsheets that are XML: .ods, and XML of 2003 that is named .xls. Texts stay texts and numbers numbers."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest

from server.base.problems import Problem
from server.files.read_workbook import read_workbook
from server.rules.rosters.cells import Cell
from tests.server.rosters.files import PEOPLE, are_all, cells_of, read_rows, validated
from tests.server.rosters.people import TITLES
from tests.server.rosters.xml_workbooks import ods, ods_table, xml_2003

TABLE: list[list[Cell]] = [["东苑一期花名册"], [], [*TITLES], *cells_of()]
MANGLED: list[Cell] = ["王磊", 410702198002031200.0, *cells_of()[0][2:]]


@pytest.mark.parametrize("encoding", ["UTF-8", "GB2312", "gb18030", "UTF-16"])
def test_xml_of_2003_is_read_in_the_encodings_that_programs_here_write(encoding: str) -> None:
    people = [
        row
        for row in cells_of()
        if encoding != "GB2312" or str(row[0]).encode("gb2312", "ignore").decode("gb2312") == row[0]
    ]
    rows = read_rows(xml_2003([*TABLE[:3], *people], encoding=encoding))
    assert [row.fields["certificate_number"] for row in rows] == [row[1] for row in people]
    assert rows[0].number == 4


def test_an_ods_is_read() -> None:
    are_all(read_rows(ods(ods_table(TABLE))))


@pytest.mark.parametrize("make", [xml_2003, lambda rows: ods(ods_table(rows))])
def test_a_number_in_a_cell_of_numbers_is_no_identity_number_here_either(make: Any) -> None:
    (row,) = read_rows(make([[*TITLES], MANGLED]))
    assert {found.code for found in row.found} == {"certificate_numeric"}


def test_what_an_ods_hides_merges_dates_and_notes_is_known() -> None:
    people = ods_table([[*TITLES], *cells_of()])
    dated = people.replace(
        '<table:table-cell office:value-type="string"><text:p>2026-11-01</text:p>',
        '<table:table-cell office:value-type="date" office:date-value="2026-11-01"><text:p>01/11/26</text:p>',
    )
    noted = dated.replace(
        f"<text:p>{PEOPLE[1].name}</text:p>",
        f"<office:annotation><text:p>请核对</text:p></office:annotation><text:p>{PEOPLE[1].name}</text:p>",
    )
    hidden = re.sub("<table:table-row>", '<table:table-row table:visibility="filter">', noted, count=1)
    workbook = read_workbook(ods(ods_table([["去年"]], "去年", "ta2") + hidden))
    assert [sheet.visible for sheet in workbook.sheets] == [False, True]
    assert workbook.sheets[1].hidden.rows == {0}
    assert workbook.sheets[1].rows[1][5] == datetime(2026, 11, 1)
    are_all(validated(workbook).rows)


def test_repeated_rows_and_cells_are_as_many_as_they_say() -> None:
    cell = '<table:table-cell table:number-columns-repeated="2"><text:p>甲</text:p></table:table-cell>'
    row = f'<table:table-row table:number-rows-repeated="3"><table:table-cell/>{cell}</table:table-row>'
    assert (
        read_workbook(ods(f'<table:table table:name="一">{row}</table:table>')).sheets[0].rows
        == [["", "甲", "甲"]] * 3
    )


def test_merged_cells_of_an_ods_are_filled() -> None:
    first = '<table:table-cell table:number-rows-spanned="2"><text:p>钢筋一班</text:p></table:table-cell>'
    last = first.replace(' table:number-rows-spanned="2"', "")
    covered = f"<table:table-row>{'<table:table-cell/>' * 2}<table:covered-table-cell/></table:table-row>"
    row = f"<table:table-row>{'<table:table-cell/>' * 2}{first}</table:table-row>"
    sheet = read_workbook(
        ods(f'<table:table table:name="一">{row}{covered}{row.replace(first, last)}</table:table>')
    ).sheets[0]
    assert sheet.merged == [(0, 2, 1, 2)]


def test_a_comment_in_xml_of_2003_is_no_part_of_the_cell() -> None:
    data = xml_2003([[*TITLES], *cells_of()]).decode()
    noted = data.replace(
        "</Data></Cell>", '</Data><Comment><ss:Data ss:Type="String">请核对</ss:Data></Comment></Cell>', 3
    )
    are_all(read_rows(noted.encode()))


def test_an_ods_with_a_password_is_called_so() -> None:
    with pytest.raises(Problem) as refusal:
        read_workbook(
            ods("", manifest="<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>")
        )
    assert refusal.value.code == "file_encrypted"


@pytest.mark.parametrize(
    "front",
    [
        "<html>",
        "<!DOCTYPE html><html>",
        '<?xml version="1.0"?><html>',
        "<!-- x --><table>",
        "\ufeff<meta charset='gbk'>",
        "MIME-Version: 1.0\r\n",
    ],
)
def test_a_web_page_is_called_so_whatever_its_name_is(front: str) -> None:
    with pytest.raises(Problem) as refusal:
        read_workbook(f"{front}<tr><td>姓名</td></tr>".encode())
    assert (refusal.value.status, refusal.value.code) == (415, "file_is_web_page")
    assert ".xlsx" in refusal.value.detail
