"""Dirty cells in dirty files: whatever the format and the layout, each cell gets the verdict that it gets alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from server.actions.rosters.validate_roster import Grounds, validate_file
from server.files.read_workbook import read_workbook
from server.rules.rosters.cells import Cell
from tests.server.rosters.people import (
    ALL_FIELDS,
    ALL_TITLES,
    Dirt,
    Person,
    context,
    expect,
    person,
    some_dirt,
)

TEAM = ALL_FIELDS.index("team")
ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "utf-16")


@dataclass(frozen=True)
class Sheet:
    """How one table is laid out: lines above it, empty columns before it, the order of its columns, a header of two rows,
    teams merged over all people, and the lines between people (by how many come before them)."""

    above: int
    indent: int
    order: Sequence[int]
    two_rows: bool
    merged: bool
    between: dict[int, str]
    people: list[list[Dirt]]


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    merged = draw(st.booleans())
    fields = [field for field in ALL_FIELDS if not (merged and field == "team")]
    people = draw(st.lists(some_dirt(fields, 4), min_size=2, max_size=5))
    between = st.dictionaries(
        st.integers(0, 5), st.sampled_from(("blank", "total", "header", "note")), max_size=3
    )
    order = draw(st.permutations(range(len(ALL_FIELDS))))
    return Sheet(
        draw(st.integers(0, 3)),
        draw(st.integers(0, 2)),
        order,
        draw(st.booleans()),
        merged,
        draw(between),
        people,
    )


def _lines(
    sheet: Sheet, first_person: int, is_text: bool
) -> tuple[list[list[Cell]], list[tuple[Person, list[Dirt]]]]:
    """The rows below the header, and who they are."""
    lines: list[list[Cell]] = []
    expected = []
    for number, drawn in enumerate(sheet.people):
        what = sheet.between.get(number)
        if what is not None:
            lines.append(_between(what, sheet))
        who = person(first_person + number)
        cells = who.all_cells()
        dirts = [dirt for dirt in drawn if isinstance(dirt.cell(who), str) or not is_text]
        for dirt in dirts:
            cells[ALL_FIELDS.index(dirt.field)] = dirt.cell(who)
        if sheet.merged and number and not is_text:
            cells[TEAM] = ""
        lines.append([cells[index] for index in sheet.order])
        expected.append((who, dirts))
    return lines, expected


def _between(what: str, sheet: Sheet) -> list[Cell]:
    if what == "header":
        return [ALL_TITLES[index] for index in sheet.order]
    return {"blank": [], "total": ["合计：5人"], "note": ["", "注意：请拨打 13800138000"]}[what]


def _table(sheet: Sheet, lines: list[list[Cell]]) -> list[list[Cell]]:
    indent: list[Cell] = [""] * sheet.indent
    above: list[list[Cell]] = [["牧野花园项目花名册"], [], ["单位：甲建筑", "", "2026年11月"]][: sheet.above]
    titles: list[Cell] = [ALL_TITLES[index] for index in sheet.order]
    header = [titles, [""] * len(titles)] if sheet.two_rows else [titles]
    return [indent + line for line in (*above, *header, *lines)]


def _xlsx(tables: Sequence[tuple[Sheet, list[list[Cell]]]]) -> bytes:
    buffer = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_numbers": False,
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(buffer, options) as book:
        form, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        for sheet, table in tables:
            page = book.add_worksheet()
            for row, line in enumerate(table):
                for column, cell in enumerate(line):
                    _write(page, row, column, cell, day)
            if sheet.two_rows:
                for column in range(sheet.indent, sheet.indent + len(ALL_TITLES)):
                    page.merge_range(
                        sheet.above, column, sheet.above + 1, column, table[sheet.above][column], form
                    )
            if sheet.merged:
                first = sheet.above + 1 + sheet.two_rows + (0 in sheet.between)
                column = sheet.indent + sheet.order.index(TEAM)
                page.merge_range(first, column, len(table) - 1, column, "钢筋一班", form)
    return buffer.getvalue()


def _write(page: Any, row: int, column: int, cell: Cell, day: Any) -> None:
    if isinstance(cell, bool):
        page.write_boolean(row, column, cell)
    elif isinstance(cell, float):
        page.write_number(row, column, cell)
    elif isinstance(cell, date):
        page.write_datetime(row, column, cell, day)
    else:
        page.write_string(row, column, str(cell).replace("_x000D_", "\r"))  # which the writer spells so


def _csv(table: list[list[Cell]], delimiter: str, encoding: str) -> bytes:
    buffer = io.StringIO()
    width = max(map(len, table))
    csv.writer(buffer, delimiter=delimiter).writerows([*line, *[""] * (width - len(line))] for line in table)
    return buffer.getvalue().encode(encoding)


def _check(data: bytes, expected: list[tuple[Person, list[Dirt]]]) -> None:
    roster = validate_file(read_workbook(data), Grounds(context(), {}, {}), lambda _done, _rows: None)
    assert roster.questions == [] and roster.skipped == {}
    for row, (who, dirts) in zip(roster.rows, expected, strict=True):
        for dirt in dirts:
            expect(row, who, dirt)
        # Some dirt is one certain number: whoever bears it in two rows is rejected for that.
        is_twice = any(found.code in ("two_names", "duplicate_row") for found in row.found)
        assert row.rejected == (any(dirt.error for dirt in dirts) or is_twice)
        assert dirts or row.fields["certificate_number"] == who.certificate_number
        assert any(dirt.field == "team" for dirt in dirts) or row.fields["team"] == "钢筋一班"


@settings(max_examples=40, deadline=None)
@given(st.lists(sheets(), min_size=1, max_size=3))
def test_the_sheets_of_a_workbook_give_each_cell_its_verdict(drawn: list[Sheet]) -> None:
    tables, expected = [], []
    for number, sheet in enumerate(drawn):
        lines, people = _lines(sheet, 100 * number + 1, is_text=False)
        tables.append((sheet, _table(sheet, lines)))
        expected += people
    _check(_xlsx(tables), expected)


@settings(max_examples=60, deadline=None)
@given(sheets(), st.sampled_from(",\t;|"), st.sampled_from(ENCODINGS))
def test_a_text_file_gives_each_cell_its_verdict(sheet: Sheet, delimiter: str, encoding: str) -> None:
    lines, expected = _lines(sheet, 1, is_text=True)
    _check(_csv(_table(sheet, lines), delimiter, encoding), expected)
