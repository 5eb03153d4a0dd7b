"""Where the header is, and what each column means."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from server.rules.rosters.cells import Cell, is_empty, is_plain_number, read_number, text_of
from server.rules.rosters.fields import REQUIRED
from server.rules.rosters.words import Words, plain, plain_title

HEADER_WITHIN = 40  # rows from the top in which a header is looked for
_HEADER_HEIGHT = 3
_SAMPLE = 50  # rows from which a column without a title is guessed
_SENTENCE_MIN = 17  # characters; so long a text is a sentence that holds a known word, not a title
NEEDED = ("name", "certificate_number")
_HAN_NAME = re.compile(r"[\u4e00-\u9fff]{2,4}")

Merged = tuple[int, int, int, int]  # first row, first column, last row, last column; 0-based, inclusive


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its index (0-based), its title as written, its field (None: unknown, "": not read), and
    whether that is sure; a person may be sure that a column is unknown."""

    index: int
    title: str
    field: str | None
    sure: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """A sheet as a table: the header's first and last row (0-based; both -1 where there is none), its columns, and
    what the rows above the header say.

    `team`: the one that the sheet's title names, or empty; `grouped`: headings between the rows name teams; `given`:
    the values that the user gave for all rows, by field without a column; `asked`: the user was asked already; `required`:
    the fields that must have a column.
    """

    first: int
    last: int
    columns: tuple[Column, ...]
    above: tuple[str, ...] = ()
    team: str = ""
    grouped: bool = False
    given: Mapping[str, str] = field(default_factory=dict)
    asked: bool = False
    required: tuple[str, ...] = REQUIRED

    @property
    def fields(self) -> dict[str, int]:
        """Column by field."""
        return {column.field: column.index for column in self.columns if column.field}

    @property
    def lacking(self) -> tuple[str, ...]:
        """The fields that must have a column and have none, nor a value for all rows."""
        known = {*self.fields, *self.given} | ({"team"} if self.team or self.grouped else set())
        return tuple(name for name in self.required if name not in known)

    @property
    def sure(self) -> bool:
        """Whether nothing has to be confirmed: names and numbers are there, and every column that means something is
        sure. Unknown columns do not matter, unless one of them may be the missing one. A list without
        dates of entry is asked about once: one date may be true of all."""
        if any(name in self.lacking for name in NEEDED):
            return False
        if "entered_on" in self.lacking and not self.asked:
            return False
        return all(column.sure or (column.field is None and not self.lacking) for column in self.columns)


def find_layout(
    rows: Sequence[Sequence[Cell]],
    merged: Sequence[Merged],
    words: Words,
    remembered: Mapping[str, str],
    required: tuple[str, ...] = REQUIRED,
) -> Layout | None:
    """The table of one sheet; None where nothing looks like a roster. `remembered`: what titles mean in this
    company's files, by plain title, as a person confirmed it; `required`: the fields that must have a column.

    1. Of the first rows, and of every height up to three, the header is where most fields are named. A row with
       somebody's number is none of it.
    2. A title over several columns goes with the titles below it.
    3. A title that is no known word but holds one, and a column known only by its content, are unsure. A known word
       means what it means, whatever is remembered.
    4. Where something is missing, every column that holds anything is reported, with a title or without.
    """
    filled = _filled(rows[: HEADER_WITHIN + _HEADER_HEIGHT], merged)
    numbered = [any(map(is_plain_number, row)) for row in filled]
    best: tuple[int, int, int, list[Column]] = (0, 0, 0, [])  # fields, minus the height, first row, columns
    for first in range(min(len(filled), HEADER_WITHIN)):
        for height in range(1, min(_HEADER_HEIGHT, len(filled) - first) + 1):
            if numbered[first + height - 1]:
                break
            columns = _columns(filled[first : first + height], words, remembered)
            score = len({column.field for column in columns if column.field})
            if (score, -height) > best[:2]:
                best = (score, -height, first, columns)
    score, height, first, columns = best[0], -best[1], *best[2:]
    if score < 2 or not any(column.field in NEEDED for column in columns):
        return _guessed(rows, required)
    above = tuple(text_of(cell) for row in rows[:first] for cell in row if not is_empty(cell))
    below = rows[first + height :]
    found = _with_guesses(_with_doubted_numbers(columns, _once_each(columns), below), below)
    layout = Layout(first, first + height - 1, tuple(found), above, required=required)
    return (
        layout
        if layout.sure and not layout.lacking
        else replace(layout, columns=_with_untitled(found, below))
    )


def continued(rows: Sequence[Sequence[Cell]], before: Layout) -> Layout | None:
    """The layout of a sheet without a header that continues another sheet: the same columns, all unsure; None
    where the numbers are not in the same column."""
    numbers = _column_of_numbers(rows)
    if numbers is None or numbers != before.fields.get("certificate_number"):
        return None
    return replace(doubted(before), first=-1, last=-1, above=())


def without_empty_dates(layout: Layout, rows: Sequence[Sequence[Cell]]) -> Layout:
    """The layout; a column of dates of entry that holds none is no such column, so that one date may be given for all."""
    at, below = layout.fields.get("entered_on"), rows[layout.last + 1 :]
    has_dates = at is not None and any(at < len(row) and not is_empty(row[at]) for row in below)
    if at is None or has_dates or all(is_empty(cell) for row in below for cell in row):
        return layout
    columns = (replace(one, field=None) if one.index == at else one for one in layout.columns)
    return replace(layout, columns=tuple(columns))


def doubted(layout: Layout) -> Layout:
    """The same layout, nothing in it sure."""
    return replace(layout, columns=tuple(replace(column, sure=False) for column in layout.columns))


def is_header_again(row: Sequence[Cell], layout: Layout) -> bool:
    """Whether a row repeats the header, as printed lists do at the top of each page."""
    titled = [column for column in layout.columns if column.field and column.title]
    same = sum(
        column.index < len(row) and plain(text_of(row[column.index])) in plain(column.title)
        for column in titled
        if column.index < len(row) and not is_empty(row[column.index])
    )
    return bool(titled) and same >= max(2, len(titled) // 2)


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
    for known in (words.titles, remembered):
        for title in ("".join(titles), *reversed(titles)):
            if title in known:
                return known[title], True
    held = next((word for title in reversed(titles) if (word := _longest_word_in(title, words))), None)
    return (words.titles[held] if held is not None else None), False


@lru_cache(maxsize=4096)  # a row is looked at alone, and with each of those next to it
def _longest_word_in(title: str, words: Words) -> str | None:
    if len(title) >= _SENTENCE_MIN:
        return None
    holding = (word for word, field in words.titles.items() if field and len(word) > 1 and word in title)
    return max(holding, key=len, default=None)


def _once_each(columns: Sequence[Column]) -> list[Column]:
    """A field that two columns claim goes to the surer, then to one of codes, then to the left one; the other is
    unknown."""
    taken: dict[str, Column] = {}
    for column in columns:
        if column.field:
            rival = taken.get(column.field)
            if rival is None or _rank(column) > _rank(rival):
                taken[column.field] = column
    return [
        column
        if not column.field or taken[column.field] is column
        else Column(column.index, column.title, None, False)
        for column in columns
    ]


def _rank(column: Column) -> tuple[bool, bool]:
    return column.sure, "代码" in column.title


def _with_doubted_numbers(
    claims: Sequence[Column], columns: list[Column], rows: Sequence[Sequence[Cell]]
) -> list[Column]:
    """The columns; where a second one of numbers has numbers in it (other people's), the first is no longer sure, so that
    nobody is dropped in silence."""
    taken = next((column for column in columns if column.field == "certificate_number"), None)
    rivals = [
        column.index for column in claims if column.field == "certificate_number" and column is not taken
    ]
    sample = rows[: HEADER_WITHIN + _SAMPLE]
    has_rival = any(index < len(row) and is_plain_number(row[index]) for index in rivals for row in sample)
    return [replace(column, sure=False) if has_rival and column is taken else column for column in columns]


def _with_guesses(columns: list[Column], rows: Sequence[Sequence[Cell]]) -> list[Column]:
    """The columns; where no title shows which are the numbers and the names, those that hold them, unsure."""
    by_index = {column.index: column for column in columns}
    taken = {column.index for column in columns if column.field}
    for name, guess in (("certificate_number", _column_of_numbers), ("name", _column_of_names)):
        if all(column.field != name for column in columns):
            index = guess(rows, taken)
            if index is not None:
                by_index[index] = Column(
                    index, by_index[index].title if index in by_index else "", name, False
                )
                taken.add(index)
    return sorted(by_index.values(), key=lambda column: column.index)


def _with_untitled(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> tuple[Column, ...]:
    """The columns, and those without a title that hold anything."""
    known = {column.index for column in columns}
    filled = {index for row in rows for index, cell in enumerate(row) if cell != ""} - known
    untitled = [Column(index, "", None, False) for index in filled]
    return tuple(sorted((*columns, *untitled), key=lambda column: column.index))


def _guessed(rows: Sequence[Sequence[Cell]], required: tuple[str, ...]) -> Layout | None:
    """A table without a header: numbers where there are numbers, names where there are short Chinese texts; all unsure."""
    columns = _with_guesses([], rows)
    if all(column.field != "certificate_number" for column in columns):
        return None
    return Layout(-1, -1, _with_untitled(columns, rows), required=required)


def _column_of_numbers(rows: Sequence[Sequence[Cell]], without: Collection[int] = ()) -> int | None:
    return _best_column(
        rows, lambda cell: isinstance(cell, str) and read_number(cell, None)[1] is not None, without
    )


def _column_of_names(rows: Sequence[Sequence[Cell]], without: Collection[int] = ()) -> int | None:
    return _best_column(
        rows, lambda cell: isinstance(cell, str) and _HAN_NAME.fullmatch(text_of(cell)) is not None, without
    )


def _best_column(
    rows: Sequence[Sequence[Cell]], says: Callable[[Cell], bool], without: Collection[int]
) -> int | None:
    """The column in which most different texts are of a kind; names and numbers differ, teams and trades do not."""
    texts: dict[int, set[Cell]] = {}
    sample = [row for row in rows[: HEADER_WITHIN + _SAMPLE] if any(not is_empty(cell) for cell in row)]
    for row in sample:
        for index, cell in enumerate(row):
            if index not in without and not is_empty(cell) and says(cell):
                texts.setdefault(index, set()).add(cell)
    best = max(texts, key=lambda index: len(texts[index]), default=None)
    return best if best is not None and len(texts[best]) * 2 > len(sample) else None
