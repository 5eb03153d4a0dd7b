"""Where the header stands, and what each column means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from server.rules.roster.cells import Cell, is_empty, read_number, text_of
from server.rules.roster.words import Words, plain, plain_title

HEADER_WITHIN = 40  # rows from the top in which a header is looked for
_HEADER_HEIGHT = 3
_SAMPLE = 50  # rows from which a column without a title is guessed
_TITLE_MAX = 16  # a longer one is a sentence, not a title
_NEEDED = ("name", "certificate_number")

Merged = tuple[int, int, int, int]  # first row, first column, last row, last column; 0-based, inclusive


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its place (0-based), its title as written, its field (None: unknown, "": read by nobody), and
    whether the reader is sure."""

    index: int
    title: str
    field: str | None
    sure: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """A sheet as a table: the header's first and last row (0-based; both -1 where there is none), its columns, and
    what the rows above the header say."""

    first: int
    last: int
    columns: tuple[Column, ...]
    above: tuple[str, ...] = ()

    @property
    def fields(self) -> dict[str, int]:
        """Column by field."""
        return {column.field: column.index for column in self.columns if column.field}

    @property
    def sure(self) -> bool:
        """Whether nothing has to be confirmed: every column is sure or unknown, and what must be there is there."""
        named = {column.field for column in self.columns if column.field and column.sure}
        return named.issuperset(_NEEDED) and all(column.sure for column in self.columns if column.field)


def find_layout(
    rows: Sequence[Sequence[Cell]], merged: Sequence[Merged], words: Words, remembered: Mapping[str, str]
) -> Layout | None:
    """The table of one sheet; None where nothing looks like a roster. `remembered`: what titles mean in this
    company's files, by plain title, as a person confirmed it.

    1. Of the first rows, and of every height up to three, the header is where most fields are named.
    2. A title over several columns goes with the titles below it.
    3. A title that is no known word but holds one, and a column that only its content tells, are unsure.
    """
    filled = _filled(rows[: HEADER_WITHIN + _HEADER_HEIGHT], merged)
    best: tuple[int, int, int, list[Column]] = (0, 0, 0, [])  # fields, minus the height, first row, columns
    for first in range(min(len(filled), HEADER_WITHIN)):
        for height in range(1, min(_HEADER_HEIGHT, len(filled) - first) + 1):
            columns = _columns(filled[first : first + height], words, remembered)
            score = len({column.field for column in columns if column.field})
            if (score, -height) > best[:2]:
                best = (score, -height, first, columns)
    score, height, first, columns = best[0], -best[1], *best[2:]
    if score < 2 or not any(column.field in _NEEDED for column in columns):
        return _guessed(rows, words)
    above = tuple(text_of(cell) for row in rows[:first] for cell in row if not is_empty(cell))
    found = _once_each(columns)
    return Layout(
        first, first + height - 1, tuple(_with_guesses(found, rows[first + height :], words)), above
    )


def is_header_again(row: Sequence[Cell], layout: Layout) -> bool:
    """Whether a row repeats the header, as printed lists do at the top of each page."""
    told = [column for column in layout.columns if column.field and column.title]
    same = sum(
        column.index < len(row) and plain(text_of(row[column.index])) in plain(column.title)
        for column in told
        if column.index < len(row) and not is_empty(row[column.index])
    )
    return bool(told) and same >= max(2, len(told) // 2)


def _filled(rows: Sequence[Sequence[Cell]], merged: Sequence[Merged]) -> list[list[Cell]]:
    """The rows with every merged area filled with its text."""
    filled = [list(row) for row in rows]
    for top, left, bottom, right in merged:
        if top >= len(filled) or left >= len(filled[top]):
            continue
        for row in filled[top : bottom + 1]:
            for index in range(left, min(right + 1, len(row))):
                row[index] = filled[top][left]
    return filled


def _columns(rows: Sequence[Sequence[Cell]], words: Words, remembered: Mapping[str, str]) -> list[Column]:
    found = []
    for index in range(max(map(len, rows), default=0)):
        texts: list[str] = []
        for row in rows:
            cell = row[index] if index < len(row) else ""
            if isinstance(cell, str) and not is_empty(cell) and text_of(cell) not in texts:
                texts.append(text_of(cell))
        if texts:
            field, sure = _meaning(texts, words, remembered)
            found.append(Column(index, " ".join(texts), field, sure))
    return found


def _meaning(texts: Sequence[str], words: Words, remembered: Mapping[str, str]) -> tuple[str | None, bool]:
    """What the titles of one column, from top to bottom, mean together: all of them, then the lowest alone, then
    the highest."""
    titles = [plain_title(text) for text in texts]
    for title in ("".join(titles), *reversed(titles)):
        if title in remembered:
            return remembered[title], True
        if title in words.titles:
            return words.titles[title], True
    held = next((word for title in reversed(titles) if (word := _longest_word_in(title, words))), None)
    return (words.titles[held] if held is not None else None), False


@lru_cache(maxsize=4096)  # a row is looked at alone, and with each of those beside it
def _longest_word_in(title: str, words: Words) -> str | None:
    if len(title) > _TITLE_MAX:
        return None
    holding = (word for word, field in words.titles.items() if field and len(word) > 1 and word in title)
    return max(holding, key=len, default=None)


def _once_each(columns: Sequence[Column]) -> list[Column]:
    """A field that two columns claim goes to the surer, then to the left one; the other is unknown."""
    taken: dict[str, Column] = {}
    for column in columns:
        if column.field:
            rival = taken.get(column.field)
            if rival is None or (column.sure and not rival.sure):
                taken[column.field] = column
    return [
        column
        if not column.field or taken[column.field] is column
        else Column(column.index, column.title, None, False)
        for column in columns
    ]


def _with_guesses(columns: list[Column], rows: Sequence[Sequence[Cell]], words: Words) -> Iterator[Column]:
    """The columns; where the numbers' column has no title that tells, the one that holds numbers, unsure."""
    if any(column.field == "certificate_number" for column in columns):
        yield from columns
        return
    guessed = _column_of_numbers(rows)
    for column in columns:
        if column.index == guessed and not column.field:
            yield Column(column.index, column.title, "certificate_number", False)
        else:
            yield column
    if guessed is not None and all(column.index != guessed for column in columns):
        yield Column(guessed, "", "certificate_number", False)


def _guessed(rows: Sequence[Sequence[Cell]], words: Words) -> Layout | None:
    """A table without a header: numbers where numbers stand, names where short Chinese texts stand; all unsure."""
    numbers = _column_of_numbers(rows)
    if numbers is None:
        return None
    names = _best_column(rows, lambda cell: isinstance(cell, str) and 2 <= len(text_of(cell)) <= 4, {numbers})
    found = [Column(numbers, "", "certificate_number", False)]
    if names is not None:
        found.append(Column(names, "", "name", False))
    wide = max(map(len, rows[:_SAMPLE]), default=0)
    found += [Column(index, "", None, False) for index in range(wide) if index not in (numbers, names)]
    return Layout(-1, -1, tuple(sorted(found, key=lambda column: column.index)))


def _column_of_numbers(rows: Sequence[Sequence[Cell]]) -> int | None:
    return _best_column(
        rows, lambda cell: isinstance(cell, str) and read_number(cell, None)[1] is not None, set()
    )


def _best_column(rows: Sequence[Sequence[Cell]], says: object, without: set[int]) -> int | None:
    """The column in which most different texts are of a kind; names and numbers differ, teams and trades do not."""
    assert callable(says)
    texts: dict[int, set[Cell]] = {}
    sample = [row for row in rows[: HEADER_WITHIN + _SAMPLE] if any(not is_empty(cell) for cell in row)]
    for row in sample:
        for index, cell in enumerate(row):
            if index not in without and not is_empty(cell) and says(cell):
                texts.setdefault(index, set()).add(cell)
    best = max(texts, key=lambda index: len(texts[index]), default=None)
    return best if best is not None and len(texts[best]) * 2 > len(sample) else None
