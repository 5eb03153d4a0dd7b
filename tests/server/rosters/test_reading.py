"""Files as contractors really make them: wherever the table stands in them, the same people come out."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import xlsxwriter

from server.actions.judge_roster import Grounds, Judged, judge_file
from server.actions.read_workbook import Workbook, read_workbook
from server.problems import Problem
from server.rules.roster.cells import Cell
from server.rules.roster.judge import Row
from tests.server.rosters.hostile import package, record, sheet_xml, xls, xls_number, xls_text, zipped
from tests.server.rosters.people import TITLES, Person, context, person
from tests.stories.rosters import xlsx

PEOPLE = [person(number) for number in range(1, 7)]
NAMES = [who.name for who in PEOPLE]


def _judged(workbook: Workbook) -> Judged:
    return judge_file(workbook, Grounds(context(), {}, {}), lambda _done, _rows: None)


def _rows(data: bytes) -> list[Row]:
    judged = _judged(read_workbook(data))
    assert judged.questions == []
    return judged.rows


def _are_all(rows: Sequence[Row]) -> None:
    """All people, sound, in their order."""
    assert [row.fields.get("name") for row in rows] == NAMES
    assert [row.fields.get("certificate_number") for row in rows] == [
        who.certificate_number for who in PEOPLE
    ]
    assert not any(row.rejected for row in rows)


def _cells(people: Sequence[Person] = PEOPLE) -> list[list[Cell]]:
    return [who.cells() for who in people]


def _book(write: Callable[[Any, Any], None], **options: Any) -> bytes:
    """A workbook whose first sheet is written by `write(sheet, book)`."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_numbers": False, **options}) as book:
        write(book.add_worksheet("花名册"), book)
    return buffer.getvalue()


def _write(sheet: Any, rows: Sequence[Sequence[Cell]], first: int = 0, column: int = 0) -> None:
    for number, row in enumerate(rows, start=first):
        for place, cell in enumerate(row, start=column):
            if isinstance(cell, str):
                sheet.write_string(number, place, cell)
            else:
                sheet.write_number(number, place, cell)


def _text(delimiter: str = ",", end: str = "\r\n") -> str:
    return end.join(delimiter.join(map(str, row)) for row in [TITLES, *_cells()]) + end


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_a_text_file_is_read_in_every_encoding_and_with_every_delimiter(
    encoding: str, delimiter: str
) -> None:
    _are_all(_rows(_text(delimiter).encode(encoding)))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_text_file_is_read_with_every_end_of_line(end: str) -> None:
    _are_all(_rows(_text(end=end).encode()))


def test_a_text_in_a_text_file_may_be_quoted_and_go_over_lines() -> None:
    lines = _text().replace("钢筋一班", '"钢筋\n一班, 夜班"')
    rows = _rows(lines.encode())
    _are_all(rows)
    assert {row.fields["team"] for row in rows} == {"钢筋 一班, 夜班"}


def test_lines_above_the_header_are_titles() -> None:
    above = [["牧野花园项目劳务人员花名册"], [], ["单位: 甲建筑", "", "", "日期: 2026-11-23"]]
    _are_all(_rows(xlsx(_cells(), above=above)))


def test_a_table_may_begin_in_any_column() -> None:
    _are_all(_rows(_book(lambda sheet, _: _write(sheet, [TITLES, *_cells()], 3, 4))))


def test_a_header_of_two_rows_with_merged_titles_is_one_header() -> None:
    def write(sheet: Any, _: Any) -> None:
        for column, title in enumerate(TITLES[:5]):
            sheet.merge_range(0, column, 1, column, title)
        sheet.merge_range(0, 5, 0, 6, "进退场时间")
        _write(sheet, [["进场", "退场"]], 1, 5)
        _write(sheet, [[*cells, "长期"] for cells in _cells()], 2)

    rows = _rows(_book(write))
    _are_all(rows)
    assert {row.fields["entered_on"] for row in rows} == {"2026-11-01"}
    assert not any("exited_on" in row.fields for row in rows)


@pytest.mark.parametrize(
    "titles",
    [
        (
            "姓名(必填)",
            "身份证号码（18位）",
            "所属班组",
            "工种【岗位】",
            "联系电话(手机)",
            "进场时间(年/月/日)",
        ),
        ("＊ 姓 名", "证件号码:", "班 组", "工\n种", "手机号码*", "入场日期"),
        ("工人姓名", "公民身份号码", "班组名称", "岗位工种", "联系方式", "入职日期"),
    ],
)
def test_titles_are_known_by_synonyms_whatever_units_brackets_and_spaces_they_bear(
    titles: tuple[str, ...],
) -> None:
    rows = _rows(xlsx(_cells(), titles))
    _are_all(rows)
    assert rows[0].fields["phone"] == PEOPLE[0].phone
    assert rows[0].fields["entered_on"] == PEOPLE[0].entered_on


def test_every_sheet_that_is_a_table_is_read_and_others_are_not() -> None:
    def write(sheet: Any, book: Any) -> None:
        _write(sheet, [TITLES, *_cells(PEOPLE[:2])])
        _write(book.add_worksheet("填写说明"), [["请如实填写"], ["不得涂改"]])
        _write(book.add_worksheet("木工"), [["木工班组花名册"], TITLES, *_cells(PEOPLE[2:])])

    rows = _rows(_book(write))
    _are_all(rows)
    assert [row.sheet for row in rows] == ["花名册"] * 2 + ["木工"] * 4


@pytest.mark.parametrize("way", ["hide", "very_hidden"])
def test_a_hidden_sheet_is_not_read(way: str) -> None:
    def write(sheet: Any, book: Any) -> None:
        _write(sheet, [TITLES, *_cells()])
        other = book.add_worksheet("去年")
        _write(other, [TITLES, *_cells([person(20)])])
        getattr(other, way)()

    _are_all(_rows(_book(write)))


def test_a_hidden_row_is_read_with_a_warning() -> None:
    def write(sheet: Any, _: Any) -> None:
        _write(sheet, [TITLES, *_cells()])
        sheet.set_row(3, options={"hidden": True})

    rows = _rows(_book(write))
    _are_all(rows)
    assert [[found.code for found in row.found] for row in rows] == [[], [], ["hidden_row"], [], [], []]


def test_a_hidden_row_is_found_in_sheets_that_were_put_in_another_order() -> None:
    def sheet(people: Sequence[Person], hidden: int) -> str:
        lines = [
            f'<row r="{number}" hidden="{int(number == hidden)}">'
            + "".join(f'<c r="{chr(65 + n)}{number}" t="str"><v>{cell}</v></c>' for n, cell in enumerate(row))
            + "</row>"
            for number, row in enumerate([TITLES, *_cells(people)], start=1)
        ]
        return sheet_xml("".join(lines))

    parts = package([sheet(PEOPLE[3:], 2), sheet(PEOPLE[:3], 0)])
    listed = parts["xl/workbook.xml"]
    first, last = listed.index("<sheet "), listed.rindex("<sheet ")
    end = listed.index("</sheets>")
    parts["xl/workbook.xml"] = listed[:first] + listed[last:end] + listed[first:last] + listed[end:]
    rows = _rows(zipped(parts))
    _are_all(rows)
    assert [row.fields["name"] for row in rows if row.found] == [NAMES[3]]


def test_a_hidden_column_is_read_as_any_other() -> None:
    def write(sheet: Any, _: Any) -> None:
        _write(sheet, [TITLES, *_cells()])
        sheet.set_column(1, 2, None, None, {"hidden": True})

    _are_all(_rows(_book(write)))


@pytest.mark.parametrize(
    "line",
    [
        ["合计", 6.0],
        ["", "合计: 6人"],
        ["小计", "", "", "6"],
        ["制表人: 王芳"],
        ["总计6人"],
        ["", "", "", ""],
    ],
)
def test_totals_and_notes_are_nobody(line: list[Cell]) -> None:
    rows = _cells()
    _are_all(_rows(xlsx([*rows[:3], line, *rows[3:], line])))


def test_a_header_that_comes_again_on_each_page_is_nobody() -> None:
    rows = _cells()
    _are_all(_rows(xlsx([*rows[:3], list(TITLES), *rows[3:]])))


def test_a_team_under_a_merged_cell_is_that_of_the_cell() -> None:
    def write(sheet: Any, book: Any) -> None:
        _write(sheet, [TITLES, *_cells()])
        sheet.merge_range(1, 2, 3, 2, "钢筋二班", book.add_format({"bold": True}))
        sheet.merge_range(4, 2, 6, 2, "木工班", book.add_format({"bold": True}))

    rows = _rows(_book(write))
    _are_all(rows)
    assert [row.fields["team"] for row in rows] == ["钢筋二班"] * 3 + ["木工班"] * 3
    assert not any(row.found for row in rows)


def test_a_blank_team_is_that_of_the_row_above_with_a_warning() -> None:
    rows = _rows(xlsx([replace(who, team="" if n else "木工班").cells() for n, who in enumerate(PEOPLE)]))
    assert [row.fields["team"] for row in rows] == ["木工班"] * 6
    assert [[found.code for found in row.found] for row in rows] == [[]] + [["team_filled"]] * 5


@pytest.mark.parametrize(("epoch_1904", "serial"), [(False, 46_327.0), (True, 46_327.0 - 1_462)])
@pytest.mark.parametrize("form", ["General", "yyyy-mm-dd", "yyyy年m月d日"])
def test_serial_dates_of_both_epochs_are_dates(epoch_1904: bool, serial: float, form: str) -> None:
    def write(sheet: Any, book: Any) -> None:
        shape = book.add_format({"num_format": form})
        _write(sheet, [TITLES, *_cells()])
        for row in range(1, 7):
            sheet.write_number(row, 5, serial, shape)

    rows = _rows(_book(write, date_1904=epoch_1904))
    _are_all(rows)
    assert {row.fields["entered_on"] for row in rows} == {"2026-11-01"}


@pytest.mark.parametrize(("epoch_1904", "serial"), [(False, 46_327.0), (True, 46_327.0 - 1_462)])
def test_an_old_workbook_is_read_with_its_epoch(epoch_1904: bool, serial: float) -> None:
    texts = [*TITLES, *(str(cell) for who in PEOPLE for cell in who.cells()[:5])]
    cells = b"".join(xls_text(0, column, column) for column in range(6))
    for row, number in enumerate(range(6, len(texts), 5), start=1):
        cells += b"".join(xls_text(row, column, number + column) for column in range(5))
        cells += xls_number(row, 5, serial)
    rows = _rows(xls(cells, texts, record(0x0022, b"\x01\0" if epoch_1904 else b"\0\0")))
    _are_all(rows)
    assert {row.fields["entered_on"] for row in rows} == {"2026-11-01"}


def test_a_file_without_a_header_is_asked_about() -> None:
    judged = _judged(read_workbook(xlsx(_cells()[1:], _cells()[0])))
    guessed = {question["column"]: question["field"] for question in judged.questions}
    assert (guessed[0], guessed[1]) == ("name", "certificate_number")


def test_a_file_that_is_no_roster_is_refused() -> None:
    with pytest.raises(Problem) as refusal:
        _judged(read_workbook(xlsx([["一", 1.0], ["二", 2.0]], ["品名", "数量"])))
    assert (refusal.value.status, refusal.value.code) == (422, "header_not_found")
