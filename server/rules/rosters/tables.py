"""How people put tables on a sheet: two of them next to each other, a number over many cells, a person in one cell.

Each is found by what the cells hold and given back as an ordinary table, rows and columns where they were.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from server.rules.rosters.cells import Cell, half_width, is_empty, text_of
from server.rules.rosters.layout import HEADER_WITHIN, NEEDED
from server.rules.rosters.nobody import has_number
from server.rules.rosters.words import Words, plain_title

_SAMPLE = 90  # rows by which the form of a table is known
_DIGITS = 18  # of an identity card
_WRITTEN_MIN = 10  # digits of a number over many cells, when some are missing
_ONE = re.compile(r"[0-9XxＸｘ０-９]")
_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
_SIGNS = (r"\s*[,，]\s*", r"\s*、\s*", r"\t+", r"\s*[;；]\s*", r"\s*[|｜]\s*", r"\s+")
_ALIKE_MIN = 3  # fields that two tables share before one is taken for the continuation of the other


class Joined(NamedTuple):
    """Rows whose numbers were over many cells, now in the first of them."""

    rows: list[list[Cell]]
    column: int


def side_by_side(rows: Sequence[Sequence[Cell]], words: Words) -> list[range]:
    """The columns of each table, from left to right, where two or more tables of the same people's data share a sheet; empty
    where there are none. A second name and number with little else (somebody's wife) is no table of its own."""
    filled = {index for row in rows for index, cell in enumerate(row) if not is_empty(cell)}
    for row in rows[:HEADER_WITHIN]:
        titles = [plain_title(text_of(cell)) if isinstance(cell, str) else "" for cell in row]
        fields = [words.titles.get(title) if title else None for title in titles]
        if fields.count("certificate_number") < 2 or fields.count("name") < 2:
            continue
        blocks = _blocks(titles, fields, filled)
        named = [{field for field in fields[block.start : block.stop] if field} for block in blocks]
        written = [{title for title in titles[block.start : block.stop] if title} for block in blocks]
        if len(blocks) > 1 and all(map(_is_alike, named, named[1:], written, written[1:])):
            return [*blocks[:-1], range(blocks[-1].start, max(map(len, rows)))]
    return []


def _is_alike(left: set[str], right: set[str], left_titles: set[str], right_titles: set[str]) -> bool:
    if not left.issuperset(NEEDED) or not right.issuperset(NEEDED):
        return False
    return left_titles == right_titles or (len(left & right) >= _ALIKE_MIN and len(left ^ right) <= 1)


def _blocks(titles: Sequence[str], fields: Sequence[str | None], filled: set[int]) -> list[range]:
    """A table ends before a title that it has already, or at a column that is empty from top to bottom."""
    starts, seen = [0], set[str]()
    for index, title in enumerate(titles):
        known = {field for field in fields[starts[-1] : index] if field}
        is_whole = known.issuperset(NEEDED)
        if title and is_whole and (title in seen or (index - 1 not in filled and index - 1 > starts[-1])):
            starts.append(index)
            seen = set()
        seen.add(title)
    return [range(start, stop) for start, stop in zip(starts, [*starts[1:], len(titles)], strict=True)]


def join_digits(rows: Sequence[Sequence[Cell]]) -> Joined | None:
    """Identity numbers that a paper form spreads over eighteen cells, one digit a cell; None where there are none."""
    begins: Counter[int] = Counter()
    for row in rows[: HEADER_WITHIN + _SAMPLE]:
        for is_one, run in groupby(enumerate(row), lambda cell: _is_one(cell[1])):
            places = [index for index, _ in run] if is_one else []
            if len(places) == _DIGITS:
                begins[places[0]] += 1
    if not begins:
        return None
    (start, _), *_ = begins.most_common(1)
    stop = start + _DIGITS
    joined = [list(row) for row in rows]
    for row in joined:
        digits = [half_width(text_of(cell)) for cell in row[start:stop]]
        are_digits = all(_ONE.fullmatch(digit) or not digit for digit in digits)
        if are_digits and sum(map(bool, digits)) >= _WRITTEN_MIN:
            row[start:stop] = ["".join(digits), *[""] * (len(digits) - 1)]
    return Joined(joined, start)


def _is_one(cell: Cell) -> bool:
    return not isinstance(cell, bool) and _ONE.fullmatch(text_of(cell)) is not None


def split_lines(rows: Sequence[Sequence[Cell]]) -> list[list[Cell]] | None:
    """Rows of which each is one cell that holds a whole line, number and all, as cells; None where they are not. The sign
    is the one that cuts most lines with a number into equally many. Of a line that is cut otherwise only the number is
    placed, so that it is rejected and seen."""
    lines = [_only_text(row) for row in rows]
    people = [line for line in lines if line is not None and _NUMBER.search(line)]
    written = sum(any(not is_empty(cell) for cell in row) for row in rows)
    if not people or len(people) * 2 < written - 2:
        return None
    cut = {sign: [re.split(sign, line) for line in people[:_SAMPLE]] for sign in _SIGNS}

    def evenness(sign: str) -> tuple[int, int]:
        (width, count), *_ = Counter(map(len, cut[sign])).most_common(1)
        return (count, width) if width > 1 else (0, 0)

    sign = max(_SIGNS, key=evenness)
    count, width = evenness(sign)
    if count * 2 <= len(cut[sign]):
        return None
    sample = next(line for line in cut[sign] if len(line) == width)
    number_at = next((index for index, part in enumerate(sample) if has_number(part)), None)
    if number_at is None:
        return None
    return [_parts(row, line, sign, width, number_at) for row, line in zip(rows, lines, strict=True)]


def _parts(row: Sequence[Cell], line: str | None, sign: str, width: int, number_at: int) -> list[Cell]:
    if line is None:
        return list(row)
    parts: list[Cell] = [*re.split(sign, line)]
    found = _NUMBER.search(line)
    if len(parts) == width or found is None:
        return parts if len(parts) == width else [line]
    return [found[0] if index == number_at else "" for index in range(width)]


def _only_text(row: Sequence[Cell]) -> str | None:
    written = [cell for cell in row if not is_empty(cell)]
    return text_of(written[0]) if len(written) == 1 and isinstance(written[0], str) else None
