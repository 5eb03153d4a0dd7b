"""Files with the same few people, and what is read of them."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import xlsxwriter

from server.actions.rosters.validate_roster import Chosen, Grounds, Validated, validate_file
from server.files.read_workbook import Workbook, read_workbook
from server.rules.rosters.cells import Cell
from server.rules.rosters.validate import Row
from tests.server.rosters.people import TITLES, Person, context, person

PEOPLE = [person(number) for number in range(1, 7)]
NAMES = [who.name for who in PEOPLE]
HAN = [person(number) for number in (0, 3, 4, 5, 6)]  # whose names are two to four Chinese characters


def validated(
    workbook: Workbook, chosen: Chosen | None = None, remembered: Mapping[str, str] | None = None
) -> Validated:
    grounds = Grounds(context(), remembered or {}, chosen or {})
    return validate_file(workbook, grounds, lambda _done, _rows: None)


def asked_of(roster: Validated) -> dict[tuple[int, int], str | None]:
    return {(question["sheet"], question["column"]): question["field"] for question in roster.questions}


def read_rows(data: bytes) -> list[Row]:
    roster = validated(read_workbook(data))
    assert roster.questions == []
    return roster.rows


def are_all(rows: Sequence[Row]) -> None:
    """All people, sound, in their order."""
    assert [row.fields.get("name") for row in rows] == NAMES
    assert [row.fields.get("certificate_number") for row in rows] == [
        who.certificate_number for who in PEOPLE
    ]
    assert not any(row.rejected for row in rows)


def cells_of(people: Sequence[Person] = PEOPLE) -> list[list[Cell]]:
    return [who.cells() for who in people]


def book_of(write: Callable[[Any, Any], None], **options: Any) -> bytes:
    """A workbook whose first sheet is written by `write(sheet, book)`."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_numbers": False, **options}) as book:
        write(book.add_worksheet("花名册"), book)
    return buffer.getvalue()


def write_rows(sheet: Any, rows: Sequence[Sequence[Cell]], first: int = 0, column: int = 0) -> None:
    for number, row in enumerate(rows, start=first):
        for index, cell in enumerate(row, start=column):
            if isinstance(cell, str):
                sheet.write_string(number, index, cell)
            else:
                sheet.write_number(number, index, cell)


def text_of_all(delimiter: str = ",", end: str = "\r\n") -> str:
    return end.join(delimiter.join(map(str, row)) for row in [TITLES, *cells_of()]) + end
