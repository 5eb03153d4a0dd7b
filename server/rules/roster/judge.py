"""Judge the rows of a roster: what each says of a person, what is wrong with it, alone and beside the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any

from schemas import limits
from schemas.certificates import birth_date, company_problem
from server.rules.roster import cells
from server.rules.roster.cells import Cell, Reading, is_empty, text_of
from server.rules.roster.layout import Layout, Merged, is_header_again
from server.rules.roster.problems import Found, is_error
from server.rules.roster.words import Words, plain

_COMPANY_CODE = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{18}(?![0-9A-Z])")
_SIX_DIGITS = re.compile(
    r"\d(?:\W*\d){5}"
).search  # fewer are no number of anybody, but may be the count of a total
_MANAGER_TRADE = "900"
_OF_A_PERSON = ("name", "certificate_number", "team", "phone")
_YES_NO = ("team_leader", "canteen_staff")
_SHARED = (
    "certificate_type",
    "company",
    "trade",
    "role",
    "entered_on",
    "exited_on",
    "dormitory",
    "contract",
    *_YES_NO,
)


@dataclass(frozen=True, slots=True)
class Context:
    """What rows are judged by. `today`: local date; ages in years; `company`: the uploader's code, `names` its
    names in plain form."""

    today: str
    company: str
    names: frozenset[str]
    words: Words
    age_min: int
    age_of_majority: int
    epoch_1904: bool = False
    from_csv: bool = False


@dataclass(slots=True)
class Row:
    """One person's row: where it stands (`number` from 1, as spreadsheets count), its cells as they came, the fields that
    could be read, in the roster's form, and what was found."""

    sheet: str
    number: int
    cells: Sequence[Cell]
    fields: dict[str, Any] = field(default_factory=dict)
    found: list[Found] = field(default_factory=list)

    def take(self, name: str, reading: Reading, missing: str | None = None) -> None:
        """Keep what a cell said, or what is wrong with it; `missing`: the problem of saying nothing."""
        value, problem = reading
        if value is not None:
            self.fields[name] = value
        elif problem is not None or missing is not None:
            self.found.append(Found(problem or missing or "", name))

    @property
    def rejected(self) -> bool:
        return any(map(is_error, self.found))

    @property
    def certificate(self) -> tuple[str, str] | None:
        """(type, number), if it could be read."""
        number = self.fields.get("certificate_number")
        return (self.fields["certificate_type"], number) if number is not None else None


def person_problems(fields: Mapping[str, Any], today: str, age_min: int, age_of_majority: int) -> list[Found]:
    """What the rules say of a person, whoever writes it, a tablet or a roster: the age at which he came (劳动法 15),
    and no event after `today`."""
    found = []
    entered_on, exited_on = fields.get("entered_on"), fields.get("exited_on")
    if fields.get("certificate_number") is not None:
        born = birth_date(fields.get("certificate_type", "id_card"), fields["certificate_number"])
        age = (
            _age(born, entered_on if entered_on and entered_on < today else today)
            if born is not None
            else age_of_majority
        )
        if age < age_min:
            found.append(Found("under_age", "certificate_number"))
        elif age < age_of_majority:
            found.append(Found("minor", "certificate_number"))
    if entered_on is not None and entered_on > today:
        found.append(Found("date_future", "entered_on"))
    if exited_on is not None and exited_on > today:
        found.append(Found("date_future", "exited_on"))
    return found


def judge_sheet(
    sheet: str,
    rows: Sequence[Sequence[Cell]],
    layout: Layout,
    merged: Sequence[Merged],
    hidden: frozenset[int],
    context: Context,
) -> Iterator[Row]:
    """The people of one sheet, below its header. Totals, notes, empty rows and repeated headers are nobody."""
    at, width = layout.fields, 1 + max(layout.fields.values())
    name_at, number_at, team_at, phone_at = (at.get(name, -1) for name in _OF_A_PERSON)
    shared_cells = itemgetter(*(at.get(name, -1) for name in _SHARED))
    read_shared = lru_cache(maxsize=4096, typed=True)(partial(_read_shared, context))
    under = _teams_under(merged, at.get("team"), rows)
    team: Cell = ""
    for index in range(layout.last + 1, len(rows)):
        row = rows[index]
        # What has no column is at -1, and empty.
        told = [*row, ""] if len(row) >= width else [*row, *[""] * (width + 1 - len(row))]
        name, number, own = told[name_at], told[number_at], told[team_at]
        is_sure = _SIX_DIGITS(number if isinstance(number, str) else text_of(number))
        if not is_sure and (_is_nobody(row, name, number, context.words) or is_header_again(row, layout)):
            continue
        filled = False
        if is_empty(own):
            filled = index not in under and not is_empty(team)
            own = team if filled else under.get(index, "")
        team = own
        shared = read_shared(own, *shared_cells(told))
        judged = Row(sheet, index + 1, row, shared.fields.copy(), shared.found.copy())
        if filled:
            judged.found.append(Found("team_filled", "team"))
        if index in hidden:
            judged.found.append(Found("hidden_row", None))
        _read(judged, name, number, told[phone_at], context)
        yield judged


def judge_together(rows: Sequence[Row]) -> None:
    """What shows only beside other rows: the same person twice, one number under two names, one name with two
    numbers. The first row of a number keeps its place."""
    by_number: dict[tuple[str, str], Row] = {}
    by_name: dict[str, Row] = {}
    for row in rows:
        certificate = row.certificate
        if certificate is None:
            continue
        name = row.fields.get("name")
        first = by_number.setdefault(certificate, row)
        if first is not row:
            same = first.fields.get("name") == name
            row.found.append(
                Found("duplicate_row" if same else "two_names", "certificate_number", first.number)
            )
            continue
        namesake = by_name.setdefault(name, row) if name else row
        if namesake is not row:
            row.found.append(Found("two_numbers", "name", namesake.number))


def company_above(layout: Layout) -> str | None:
    """The company's code that the lines above the header name, if it is sound."""
    for text in layout.above:
        for code in _COMPANY_CODE.findall(cells.half_width(text).upper()):
            if company_problem(code) is None:
                return str(code)
    return None


def _read_shared(
    context: Context,
    team: Cell,
    typed: Cell,
    company: Cell,
    trade: Cell,
    role: Cell,
    entered_on: Cell,
    exited_on: Cell,
    dormitory: Cell,
    contract: Cell,
    *yes_no: Cell,
) -> Row:
    """What a row says apart from who it is, as the rows of many people say it in the same words."""
    row, words, epoch_1904 = Row("", 0, ()), context.words, context.epoch_1904
    _read_listed(row, "certificate_type", typed, "certificate_type_unknown", words.value)
    _read_company(row, company, context)
    row.take("team", cells.read_text(team, limits.TEAM_MAX, "team_long"), "team_missing")
    _read_trade(row, trade, role, words)
    row.take("entered_on", cells.read_date(entered_on, epoch_1904, words), "entered_on_missing")
    row.take("exited_on", cells.read_date(exited_on, epoch_1904, words))
    row.take("dormitory", cells.read_text(dormitory, limits.ROOM_MAX, "dormitory_long"))
    _read_listed(row, "contract", contract, "contract_unknown", words.value)
    for name, cell in zip(_YES_NO, yes_no, strict=True):
        _read_listed(row, name, cell, "yes_no_unknown", _yes_no(words))
    entered, exited = row.fields.get("entered_on"), row.fields.get("exited_on")
    if entered is not None and exited is not None and exited < entered:
        row.found.append(Found("exit_before_entry", "exited_on"))
    return row


def _read(row: Row, name: Cell, number: Cell, phone: Cell, context: Context) -> None:
    """What a row says of one person alone, beside what it shares with others."""
    row.take("name", cells.read_name(name))
    _read_number(row, number, context)
    row.take("phone", cells.read_phone(phone))
    row.found += person_problems(row.fields, context.today, context.age_min, context.age_of_majority)


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
        # A text cell may say the truth (one in a thousand does); of a CSV file nobody knows what wrote it.
        told = "certificate_rounded" if context.from_csv else "certificate_maybe_rounded"
        row.found.append(Found(told, "certificate_number"))


def _read_company(row: Row, cell: Cell, context: Context) -> None:
    row.fields["company"] = context.company
    if is_empty(cell):
        return
    text = cells.half_width(text_of(cell)).upper().replace(" ", "")
    if plain(text) in context.names or text == context.company:
        return
    problem = company_problem(text) if _COMPANY_CODE.fullmatch(text) else None
    row.found.append(Found(problem or "company_not_yours", "company"))


def _read_trade(row: Row, trade: Cell, role: Cell, words: Words) -> None:
    code, is_known = ("000", True) if is_empty(trade) else cells.read_trade(trade, words)
    if is_empty(trade):
        row.found.append(Found("trade_missing", "trade"))
    elif not is_known:
        row.found.append(Found("trade_unknown", "trade"))
    row.fields["trade"] = code
    row.fields["role"] = "manager" if code == _MANAGER_TRADE else "worker"
    if not is_empty(role):
        told = words.value("role", text_of(role))
        if told is None:
            row.found.append(Found("role_unknown", "role"))
        else:
            row.fields["role"] = told


def _read_listed(row: Row, name: str, cell: Cell, problem: str, value_of: Callable[[str, str], Any]) -> None:
    if is_empty(cell):
        return
    value = value_of(name, text_of(cell))
    if value is None:
        row.found.append(Found(problem, name))
    else:
        row.fields[name] = value


def _yes_no(words: Words) -> Callable[[str, str], bool | None]:
    def value_of(_: str, text: str) -> bool | None:
        if words.says("yes", text):
            return True
        return False if words.says("no", text) else None

    return value_of


def _cell(row: Sequence[Cell], index: int | None) -> Cell:
    return row[index] if index is not None and index < len(row) else ""


def _is_nobody(row: Sequence[Cell], name: Cell, number: Cell, words: Words) -> bool:
    """Empty rows, totals (合计), and notes below the table (制表人: …). Whoever has a number otherwise is somebody."""
    written = [text_of(cell) for cell in row if not is_empty(cell)]
    if not written:
        return True
    if any(words.says("total", re.split(r"[::\d]", text)[0]) for text in written[:3]):
        return True
    if not is_empty(number):
        return False
    return (is_empty(name) and len(written) <= 2) or len(written) == 1 or ":" in plain(text_of(name))


def _teams_under(
    merged: Sequence[Merged], column: int | None, rows: Sequence[Sequence[Cell]]
) -> dict[int, Cell]:
    """By row, the team that a merged cell over several rows gives to the rows below its first."""
    teams: dict[int, Cell] = {}
    for top, left, bottom, right in merged:
        if column is not None and left <= column <= right and top < len(rows):
            teams.update((index, _cell(rows[top], left)) for index in range(top + 1, bottom + 1))
    return teams


def _age(born: date, on: str) -> int:
    year, month, day = _numbers(on)
    return year - born.year - ((month, day) < (born.month, born.day))


@lru_cache(maxsize=256)
def _numbers(on: str) -> tuple[int, ...]:
    return tuple(map(int, on.split("-")))
