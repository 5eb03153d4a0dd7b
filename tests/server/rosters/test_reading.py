"""Files as contractors really make them: wherever the table is in them, the same people come out."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from server.base.problems import Problem
from server.files.read_workbook import read_workbook
from server.rules.rosters.cells import Cell
from tests.server.rosters.crafted_workbooks import (
    package,
    record,
    sheet_xml,
    xls,
    xls_number,
    xls_text,
    zipped,
)
from tests.server.rosters.files import (
    NAMES,
    PEOPLE,
    are_all,
    book_of,
    cells_of,
    read_rows,
    text_of_all,
    validated,
    write_rows,
)
from tests.server.rosters.people import TITLES, Person, person
from tests.stories.rosters.uploads import xlsx


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_a_text_file_is_read_in_every_encoding_and_with_every_delimiter(
    encoding: str, delimiter: str
) -> None:
    are_all(read_rows(text_of_all(delimiter).encode(encoding)))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_text_file_is_read_with_every_end_of_line(end: str) -> None:
    are_all(read_rows(text_of_all(end=end).encode()))


def test_a_text_in_a_text_file_may_be_quoted_and_go_over_lines() -> None:
    lines = text_of_all().replace("钢筋一班", '"钢筋\n一班, 夜班"')
    rows = read_rows(lines.encode())
    are_all(rows)
    assert {row.fields["team"] for row in rows} == {"钢筋 一班, 夜班"}


def test_lines_above_the_header_are_titles() -> None:
    above = [["牧野花园项目劳务人员花名册"], [], ["单位: 甲建筑", "", "", "日期: 2026-11-23"]]
    are_all(read_rows(xlsx(cells_of(), above=above)))


def test_a_table_may_begin_in_any_column() -> None:
    are_all(read_rows(book_of(lambda sheet, _: write_rows(sheet, [TITLES, *cells_of()], 3, 4))))


def test_a_header_of_two_rows_with_merged_titles_is_one_header() -> None:
    def write(sheet: Any, _: Any) -> None:
        for column, title in enumerate(TITLES[:5]):
            sheet.merge_range(0, column, 1, column, title)
        sheet.merge_range(0, 5, 0, 6, "进退场时间")
        write_rows(sheet, [["进场", "退场"]], 1, 5)
        write_rows(sheet, [[*cells, "长期"] for cells in cells_of()], 2)

    rows = read_rows(book_of(write))
    are_all(rows)
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
    rows = read_rows(xlsx(cells_of(), titles))
    are_all(rows)
    assert rows[0].fields["phone"] == PEOPLE[0].phone
    assert rows[0].fields["entered_on"] == PEOPLE[0].entered_on


def test_every_sheet_that_is_a_table_is_read_and_others_are_not() -> None:
    def write(sheet: Any, book: Any) -> None:
        write_rows(sheet, [TITLES, *cells_of(PEOPLE[:2])])
        write_rows(book.add_worksheet("填写说明"), [["请如实填写"], ["不得涂改"]])
        write_rows(book.add_worksheet("木工"), [["木工班组花名册"], TITLES, *cells_of(PEOPLE[2:])])

    rows = read_rows(book_of(write))
    are_all(rows)
    assert [row.sheet for row in rows] == ["花名册"] * 2 + ["木工"] * 4


@pytest.mark.parametrize("way", ["hide", "very_hidden"])
def test_a_hidden_sheet_is_not_read_and_reported(way: str) -> None:
    def write(sheet: Any, book: Any) -> None:
        write_rows(sheet, [TITLES, *cells_of()])
        other = book.add_worksheet("去年")
        write_rows(other, [TITLES, *cells_of([person(20)])])
        getattr(other, way)()

    roster = validated(read_workbook(book_of(write)))
    are_all(roster.rows)
    assert roster.skipped == {1: "hidden"}


def test_a_hidden_row_is_read_with_a_warning() -> None:
    def write(sheet: Any, _: Any) -> None:
        write_rows(sheet, [TITLES, *cells_of()])
        sheet.set_row(3, options={"hidden": True})

    rows = read_rows(book_of(write))
    are_all(rows)
    assert [[found.code for found in row.found] for row in rows] == [[], [], ["hidden_row"], [], [], []]


def test_a_hidden_row_is_found_in_sheets_that_were_put_in_another_order() -> None:
    def sheet(people: Sequence[Person], hidden: int) -> str:
        lines = [
            f'<row r="{number}" hidden="{int(number == hidden)}">'
            + "".join(f'<c r="{chr(65 + n)}{number}" t="str"><v>{cell}</v></c>' for n, cell in enumerate(row))
            + "</row>"
            for number, row in enumerate([TITLES, *cells_of(people)], start=1)
        ]
        return sheet_xml("".join(lines))

    parts = package([sheet(PEOPLE[3:], 2), sheet(PEOPLE[:3], 0)])
    listed = parts["xl/workbook.xml"]
    first, last = listed.index("<sheet "), listed.rindex("<sheet ")
    end = listed.index("</sheets>")
    parts["xl/workbook.xml"] = listed[:first] + listed[last:end] + listed[first:last] + listed[end:]
    rows = read_rows(zipped(parts))
    are_all(rows)
    assert [row.fields["name"] for row in rows if row.found] == [NAMES[3]]


def test_a_hidden_column_is_read_as_any_other_and_reported() -> None:
    def write(sheet: Any, _: Any) -> None:
        write_rows(sheet, [TITLES, *cells_of()])
        sheet.set_column(1, 2, None, None, {"hidden": True})

    workbook = read_workbook(book_of(write))
    are_all(validated(workbook).rows)
    assert workbook.sheets[0].hidden.columns == {1, 2}


@pytest.mark.parametrize(
    "line",
    [
        ["合计", 6.0],
        ["", "合计: 6人"],
        ["小计", "", "", "6"],
        ["制表人: 王芳"],
        ["总计6人"],
        ["", "", "", ""],
        ["", "合计人数：6"],
        ["", "", "", "", "共6人"],
        ["", "如有疑问请拨打 13800138000"],
        ["", "13800138000"],
        ["负责人：张三", "填表日期：2026-11-23"],
        ["", "2026-11-23"],
        ["钢筋二班"],
        ["审核人"],
    ],
)
def test_totals_and_notes_are_nobody_and_counted(line: list[Cell]) -> None:
    rows = cells_of()
    roster = validated(read_workbook(xlsx([*rows[:3], line, *rows[3:], line])))
    are_all(roster.rows)
    assert roster.passed_over == {0: [5, 9] if any(line) else []}


def test_who_is_among_people_with_a_name_only_is_reported_to_lack_a_number() -> None:
    rows = cells_of()
    roster = validated(read_workbook(xlsx([*rows[:3], ["赵六"], *rows[3:], ["孙七"], ["", "周八", ""]])))
    alone = roster.rows[3]
    assert alone.fields["name"] == "赵六"
    assert "certificate_missing" in {found.code for found in alone.found}
    are_all([*roster.rows[:3], *roster.rows[4:]])
    assert roster.passed_over == {0: [9, 10]}


def test_a_row_of_errors_is_rejected_not_lost() -> None:
    lines = text_of_all().splitlines()
    lines.insert(3, ",".join(["#N/A"] * 6))
    rows = read_rows("\n".join(lines).encode())
    assert rows[2].rejected
    are_all([*rows[:2], *rows[3:]])


def test_rows_of_nothing_but_errors_are_counted() -> None:
    def line(number: int, row: Sequence[Cell]) -> str:
        cells = "".join(
            f'<c r="{chr(65 + n)}{number}" t="{"e" if cell == "#N/A" else "str"}"><v>{cell}</v></c>'
            for n, cell in enumerate(row)
        )
        return f'<row r="{number}">{cells}</row>'

    errors = ["#N/A"] * len(TITLES)
    table = [TITLES, *cells_of()[:3], errors, *cells_of()[3:], errors]
    data = zipped(package([sheet_xml("".join(map(line, range(1, 10), table)))]))
    roster = validated(read_workbook(data))
    are_all(roster.rows)
    assert roster.passed_over == {0: [5, 9]}


def test_a_person_over_two_rows_is_one() -> None:
    def write(sheet: Any, book: Any) -> None:
        write_rows(sheet, [[*TITLES, "培训"], [*cells_of()[0], "安全"], ["", "", "", "", "", "", "急救"]])
        write_rows(sheet, cells_of()[1:], 3)
        for column in (0, 1):
            sheet.merge_range(1, column, 2, column, cells_of()[0][column], book.add_format({"bold": True}))

    roster = validated(read_workbook(book_of(write)))
    are_all(roster.rows)
    assert roster.passed_over == {0: [3]}


def test_a_header_that_comes_again_on_each_page_is_nobody() -> None:
    rows = cells_of()
    are_all(read_rows(xlsx([*rows[:3], list(TITLES), *rows[3:]])))


def test_a_team_under_a_merged_cell_is_that_of_the_cell() -> None:
    def write(sheet: Any, book: Any) -> None:
        write_rows(sheet, [TITLES, *cells_of()])
        sheet.merge_range(1, 2, 3, 2, "钢筋二班", book.add_format({"bold": True}))
        sheet.merge_range(4, 2, 6, 2, "木工班", book.add_format({"bold": True}))

    rows = read_rows(book_of(write))
    are_all(rows)
    assert [row.fields["team"] for row in rows] == ["钢筋二班"] * 3 + ["木工班"] * 3
    assert not any(row.found for row in rows)


def test_dates_trades_and_companies_under_merged_cells_are_filled_with_a_note() -> None:
    def write(sheet: Any, book: Any) -> None:
        write_rows(sheet, [[*TITLES, "所属企业"], *([*cells, "甲建筑"] for cells in cells_of())])
        for column, text in ((3, "木工"), (5, "2021-12-01"), (6, "甲建筑")):
            sheet.merge_range(1, column, 6, column, text, book.add_format({"bold": True}))

    rows = read_rows(book_of(write))
    are_all(rows)
    assert {(row.fields["trade"], row.fields["entered_on"]) for row in rows} == {("240", "2021-12-01")}
    notes = [("cell_filled", name) for name in ("company", "entered_on", "trade")]
    assert [sorted((found.code, found.field) for found in row.found) for row in rows] == [[]] + [notes] * 5


def test_a_blank_team_is_that_of_the_row_above_with_a_warning() -> None:
    rows = read_rows(xlsx([replace(who, team="" if n else "木工班").cells() for n, who in enumerate(PEOPLE)]))
    assert [row.fields["team"] for row in rows] == ["木工班"] * 6
    assert [[found.code for found in row.found] for row in rows] == [[]] + [["team_filled"]] * 5


@pytest.mark.parametrize(("epoch_1904", "serial"), [(False, 46_327.0), (True, 46_327.0 - 1_462)])
@pytest.mark.parametrize("form", ["General", "yyyy-mm-dd", "yyyy年m月d日"])
def test_serial_dates_of_both_epochs_are_dates(epoch_1904: bool, serial: float, form: str) -> None:
    def write(sheet: Any, book: Any) -> None:
        shape = book.add_format({"num_format": form})
        write_rows(sheet, [TITLES, *cells_of()])
        for row in range(1, 7):
            sheet.write_number(row, 5, serial, shape)

    rows = read_rows(book_of(write, date_1904=epoch_1904))
    are_all(rows)
    assert {row.fields["entered_on"] for row in rows} == {"2026-11-01"}


@pytest.mark.parametrize(("epoch_1904", "serial"), [(False, 46_327.0), (True, 46_327.0 - 1_462)])
def test_an_old_workbook_is_read_with_its_epoch(epoch_1904: bool, serial: float) -> None:
    texts = [*TITLES, *(str(cell) for who in PEOPLE for cell in who.cells()[:5])]
    cells = b"".join(xls_text(0, column, column) for column in range(6))
    for row, number in enumerate(range(6, len(texts), 5), start=1):
        cells += b"".join(xls_text(row, column, number + column) for column in range(5))
        cells += xls_number(row, 5, serial)
    rows = read_rows(xls(cells, texts, record(0x0022, b"\x01\0" if epoch_1904 else b"\0\0")))
    are_all(rows)
    assert {row.fields["entered_on"] for row in rows} == {"2026-11-01"}


def test_what_an_old_workbook_hides_is_known() -> None:
    row = struct.pack("<HHHHIHH", 3, 0, 6, 255, 0, 0x20, 0)
    columns = struct.pack("<HHHHHH", 1, 2, 0, 0, 1, 0)
    cells = record(0x007D, columns) + record(0x0208, row) + xls_text(0, 0, 0) + xls_text(4, 5, 0)
    hidden = read_workbook(xls(cells, ["姓名"])).sheets[0].hidden
    assert (hidden.rows, hidden.columns) == ({3}, {1, 2})


def test_a_number_written_as_a_formula_in_a_text_file_is_read() -> None:
    lines = [TITLES, *([cells[0], f'="{cells[1]}"', *cells[2:]] for cells in cells_of())]
    are_all(read_rows("\n".join(",".join(map(str, line)) for line in lines).encode()))


def test_quoted_cells_after_a_space_are_read() -> None:
    lines = [TITLES, *cells_of()]
    text = "\n".join(", ".join(f'"{cell}"' for cell in line) for line in lines)
    are_all(read_rows(text.encode()))


def test_signs_within_a_note_are_no_delimiters() -> None:
    note = "住 A 区, 东侧, 二层, 靠窗, 上铺, 已培训, 已体检, 有证, 在岗"
    lines = [[*TITLES, "备注"], *([*cells, note if n % 2 else "无"] for n, cells in enumerate(cells_of()))]
    are_all(read_rows("\n".join("\t".join(map(str, line)) for line in lines).encode()))


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_byte_that_cannot_be_read_is_reported_by_its_line(encoding: str) -> None:
    lines = text_of_all(end="\n").encode(encoding).split(b"\n")
    lines[4] = lines[4].replace("钢筋工".encode(encoding), b"\xff\xff,")
    with pytest.raises(Problem) as refusal:
        read_workbook(b"\n".join(lines))
    assert refusal.value.code == "encoding_unknown"
    assert "第 5 行" in refusal.value.detail
