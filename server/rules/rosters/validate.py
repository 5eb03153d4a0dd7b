"""Validate the rows of a roster: what each says of a person, what is wrong with it, alone and next to the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from typing import Any

from schemas.certificates import company_problem
from server.rules.rosters import cells
from server.rules.rosters.cells import Cell, Measured, is_empty, text_of
from server.rules.rosters.fields import COLUMNS, USUALLY_ASKED, RosterField, missing_problem
from server.rules.rosters.layout import Layout, Merged, is_header_again
from server.rules.rosters.nobody import has_number, is_name_alone, is_nobody, is_note_below, is_stray_number
from server.rules.rosters.person import PersonLimits, person_problems
from server.rules.rosters.problems import Found, is_error
from server.rules.rosters.teams import team_heading
from server.rules.rosters.words import Words, plain

_COMPANY_CODE = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{18}(?![0-9A-Z])")
_MANAGER_TRADE = "900"
_OWN = tuple(name for name, one in COLUMNS.items() if one.column.own)
_SHARED = tuple(name for name, one in COLUMNS.items() if not one.column.own and name != "team")


@dataclass(frozen=True, slots=True)
class Context:
    """What rows are validated with. `today`: local date; `company`: the uploader's code, `names` its names in plain form;
    `asked`: the fields for which this kind of site asks, of those in which kinds of sites differ."""

    today: str
    company: str
    names: frozenset[str]
    words: Words
    limits: PersonLimits
    epoch_1904: bool = False
    from_csv: bool = False
    asked: frozenset[str] = USUALLY_ASKED


@dataclass(slots=True)
class Row:
    """One person's row: where it is (`number` from 1, as spreadsheets count), its cells as they came, the fields that
    could be read, in the roster's form, and what was found."""

    sheet: str
    number: int
    cells: Sequence[Cell]
    fields: dict[str, Any] = field(default_factory=dict)
    found: list[Found] = field(default_factory=list)

    def take_fitting(self, one: RosterField, reading: Measured, missing: str | None) -> None:
        """As `take`, of a field that may refuse what the cell says."""
        value, problem = reading
        if value is not None and not one.fits(value):
            value, problem = None, "value_unfit"
        self.take(one.name, (value, problem), missing)

    def take(self, name: str, reading: Measured, missing: str | None = None) -> None:
        """Keep what a cell said, or what is wrong with it; `missing`: the problem of saying nothing."""
        value, problem = reading
        if value is not None:
            self.fields[name] = value
        elif problem is not None or missing is not None:
            self.found.append(Found(problem or missing or "", name))

    @property
    def rejected(self) -> bool:
        return bool(self.found) and any(map(is_error, self.found))

    @property
    def certificate(self) -> tuple[str, str] | None:
        """(type, number), if it could be read."""
        number = self.fields.get("certificate_number")
        return (self.fields["certificate_type"], number) if number is not None else None


@dataclass(frozen=True, slots=True)
class Table:
    """The cells of one sheet, and which of them are merged (see Merged) and which rows hidden (from 0)."""

    name: str
    rows: Sequence[Sequence[Cell]]
    merged: Sequence[Merged] = ()
    hidden: frozenset[int] = frozenset()


def validate_sheet(sheet: Table, layout: Layout, context: Context, passed_over: list[int]) -> Iterator[Row]:
    """The people of one sheet, below its header. Totals, notes, repeated headers, headings of teams and a merged person's
    further rows are nobody: their numbers (from 1) go to `passed_over`; empty rows are not reported."""
    rows, hidden, merged = sheet.rows, sheet.hidden, sheet.merged
    at, width = layout.fields, 1 + max(layout.fields.values())
    name_at, number_at, team_at = (at.get(name, -1) for name in ("name", "certificate_number", "team"))
    own_at = {name: at.get(name, -1) for name in _OWN}
    shared = [name for name in _SHARED if name in at]
    shared_at = [at[name] for name in shared]
    read_shared = lru_cache(maxsize=4096, typed=True)(partial(_read_shared, context, shared, layout.given))
    under, words = _under_merged(merged, at, rows), context.words
    last = cache(lambda: _last_number(rows, number_at))
    team: Cell = layout.given.get("team", layout.team)
    team_from = None if "team" in layout.given else "team_from_title"
    for index in range(layout.last + 1, len(rows)):
        row = rows[index]
        # What has no column is at -1, and empty.
        padded = [*row, ""] if len(row) >= width else [*row, *[""] * (width + 1 - len(row))]
        name, number = padded[name_at], padded[number_at]
        is_somebody = has_number(number)
        is_somebody = is_somebody and (
            cells.is_plain_number(number) or not is_stray_number(row, name, number, words)
        )
        is_somebody = is_somebody or (is_name_alone(row, name, words) and index < last())
        if not is_somebody and (
            is_nobody(row, name, number, words)
            or is_header_again(row, layout)
            or (index > last() and is_note_below(row, name, len(layout.columns)))
        ):
            heading = team_heading(row, words) if layout.grouped else None
            if heading is not None:
                team, team_from = heading, "team_from_title"
            if any(not is_empty(cell) for cell in row):
                passed_over.append(index + 1)
            continue
        notes: Sequence[Found] = ()
        if index in under:
            if number_at in under[index] and is_empty(number):
                passed_over.append(index + 1)
                continue
            notes = _fill(padded, under[index], at)
        own = padded[team_at]
        if is_empty(own) and not is_empty(team):
            own = team
            notes = [*notes, Found(team_from, "team")] if team_from is not None else notes
        elif not is_empty(own):
            team, team_from = own, "team_filled"
        said = read_shared(own, *[padded[column] for column in shared_at])
        person = Row(sheet.name, index + 1, row, said.fields.copy(), [*said.found, *notes])
        if index in hidden:
            person.found.append(Found("hidden_row", None))
        _read(person, {name: padded[index] for name, index in own_at.items()}, context)
        yield person


def validate_together(rows: Sequence[Row]) -> None:
    """What shows only next to other rows: the same person twice, one number under two names, one name with two
    numbers. Of the rows of one number the first that is sound keeps its place, else the first."""
    by_number: dict[tuple[str, str], Row] = {}
    by_name: dict[str, Row] = {}
    again: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        fields = row.fields
        number = fields.get("certificate_number")
        if number is None:
            continue
        certificate = fields["certificate_type"], number
        first = by_number.setdefault(certificate, row)
        if first is not row:
            again.setdefault(certificate, [first]).append(row)
            continue
        name = fields.get("name")
        namesake = by_name.setdefault(name, row) if name else row
        if namesake is not row:
            row.found.append(Found("two_numbers", "name", namesake.number))
    for bearers in again.values():
        _keep_one(bearers)


def _keep_one(bearers: Sequence[Row]) -> None:
    kept = next((row for row in bearers if not row.rejected), bearers[0])
    for row in bearers:
        if row is kept:
            continue
        is_same = kept.fields.get("name") == row.fields.get("name")
        code = "duplicate_row" if is_same else "two_names"
        row.found.append(Found(code, "certificate_number", kept.number))
        if not is_same and not any(found.code == "shared_number" for found in kept.found):
            kept.found.append(Found("shared_number", "certificate_number", row.number))


def company_above(layout: Layout) -> str | None:
    """The company's code that the lines above the header name, if it is sound."""
    for text in layout.above:
        for code in _COMPANY_CODE.findall(cells.half_width(text).upper()):
            if company_problem(code) is None:
                return str(code)
    return None


def _read_shared(
    context: Context, columns: Sequence[str], given: Mapping[str, str], team: Cell, *values: Cell
) -> Row:
    """What a row says apart from who it is, as the rows of many people say it in the same words; `values`: its cells in
    these columns; `given`: what is true of all rows, by field without a column."""
    row = Row("", 0, ())
    cell: dict[str, Cell] = {**dict.fromkeys(_SHARED, ""), **given, **dict(zip(columns, values, strict=True))}
    cell["team"] = team
    for name, one in COLUMNS.items():
        if one.reads == "company":
            _read_company(row, cell[name], context)
        elif one.reads == "trade":
            _read_trade(row, name, cell, context)
        elif name in cell:
            _read_cell(row, one, cell[name], context)
    entered, exited = row.fields.get("entered_on"), row.fields.get("exited_on")
    if entered is not None and exited is not None and exited < entered:
        row.found.append(Found("exit_before_entry", "exited_on"))
    return row


def _read(row: Row, cell: Mapping[str, Cell], context: Context) -> None:
    """What a row says of one person alone, apart from what it shares with others; `cell`: by field."""
    row.take("name", cells.read_name(cell["name"]))
    _read_number(row, cell["certificate_number"], context)
    for name in _OWN:
        if COLUMNS[name].reads not in ("name", "certificate"):
            _read_cell(row, COLUMNS[name], cell[name], context)
    row.found += person_problems(row.fields, context.today, context.limits)


def _read_cell(row: Row, one: RosterField, cell: Cell, context: Context) -> None:
    """What one cell says, by the type of its field."""
    words, missing = context.words, missing_problem(one, context.asked)
    if one.column.none and words.says("none", text_of(cell)):
        cell = ""
    if one.reads == "choice":
        _read_listed(row, one, cell, words.value, missing)
    elif one.reads == "yes_no":
        _read_listed(row, one, cell, _yes_no(words), missing)
    elif one.reads == "date":
        row.take(one.name, cells.read_date(cell, context.epoch_1904, words), missing)
    elif one.reads == "phone":
        row.take(one.name, cells.read_phone(cell, words), missing)
    elif one.reads == "number":
        row.take_fitting(one, cells.read_quantity(cell), missing)
    else:
        row.take_fitting(one, cells.read_text(cell, one.max_length, one.wrong), missing)


def _read_number(row: Row, cell: Cell, context: Context) -> None:
    typed = row.fields.pop("certificate_type", None)
    if row.found and any(found.code == "certificate_type_unknown" for found in row.found):
        return
    kind, value, problem = cells.read_number(cell, typed)
    if problem is not None:
        row.found.append(Found(problem, "certificate_number"))
    if value is None or kind is None:
        return
    row.fields["certificate_type"], row.fields["certificate_number"] = kind, value
    if len(value) == 18 and value.endswith("000"):
        # A text cell may say the truth (one in a thousand does); of a CSV file it is unknown what wrote it.
        code = "certificate_rounded" if context.from_csv else "certificate_maybe_rounded"
        row.found.append(Found(code, "certificate_number"))


def _read_company(row: Row, cell: Cell, context: Context) -> None:
    row.fields["company"] = context.company
    if is_empty(cell):
        return
    text = cells.half_width(text_of(cell)).upper().replace(" ", "")
    if plain(text) in context.names or text == context.company:
        return
    problem = company_problem(text) if _COMPANY_CODE.fullmatch(text) else None
    row.found.append(Found(problem or "company_not_yours", "company"))


def _read_trade(row: Row, name: str, cell: Mapping[str, Cell], context: Context) -> None:
    """A manager's trade makes a manager of whoever has no role in the row."""
    trade, words = cell[name], context.words
    if is_empty(trade) and name not in context.asked:
        row.fields |= {"role": "worker"} if "role" in context.asked else {}
        return
    code, problem = ("000", "trade_missing") if is_empty(trade) else cells.read_trade(trade, words)
    if problem is not None:
        row.found.append(Found(problem, name))
    row.fields[name] = code
    row.fields["role"] = "manager" if code == _MANAGER_TRADE else "worker"


def _read_listed(
    row: Row, one: RosterField, cell: Cell, value_of: Callable[[str, str], Any], missing: str | None
) -> None:
    if is_empty(cell):
        row.found += [Found(missing, one.name)] if missing is not None and one.name not in row.fields else []
        return
    value = value_of(one.name, text_of(cell))
    if value is None:
        row.found.append(Found(one.wrong, one.name))
    else:
        row.fields[one.name] = value


def _yes_no(words: Words) -> Callable[[str, str], bool | None]:
    def value_of(_: str, text: str) -> bool | None:
        if words.says("yes", text):
            return True
        return False if words.says("no", text) else None

    return value_of


def _cell(row: Sequence[Cell], index: int | None) -> Cell:
    return row[index] if index is not None and index < len(row) else ""


def _last_number(rows: Sequence[Sequence[Cell]], column: int) -> int:
    """The last row with a number. After it, a name without a number is a note; before it, it is a person."""
    return next((i for i in range(len(rows) - 1, -1, -1) if has_number(_cell(rows[i], column))), -1)


def _under_merged(
    merged: Sequence[Merged], at: Mapping[str, int], rows: Sequence[Sequence[Cell]]
) -> dict[int, dict[int, Cell]]:
    """By row and column, what a merged cell over several rows gives to the rows below its first; of the columns that
    people share, and of the number's, where it means one person over several rows."""
    columns = {at[name] for name in ("team", "certificate_number", *_SHARED) if name in at}
    found: dict[int, dict[int, Cell]] = {}
    for top, left, bottom, right in merged:
        if bottom == top or top >= len(rows):
            continue
        for column in columns:
            if left <= column <= right:
                for index in range(top + 1, bottom + 1):
                    found.setdefault(index, {})[column] = _cell(rows[top], left)
    return found


def _fill(row: list[Cell], merged: Mapping[int, Cell], at: Mapping[str, int]) -> list[Found]:
    """Fill the empty cells of a row with what is merged over them. Teams are usually written so, and not reported."""
    names, notes = {column: name for name, column in at.items()}, []
    for column, value in merged.items():
        if is_empty(row[column]) and not is_empty(value):
            row[column] = value
            if names[column] != "team":
                notes.append(Found("cell_filled", names[column]))
    return notes
