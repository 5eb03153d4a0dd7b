"""Lists as they really come: where the team, the entry, or a person's number is not in a column of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from server.actions.rosters.upload_roster import check_confirmed
from server.actions.rosters.validate_roster import Grounds, Validated, validate_file
from server.base.problems import Problem
from server.files.read_workbook import read_workbook
from server.rules.rosters.cells import Cell
from server.rules.rosters.unread import unread_columns
from tests.server.rosters.files import (
    NAMES,
    PEOPLE,
    are_all,
    asked_of,
    book_of,
    cells_of,
    read_rows,
    validated,
    write_rows,
)
from tests.server.rosters.people import TITLES, context
from tests.stories.rosters.uploads import xlsx

WITHOUT_TEAM = [*TITLES[:2], *TITLES[3:]]
WITHOUT_DATE = TITLES[:5]


def _without(column: int, rows: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    return [[*row[:column], *row[column + 1 :]] for row in rows]


def _confirmed(data: bytes, **given: str) -> Validated:
    """As the user confirms the questions, with values for all rows."""
    workbook = read_workbook(data)
    chosen = {column: field or "" for column, field in asked_of(validated(workbook)).items()}
    roster = validate_file(workbook, Grounds(context(), {}, chosen, given), lambda _done, _rows: None)
    check_confirmed(roster)
    return roster


def _teams(roster: Validated) -> list[Any]:
    return [row.fields.get("team") for row in roster.rows]


def _next_to(gap: int, titles: Sequence[Cell] = TITLES, numbered: str = "") -> bytes:
    """Two tables next to each other with three people each, `gap` empty columns between them."""

    def write(sheet: Any, _: Any) -> None:
        for index, people in enumerate((PEOPLE[:3], PEOPLE[3:])):
            first = [numbered] if numbered else []
            rows = [
                [*([float(n)] if numbered else []), *row] for n, row in enumerate(cells_of(people), start=1)
            ]
            table = [[*first, *titles], *rows]
            write_rows(sheet, [["东苑一期花名册"]] if not index else [])
            write_rows(sheet, table, 1, index * (len(table[0]) + gap))

    return book_of(write)


@pytest.mark.parametrize("numbered", ["", "序号"])
@pytest.mark.parametrize("gap", [0, 1, 2])
def test_of_tables_next_to_each_other_each_is_read(gap: int, numbered: str) -> None:
    roster = validated(read_workbook(_next_to(gap, numbered=numbered)))
    assert roster.questions == []
    are_all(roster.rows)
    assert [row.number for row in roster.rows] == [3, 4, 5] * 2


def test_a_second_name_and_number_of_somebody_else_is_no_table_and_asked_about() -> None:
    rows = [
        [*cells, "配偶甲", other.certificate_number] for cells, other in zip(cells_of(), PEOPLE, strict=True)
    ]
    roster = validated(read_workbook(xlsx(rows, [*TITLES, "姓名", "身份证号"])))
    assert asked_of(roster)[0, 1] == "certificate_number"
    assert asked_of(roster)[0, 7] is None


def test_the_problems_of_the_right_table_name_its_own_cells() -> None:
    data = _next_to(1)
    roster = validated(read_workbook(data))
    assert roster.rows[3].cells[7:9] == cells_of(PEOPLE[3:])[0][:2]
    assert not any(roster.rows[3].cells[:7])


@pytest.mark.parametrize(
    "name", ["木工二班", "木工二班花名册", "一、木工二班(3人)", "东苑一期项目木工二班名单"]
)
def test_a_team_that_only_the_sheets_name_gives_is_that_of_its_people(name: str) -> None:
    def write(sheet: Any, book: Any) -> None:
        write_rows(sheet, [["填写说明"]])
        write_rows(book.add_worksheet(name), [WITHOUT_TEAM, *_without(2, cells_of())])

    roster = validated(read_workbook(book_of(write)))
    assert roster.questions == []
    are_all(roster.rows)
    assert set(_teams(roster)) == {"木工二班"}
    assert {found.code for row in roster.rows for found in row.found} == {"team_from_title"}


@pytest.mark.parametrize(
    "above", [["班组：木工二班"], ["班组名称", "木工二班"], ["木工二班花名册"], ["班组:木工二班 班长:李四"]]
)
def test_a_team_above_the_table_is_that_of_its_people(above: list[Cell]) -> None:
    lines = [["东苑一期劳务人员名册"], above]
    roster = validated(read_workbook(xlsx(_without(2, cells_of()), WITHOUT_TEAM, lines)))
    are_all(roster.rows)
    assert set(_teams(roster)) == {"木工二班"}


def test_headings_between_the_people_name_their_teams() -> None:
    rows = _without(2, cells_of())
    table = [["一、钢筋班组"], *rows[:2], ["班组：木工二班", "", "", "班长：李四"], *rows[2:]]
    roster = validated(read_workbook(xlsx(table, WITHOUT_TEAM)))
    are_all(roster.rows)
    assert _teams(roster) == ["钢筋班组"] * 2 + ["木工二班"] * 4
    assert roster.passed_over == {0: [2, 5]}


@pytest.mark.parametrize("name", ["花名册", "Sheet1", "1号楼", "东苑一期", "2021"])
def test_a_sheets_name_that_is_no_team_is_none(name: str) -> None:
    def write(sheet: Any, book: Any) -> None:
        write_rows(sheet, [["填写说明"]])
        write_rows(book.add_worksheet(name + " "), [WITHOUT_TEAM, *_without(2, cells_of())])

    roster = validated(read_workbook(book_of(write)))
    assert all("team_missing" in {found.code for found in row.found} for row in roster.rows)


def test_a_list_without_entry_dates_is_asked_about_and_one_date_is_that_of_all() -> None:
    data = xlsx([row[:5] for row in cells_of()], WITHOUT_DATE)
    roster = _confirmed(data, entered_on="2026-11-02")
    are_all(roster.rows)
    assert {row.fields["entered_on"] for row in roster.rows} == {"2026-11-02"}


def test_a_list_without_entry_dates_goes_on_without_one_and_each_row_lacks_it() -> None:
    roster = _confirmed(xlsx([row[:5] for row in cells_of()], WITHOUT_DATE))
    assert {found.code for row in roster.rows for found in row.found} == {"entered_on_missing"}


def test_a_column_wins_over_what_is_said_of_all() -> None:
    grounds = Grounds(context(), {}, {}, {"entered_on": "2026-11-09", "team": "甲班"})
    roster = validate_file(read_workbook(xlsx(cells_of())), grounds, lambda _done, _rows: None)
    assert {row.fields["entered_on"] for row in roster.rows} == {"2026-11-01"}
    assert set(_teams(roster)) == {"钢筋一班"}


@pytest.mark.parametrize("as_number", [False, True])
@pytest.mark.parametrize("merged", [False, True])
def test_a_number_over_eighteen_cells_is_joined_and_confirmed(merged: bool, as_number: bool) -> None:
    def write(sheet: Any, _: Any) -> None:
        sheet.write_string(0, 0, "姓名")
        if merged:
            sheet.merge_range(0, 1, 0, 18, "身份证号码")
        else:
            sheet.write_string(0, 1, "身份证号码")
        write_rows(sheet, [TITLES[2:]], 0, 19)
        for line, cells in enumerate(cells_of(), start=1):
            digits = [float(c) if as_number and c.isdigit() else c for c in str(cells[1])]
            write_rows(sheet, [[cells[0], *digits, *cells[2:]]], line)

    data = book_of(write)
    asked = asked_of(validated(read_workbook(data)))
    assert [column for _, column in asked] == [0, 1, 19, 20, 21, 22]
    are_all(_confirmed(data).rows)


def test_a_missing_digit_of_eighteen_cells_is_seen() -> None:
    lines = [[cells[0], *str(cells[1]), *cells[2:]] for cells in cells_of()]
    lines[2][5] = ""
    roster = _confirmed(xlsx(lines, ["姓名", "身份证号码", *[""] * 17, *TITLES[2:]]))
    assert [row.rejected for row in roster.rows] == [False, False, True, False, False, False]


FOOTERS: list[list[list[Cell]]] = [
    [["备注：", "1、本表一式三份,施工单位、监理单位各执一份。"], ["", "2、进场人员须持核酸证明"]],
    [
        ["项目经理(签字)：", "", "劳资专管员：", "王芳", "", "13800000000"],
        ["", "2021年12月1日", "", "(盖章)"],
    ],
    [["施工单位负责人", "13800138000", "", "", "日期"]],
    [["填表人", "李四", "", "", "审核人", "赵六"]],
    [["联系电话", "13800138000", "", "传真"]],
    [["本表所列人员均已接受三级安全教育, 特此说明。", "", "", "", "见附件"]],
]


@pytest.mark.parametrize("footer", FOOTERS)
def test_what_is_below_the_people_is_nobody(footer: list[list[Cell]]) -> None:
    roster = validated(read_workbook(xlsx([*cells_of(), *footer])))
    are_all(roster.rows)
    assert roster.passed_over == {0: [*range(8, 8 + len(footer))]}


def test_somebody_without_a_number_at_the_end_is_reported_to_lack_one() -> None:
    roster = validated(read_workbook(xlsx([*cells_of(), ["赵六", "", "木工班", "木工", "", "2026-11-01"]])))
    assert roster.rows[-1].fields["name"] == "赵六"
    assert {found.code for found in roster.rows[-1].found} >= {"certificate_missing"}


PLATFORM = [
    "项目编码",
    "项目名称",
    "所属企业名称",
    "所属企业统一社会信用代码",
    "班组编号",
    "班组名称",
    "工人姓名",
    "证件类型",
    "证件号码",
    "性别",
    "民族",
    "出生日期",
    "年龄",
    "户籍地址",
    "发证机关",
    "有效期开始",
    "有效期结束",
    "手机号码",
    "工种",
    "人员类型",
    "是否班组长",
    "是否购买工伤",
    "工资卡银行",
    "工资卡号",
    "是否签订合同",
    "合同期限类型",
    "进场时间",
    "退场时间",
    "是否完成安全教育",
    "头像",
    "采集照",
    "状态",
]


def test_the_national_platforms_export_is_read_without_a_question() -> None:
    values = dict.fromkeys(PLATFORM, "x")
    values |= {"证件类型": "居民身份证", "人员类型": "建筑工人", "是否班组长": "否", "退场时间": ""}
    values |= {"合同期限类型": "固定期限合同", "所属企业名称": "甲建筑有限公司(全称)", "工种": "钢筋工"}
    rows = []
    for who in PEOPLE:
        values |= {"工人姓名": who.name, "证件号码": who.certificate_number, "班组名称": who.team}
        values |= {"手机号码": who.phone, "进场时间": "2026-11-01 08:00:00"}
        values["所属企业统一社会信用代码"] = context().company
        rows.append([values[title] for title in PLATFORM])
    roster = validated(read_workbook(xlsx(rows, PLATFORM)))
    assert (len(PLATFORM), roster.questions) == (32, [])
    are_all(roster.rows)
    ((_, layout),) = roster.layouts
    unread = unread_columns(layout, roster.workbook.sheets[0].rows, context().words, {}, ())
    read = {PLATFORM[index] for index in layout.fields.values()}
    assert {column.title for column in unread} | read == set(PLATFORM), "each column was read or is said"
    assert {column.code for column in unread} <= {"not_needed", "second"}


@pytest.mark.parametrize("sign", ["，", "、", "\t", " ", ";", "  "])
@pytest.mark.parametrize("with_header", [True, False])
def test_people_of_whom_each_is_one_cell_are_read(sign: str, with_header: bool) -> None:
    people = [list(cells) for cells in cells_of()]
    lines = [[sign.join(map(str, row))] for row in ([TITLES] if with_header else []) + people]
    data = book_of(lambda sheet, _: write_rows(sheet, lines))
    roster = validated(read_workbook(data))
    assert bool(roster.questions) is not with_header
    if with_header:
        are_all(roster.rows)


def test_a_line_that_falls_into_other_parts_is_rejected_not_lost() -> None:
    lines = [["、".join(map(str, row))] for row in (TITLES, *cells_of())]
    lines[3] = ["、".join(map(str, [*cells_of()[2][:2], *cells_of()[2][3:]]))]
    roster = validated(read_workbook(book_of(lambda sheet, _: write_rows(sheet, lines))))
    assert [row.rejected for row in roster.rows] == [False, False, True, False, False, False]
    are_all([*roster.rows[:2], *read_rows(xlsx([cells_of()[2]])), *roster.rows[3:]])


def test_a_list_the_wrong_way_round_is_called_so() -> None:
    across = [list(line) for line in zip(TITLES, *cells_of(), strict=True)]
    with pytest.raises(Problem) as refusal:
        validated(read_workbook(book_of(lambda sheet, _: write_rows(sheet, [["花名册"], *across]))))
    assert refusal.value.code == "sheet_is_transposed"
    assert "转置" in refusal.value.detail


@pytest.mark.parametrize("days", [[float(n) for n in range(1, 32)], [f"{n}日" for n in range(1, 31)]])
def test_a_list_of_attendance_is_called_so(days: list[Cell]) -> None:
    rows: list[list[Cell]] = [[name, "钢筋一班", *["√"] * len(days)] for name in NAMES]
    with pytest.raises(Problem) as refusal:
        validated(read_workbook(xlsx(rows, ["姓名", "班组", *days], [["2021年11月考勤表"]])))
    assert refusal.value.code == "sheet_is_attendance"
    assert "考勤表" in refusal.value.detail


def test_next_to_a_roster_such_sheets_are_skipped_and_reported() -> None:
    def write(sheet: Any, book: Any) -> None:
        write_rows(sheet, [TITLES, *cells_of()])
        days: list[Cell] = ["姓名", *[float(n) for n in range(1, 31)]]
        write_rows(book.add_worksheet("考勤"), [days, ["王磊", *["√"] * 30]])
        write_rows(book.add_worksheet("横表"), [list(line) for line in zip(TITLES, *cells_of(), strict=True)])

    roster = validated(read_workbook(book_of(write)))
    are_all(roster.rows)
    assert roster.skipped == {1: "attendance", 2: "transposed"}
