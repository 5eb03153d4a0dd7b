"""Sheets about people that are no roster, and how each is reported: the wrong way round, or a list of attendance."""

from __future__ import annotations

import re
from collections.abc import Sequence

from server.rules.rosters.cells import Cell, is_empty, text_of
from server.rules.rosters.layout import HEADER_WITHIN, NEEDED
from server.rules.rosters.words import Words, plain, plain_title

_DAYS_MIN = 7  # columns, one a day, one after another
_DAY = re.compile(r"(?:\d{4}[-/.年])?(?:\d{1,2}[-/.月])?(\d{1,2})[日号]?")
_TITLES_WITHIN = 3  # columns from the left in which titles go down
_FIELDS_MIN = 3


def other_sheet(rows: Sequence[Sequence[Cell]], words: Words) -> str | None:
    """`transposed`: titles go down and people across; `attendance`: a column a day, and nobody's number; None for any
    other sheet."""
    if _is_transposed(rows, words):
        return "transposed"
    return "attendance" if any(_has_days(row, words) for row in rows[:HEADER_WITHIN]) else None


def _is_transposed(rows: Sequence[Sequence[Cell]], words: Words) -> bool:
    for column in range(_TITLES_WITHIN):
        cells = [row[column] for row in rows[:HEADER_WITHIN] if column < len(row)]
        fields = [_field(cell, words) for cell in cells]
        found = {field for field in fields if field}
        if len(found) >= _FIELDS_MIN and found.issuperset(NEEDED):
            at = fields.index("certificate_number")
            return sum(not is_empty(cell) for cell in rows[at]) > 1
    return False


def _has_days(row: Sequence[Cell], words: Words) -> bool:
    """Whether a row is a header with days in it, and without a column of numbers."""
    fields = {_field(cell, words) for cell in row}
    if "certificate_number" in fields:
        return False
    days = [_day(cell) for cell in row]
    run = longest = 0
    for before, day in zip([None, *days], days, strict=False):
        follows = (
            day is not None and before is not None and (day == before + 1 or (day == 1 and before >= 28))
        )
        run = run + 1 if follows else int(day is not None)
        longest = max(longest, run)
    return longest >= _DAYS_MIN


def _day(cell: Cell) -> int | None:
    found = _DAY.fullmatch(plain(text_of(cell)))
    day = int(found[1]) if found is not None else 0
    return day if 1 <= day <= 31 else None


def _field(cell: Cell, words: Words) -> str | None:
    return (
        words.titles.get(plain_title(text_of(cell))) if isinstance(cell, str) and not is_empty(cell) else None
    )
