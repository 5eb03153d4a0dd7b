"""Where the reader is unsure it asks; it skips what is no roster, and never asks what nobody can answer."""

from __future__ import annotations

from typing import Any

import pytest

from server.actions.rosters.upload_roster import check_confirmed
from server.base.problems import Problem
from server.files.read_workbook import read_workbook
from server.rules.rosters.cells import Cell
from tests.server.rosters.files import (
    HAN,
    PEOPLE,
    are_all,
    asked_of,
    book_of,
    cells_of,
    read_rows,
    validated,
    write_rows,
)
from tests.server.rosters.people import FIELDS, TITLES
from tests.stories.rosters.uploads import xlsx

ATTENDANCE: list[list[Cell]] = [["序号", "姓名", "班组", "出勤天数"], ["1", "王磊", "钢筋一班", 22.0]]


def test_next_to_a_roster_a_list_without_numbers_is_skipped_and_reported() -> None:
    def write(sheet: Any, book: Any) -> None:
        write_rows(sheet, [TITLES, *cells_of()])
        write_rows(book.add_worksheet("考勤表"), ATTENDANCE)
        write_rows(book.add_worksheet("说明"), [["请如实填写"]])
        book.add_worksheet("空白")

    roster = validated(read_workbook(book_of(write)))
    assert roster.questions == []
    are_all(roster.rows)
    assert roster.skipped == {1: "no_numbers", 2: "no_table"}


def test_a_list_without_numbers_is_in_nobodys_way_when_the_roster_is_asked_about() -> None:
    def write(sheet: Any, book: Any) -> None:
        write_rows(sheet, [["工人大名", *TITLES[1:]], *cells_of()])
        write_rows(book.add_worksheet("考勤表"), ATTENDANCE)

    workbook = read_workbook(book_of(write))
    asked = asked_of(validated(workbook))
    assert (0, 0) in asked
    roster = validated(
        workbook, {column: "name" if column == (0, 0) else field or "" for column, field in asked.items()}
    )
    check_confirmed(roster)
    are_all(roster.rows)
    assert roster.skipped == {1: "no_numbers"}


@pytest.mark.parametrize("last", ["签字", "金额"])
def test_a_list_that_is_no_roster_is_asked_about_and_skipped_when_none_of_it_is_to_be_read(last: str) -> None:
    def write(sheet: Any, book: Any) -> None:
        write_rows(sheet, [["姓名", "身份证号", last], [*cells_of()[0][:2], "12"]])
        write_rows(book.add_worksheet("名册"), [TITLES, *cells_of()])

    workbook = read_workbook(book_of(write))
    roster = validated(workbook)
    assert {sheet for sheet, _ in asked_of(roster)} == {0}
    with pytest.raises(Problem) as refusal:
        check_confirmed(validated(workbook, {(0, 0): ""}))
    assert "花名册" in refusal.value.detail and "不读取" in refusal.value.detail
    roster = validated(workbook, dict.fromkeys(asked_of(roster), ""))
    check_confirmed(roster)
    are_all(roster.rows)
    assert roster.skipped == {0: "not_chosen"}


def test_a_file_of_which_nothing_is_to_be_read_is_refused() -> None:
    workbook = read_workbook(xlsx(cells_of(), ["工人大名", *TITLES[1:]]))
    with pytest.raises(Problem) as refusal:
        check_confirmed(validated(workbook, dict.fromkeys(asked_of(validated(workbook)), "")))
    assert refusal.value.code == "columns_invalid"


def test_a_sheet_without_a_header_goes_on_where_the_one_before_it_ends_if_the_user_says_so() -> None:
    def write(sheet: Any, book: Any) -> None:
        write_rows(sheet, [TITLES, *cells_of(PEOPLE[:2])])
        write_rows(book.add_worksheet("续"), cells_of(PEOPLE[2:]))

    workbook = read_workbook(book_of(write))
    asked = asked_of(validated(workbook))
    assert asked == {(1, column): field for column, field in enumerate(FIELDS)}
    are_all(validated(workbook, {column: field or "" for column, field in asked.items()}).rows)


def test_a_column_without_a_title_is_found_by_its_content_and_asked_about() -> None:
    workbook = read_workbook(
        xlsx([[*cells, "河南省新乡市牧野区", "夜"] for cells in cells_of(HAN)], ["", *TITLES[1:]])
    )
    roster = validated(workbook)
    asked = asked_of(roster)
    assert (asked[0, 0], asked[0, 1], asked[0, 6], asked[0, 7]) == ("name", "certificate_number", None, None)
    shown = {question["column"]: question["samples"] for question in roster.questions}
    assert shown[0] == ["王*", "欧阳**", "李*"]
    assert shown[1][0] == HAN[0].certificate_number[:3] + "*" * 15
    assert (shown[2], shown[4], shown[7]) == (["钢筋一班"], ["138********"], ["夜"])
    rows = validated(workbook, {(0, 0): "name"}).rows
    assert [row.fields["name"] for row in rows] == [who.name for who in HAN]


@pytest.mark.parametrize(("lacking", "title"), [(2, "跟谁干"), (5, "哪天来的"), (2, ""), (5, "")])
def test_an_unknown_column_is_asked_about_where_the_team_or_the_entry_lacks(lacking: int, title: str) -> None:
    titles = list(TITLES)
    titles[lacking] = title
    workbook = read_workbook(xlsx(cells_of(), titles))
    roster = validated(workbook)
    assert asked_of(roster)[0, lacking] is None
    are_all(validated(workbook, {(0, lacking): FIELDS[lacking]}).rows)
    (left,) = {found.code for row in validated(workbook, {(0, 0): "name"}).rows for found in row.found}
    assert left in ("team_missing", "entered_on_missing")


def test_without_any_other_column_a_lacking_team_is_not_asked_about() -> None:
    titles = [*TITLES[:2], *TITLES[3:]]
    roster = validated(read_workbook(xlsx([[*cells[:2], *cells[3:]] for cells in cells_of()], titles)))
    assert roster.questions == []
    assert all(row.rejected for row in roster.rows)


@pytest.mark.parametrize(
    ("title", "column"), [("施工队伍", 2), ("作业队", 2), ("到岗日", 5), ("到场日期", 5), ("上岗时间", 5)]
)
def test_evident_synonyms_are_not_asked_about(title: str, column: int) -> None:
    titles = list(TITLES)
    titles[column] = title
    are_all(read_rows(xlsx(cells_of(), titles)))


def test_what_is_remembered_never_overrides_a_known_word() -> None:
    remembered = {"进场日期": "exited_on", "姓名": "", "跟谁干": "team"}
    titles = [*TITLES[:2], "跟谁干", *TITLES[3:]]
    roster = validated(read_workbook(xlsx(cells_of(), titles)), remembered=remembered)
    assert roster.questions == []
    are_all(roster.rows)


def test_a_file_without_a_header_is_asked_about() -> None:
    roster = validated(read_workbook(xlsx(cells_of()[1:], cells_of()[0])))
    guessed = {question["column"]: question["field"] for question in roster.questions}
    assert (guessed[0], guessed[1]) == ("name", "certificate_number")


def test_a_file_that_is_no_roster_is_refused() -> None:
    with pytest.raises(Problem) as refusal:
        validated(read_workbook(xlsx([["一", 1.0], ["二", 2.0]], ["品名", "数量"])))
    assert (refusal.value.status, refusal.value.code) == (422, "header_not_found")
