"""Every trap alone, and many together: the verdict of each cell depends on that cell alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.certificates import person_check_character
from server.rules.rosters.cells import Cell
from server.rules.rosters.layout import find_layout
from server.rules.rosters.problems import CATALOGUE
from server.rules.rosters.validate import Row, Table, validate_sheet, validate_together
from tests.server.rosters.people import (
    ALL_FIELDS,
    ALL_TITLES,
    COMPANY,
    DIRT,
    TITLES,
    Dirt,
    codes,
    context,
    expect,
    person,
    some_dirt,
    words,
)


def _validated(rows: Sequence[Sequence[Cell]], titles: Sequence[str] = TITLES, **given: Any) -> list[Row]:
    asked = context(**given)
    table = [list(titles), *rows]
    layout = find_layout(table, [], asked.words, {})
    assert layout is not None and layout.sure
    checked = list(validate_sheet(Table("表", table), layout, asked, []))
    validate_together(checked)
    return checked


@pytest.mark.parametrize("dirt", DIRT, ids=str)
def test_each_trap_alone_gets_its_verdict(dirt: Dirt) -> None:
    who = person(1)
    (row,) = _validated([dirt.dirty(who)], ALL_TITLES)
    expect(row, who, dirt)
    assert row.rejected == (dirt.error is not None)
    assert [found.field for found in row.found] == [dirt.field] * (bool(dirt.error) + bool(dirt.warning))


@settings(max_examples=100, deadline=None)
@given(st.lists(some_dirt(ALL_FIELDS), min_size=1, max_size=5))
def test_traps_mixed_get_the_same_verdicts_as_alone(drawn: list[list[Dirt]]) -> None:
    rows, expected = [], []
    for number, dirts in enumerate(drawn, start=1):
        who = person(number)
        cells = who.all_cells()
        for dirt in dirts:
            cells[ALL_FIELDS.index(dirt.field)] = dirt.cell(who)
        rows.append(cells)
        expected.append((who, dirts))
    for row, (who, dirts) in zip(_validated(rows, ALL_TITLES), expected, strict=True):
        for dirt in dirts:
            expect(row, who, dirt)


def test_a_sound_row_is_read_whole() -> None:
    who = person(3)
    (row,) = _validated([who.cells()])
    assert row.found == []
    assert row.fields == {
        "name": who.name,
        "certificate_type": "id_card",
        "certificate_number": who.certificate_number,
        "company": COMPANY,
        "team": "钢筋一班",
        "trade": "020",
        "role": "worker",
        "phone": "13800138000",
        "entered_on": "2026-11-01",
    }


def test_a_number_that_ends_on_zeros_is_refused_from_a_text_file_and_doubted_in_a_text_cell() -> None:
    zeros = next(
        n
        for y in range(1960, 1990)
        for d in range(1, 29)
        if (n := _with_check(f"410702{y}02{d:02}000")).endswith("000")
    )
    cells = person(1).cells()
    cells[1] = zeros[:15] + "000"
    (from_csv,) = _validated([cells], from_csv=True)
    (from_cell,) = _validated([cells])
    assert codes(from_csv, "certificate_number") == {"certificate_rounded"}
    assert [found.code for found in from_cell.found] == ["certificate_maybe_rounded"]


def _with_check(body: str) -> str:
    return body + person_check_character(body)


def test_the_same_person_twice_counts_once() -> None:
    first, again = _validated([person(1).cells(), person(1).cells()])
    assert not first.rejected
    assert [(found.code, found.other) for found in again.found] == [("duplicate_row", 2)]


def test_one_number_under_two_names_keeps_the_first_and_doubts_it() -> None:
    cells = person(1).cells()
    cells[0] = "李四"
    first, other = _validated([person(1).cells(), cells])
    assert [(found.code, found.other) for found in first.found] == [("shared_number", 3)]
    assert not first.rejected
    assert [(found.code, found.other) for found in other.found] == [("two_names", 2)]


def test_a_sound_row_keeps_its_place_before_an_earlier_one_that_is_rejected() -> None:
    bad = person(1).cells()
    bad[5] = "去年冬天"
    first, sound, third = _validated([bad, person(1).cells(), person(1).cells()])
    assert not sound.rejected and sound.found == []
    assert [(found.code, found.other) for found in third.found] == [("duplicate_row", 3)]
    assert [found.code for found in first.found] == ["date_form", "duplicate_row"]


def test_two_people_of_one_name_are_let_in_with_a_warning() -> None:
    cells = person(2).cells()
    cells[0] = person(1).name
    first, other = _validated([person(1).cells(), cells])
    assert [found.code for found in other.found] == ["two_numbers"]
    assert not first.rejected and not other.rejected


def test_somebody_of_sixteen_is_let_in_with_a_warning() -> None:
    cells = person(1).cells()
    cells[1] = _with_check("41070220100203123")
    (row,) = _validated([cells])
    assert [found.code for found in row.found] == ["minor"]


def test_serial_numbers_count_from_the_epoch_of_the_file() -> None:
    cells = person(1).cells()
    cells[5] = 44531.0 - 1462
    (row,) = _validated([cells], epoch_1904=True)
    assert row.fields["entered_on"] == "2021-12-01"


def test_the_catalogue_says_of_every_problem_what_to_do_and_why() -> None:
    assert all(known.message and known.remedy and known.source for known in CATALOGUE.values())


def test_trades_have_no_alias_twice() -> None:
    assert words().trades["塔吊司机"] == "080"
