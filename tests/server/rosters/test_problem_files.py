"""A problem file, uploaded again, means the same as its rows did in the original file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from server.rules.rosters.cells import Cell
from tests.server.cast import Caller, Cast
from tests.server.rosters.people import TITLES, person
from tests.stories.rosters.uploads import preview, rows, xlsx

MANGLED = 410702198002031200.0


def _row(number: int, team: Cell, *, bad: bool = False) -> list[Cell]:
    cells = replace(person(number), team=str(team)).cells()
    if bad:
        cells[1] = MANGLED
    return cells


def _problem_book(contractor: Caller, site: str, data: bytes) -> openpyxl.Workbook:
    return _problem_book_of(contractor, preview(contractor, site, data))


def _problem_book_of(contractor: Caller, roster: dict[str, Any]) -> openpyxl.Workbook:
    file = contractor.get(f"/api/v1/rosters/{roster['id']}/problems.xlsx")
    return openpyxl.load_workbook(io.BytesIO(file.data))


def _uploaded_again(contractor: Caller, site: str, book: openpyxl.Workbook) -> list[dict[str, Any]]:
    mended = io.BytesIO()
    book.save(mended)
    return rows(contractor, preview(contractor, site, mended.getvalue()), "new")


def _with_numbers(book: openpyxl.Workbook, numbers: Sequence[int]) -> openpyxl.Workbook:
    for line, number in enumerate(numbers, start=2):
        cell = book.worksheets[0].cell(line, 2)
        cell.value, cell.number_format = person(number).certificate_number, "@"
    return book


def test_a_blank_team_is_still_that_of_the_row_above_it_in_the_first_file(
    desk: Cast, contractor: Caller
) -> None:
    sent = [
        _row(1, "甲"),
        _row(2, "", bad=True),
        _row(3, "乙", bad=True),
        _row(4, "丙"),
        _row(5, "", bad=True),
    ]
    book = _with_numbers(_problem_book(contractor, desk.site_a, xlsx(sent)), (2, 3, 5))
    teams = {row["name"]: row["team"] for row in _uploaded_again(contractor, desk.site_a, book)}
    assert teams == {person(2).name: "甲", person(3).name: "乙", person(5).name: "丙"}


def test_a_team_under_a_merged_cell_comes_along(desk: Cast, contractor: Caller) -> None:
    buffer = io.BytesIO()
    file = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = file.add_worksheet("花名册")
    for line, cells in enumerate([TITLES, *(_row(n, "", bad=n in (2, 4)) for n in range(1, 5))]):
        sheet.write_row(line, 0, cells)
    sheet.merge_range(1, 2, 2, 2, "甲")
    sheet.merge_range(3, 2, 4, 2, "乙")
    file.close()
    book = _with_numbers(_problem_book(contractor, desk.site_a, buffer.getvalue()), (2, 4))
    teams = {row["name"]: row["team"] for row in _uploaded_again(contractor, desk.site_a, book)}
    assert teams == {person(2).name: "甲", person(4).name: "乙"}


@pytest.mark.parametrize("cell", ["a date", "a number"])
def test_a_date_of_a_workbook_that_counts_from_1904_stays_that_day(
    desk: Cast, contractor: Caller, cell: str
) -> None:
    day = datetime(2026, 11, 1)
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    sheet = book.active
    assert sheet is not None
    sheet.append(list(TITLES))
    entered = day if cell == "a date" else (day.date() - date(1904, 1, 1)).days
    sheet.append([*_row(1, "甲", bad=True)[:5], entered])
    file = io.BytesIO()
    book.save(file)
    mended = _with_numbers(_problem_book(contractor, desk.site_a, file.getvalue()), (1,))
    assert [row["entered_on"] for row in _uploaded_again(contractor, desk.site_a, mended)] == ["2026-11-01"]


def test_a_column_that_lacks_is_there_to_be_filled_in(desk: Cast, contractor: Caller) -> None:
    sent = [person(n).cells()[:5] for n in (1, 2)]
    roster = preview(contractor, desk.site_a, xlsx(sent, TITLES[:5]))
    confirmed = [
        {"sheet": column["sheet"], "column": column["column"], "field": column["field"] or ""}
        for column in roster["columns"]
    ]
    answer = contractor.post(f"/api/v1/rosters/{roster['id']}/columns", json={"columns": confirmed})
    assert answer.status_code == 200, answer.text
    book = _problem_book_of(contractor, roster)
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[1]] == [*TITLES[:5], "进场日期", "问题", "修改办法"]
    for line in (2, 3):
        assert "没有进场日期" in sheet.cell(line, 6).comment.text
        sheet.cell(line, 6).value = "2026-11-01"
    uploaded = _uploaded_again(contractor, desk.site_a, book)
    assert [row["entered_on"] for row in uploaded] == ["2026-11-01"] * 2


def test_a_team_from_a_heading_is_written_into_a_column_of_its_own(desk: Cast, contractor: Caller) -> None:
    people = [[*_row(n, "甲", bad=True)[:2], *_row(n, "甲")[3:]] for n in (1, 2)]
    table = [["钢筋班组"], people[0], ["木工班组"], people[1]]
    book = _problem_book(contractor, desk.site_a, xlsx(table, [*TITLES[:2], *TITLES[3:]]))
    assert [cell.value for cell in book.worksheets[0][1]][5:7] == ["班组", "问题"]
    uploaded = _uploaded_again(contractor, desk.site_a, _with_numbers(book, (1, 2)))
    assert [row["team"] for row in uploaded] == ["钢筋班组", "木工班组"]


def test_a_cell_says_everything_that_is_wrong_with_it(desk: Cast, contractor: Caller) -> None:
    cells = [*_row(1, "甲")[:5], "2026-12-24", "2026-12-01"]
    book = _problem_book(contractor, desk.site_a, xlsx([cells], [*TITLES, "退场日期"]))
    comment = book.worksheets[0].cell(2, 7).comment.text
    assert "退场日期早于进场日期" in comment and "日期在今天之后" in comment


def test_what_was_said_of_rows_is_not_said_twice_in_a_file_of_a_file(desk: Cast, contractor: Caller) -> None:
    book = _problem_book(contractor, desk.site_a, xlsx([_row(1, "甲", bad=True)]))
    again = io.BytesIO()
    book.save(again)
    sheet = _problem_book(contractor, desk.site_a, again.getvalue()).worksheets[0]
    assert [cell.value for cell in sheet[1]] == [*TITLES, "问题", "修改办法"]


def test_a_trade_that_nobody_wrote_is_not_written_either(desk: Cast, contractor: Caller) -> None:
    cells = _row(1, "甲", bad=True)
    cells[3] = ""
    book = _problem_book(contractor, desk.site_a, xlsx([cells]))
    assert not book.worksheets[0].cell(2, 4).value
