"""The preview of a roster as it is kept, sealed: the rows as they were read and validated, with what is stored now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import zstandard
from sqlalchemy.orm import Session

from server.actions.rosters.stored_people import active_elsewhere, seen_since, stored_people
from server.base.problems import Problem
from server.base.seal import Seals, aad_of
from server.models.roster import Roster
from server.rules.rosters.cells import Cell
from server.rules.rosters.compare import FOUND_BY_COMPARISON, VERDICTS, Stored, compare, exits
from server.rules.rosters.problems import CATALOGUE, Found
from server.rules.rosters.validate import Row

_QUICK = 1  # zstd's level: a tenth of the size in a few milliseconds
PROBLEMS_MAX = 100  # shown with the roster itself; the rest with its rows


class ValidatedRow(msgspec.Struct, array_like=True):
    """One row as it is kept: its sheet and number, its cells as they came, the fields read, (code, field, other row) found,
    the verdict, and for a changed person what changes."""

    sheet: int
    number: int
    cells: list[Any]
    fields: dict[str, Any]
    found: list[tuple[str, str | None, int | None]]
    verdict: str = ""
    changes: dict[str, Any] = {}


class ValidatedSheet(msgspec.Struct, array_like=True):
    """One sheet as it was understood: (index, title, field) of each column; field None: unknown, "": not read."""

    name: str
    columns: list[tuple[int, str, str | None]]


class Absent(msgspec.Struct, array_like=True):
    """Somebody who is stored and here: their record, and what people know them by."""

    record: str
    name: str
    certificate_number: str = ""
    team: str = ""
    entered_on: str = ""


class Planned(msgspec.Struct, array_like=True):
    """One entry that a commit writes: of the row at this index, or that somebody absent left (-1); of which record, from
    which version (both empty for a new person)."""

    row: int
    record: str = ""
    base: int | None = None


class Result(msgspec.Struct):
    """What was read of a file and what the rules say of it. `planned`, once a commit has begun: all that it writes, in
    order."""

    sheets: list[ValidatedSheet]
    rows: list[ValidatedRow]
    absent: list[Absent]  # people that are stored and that no row names
    planned: list[Planned] = []


def compare_again(session: Session, seals: Seals, roster: Roster) -> None:
    """The preview again: the rows as they were read, compared with what is stored now."""
    kept = read_result(seals, roster)
    places = [row.sheet for row in kept.rows]
    keep_compared(session, seals, roster, kept.sheets, places, rows_read(kept))


def rows_read(result: Result) -> list[Row]:
    """The rows of a preview as they were before they were compared with what is stored."""
    return [
        Row(
            result.sheets[row.sheet].name,
            row.number,
            row.cells,
            row.fields,
            [Found(*one) for one in row.found if one[0] not in FOUND_BY_COMPARISON],
        )
        for row in result.rows
    ]


def keep_compared(
    session: Session,
    seals: Seals,
    roster: Roster,
    sheets: list[ValidatedSheet],
    places: Sequence[int],
    rows: Sequence[Row],
) -> None:
    """Keep the preview: each row of the sheet at `places` compared with what this company has at the site, and with what
    all others have (only whether somebody is there, never where)."""
    stored = stored_people(session, seals, roster.site_id, roster.company)
    done = compare(rows, stored, seen_since(session, roster.site_id, exits(rows, stored)))
    here = [row for row in rows if not row.rejected and "exited_on" not in row.fields]
    numbers = {row.certificate for row in here if row.certificate is not None}
    doubled = active_elsewhere(session, seals, roster.site_id, roster.company, numbers)
    for row in here if doubled else ():
        if row.certificate in doubled:
            row.found.append(Found("active_elsewhere", "certificate_number"))
    result = Result(
        sheets,
        [
            ValidatedRow(
                index, row.number, _plain_cells(row.cells), row.fields, list(row.found), verdict, changes
            )
            for index, row, verdict, changes in zip(places, rows, done.verdicts, done.changes, strict=True)
        ],
        [_absent(person) for person in done.absent],
    )
    counted = Counter(done.verdicts)
    warned = sum(bool(row.found) and not row.rejected for row in rows)
    roster.counts = {
        **{name: counted[name] for name in VERDICTS},
        "warned": warned,
        "absent": len(done.absent),
        "done": len(rows),
        "rows": len(rows),
    }
    roster.result = sealed_result(seals, roster.id, result)
    roster.details = {**roster.details, **_first_problems(result)}


def sealed_result(seals: Seals, roster_id: str, result: Result) -> bytes:
    """The result as it is kept."""
    packed = zstandard.compress(msgspec.json.encode(result), _QUICK)
    return seals.seal(result_aad(roster_id), packed)


def read_result(seals: Seals, roster: Roster) -> Result:
    """What `validate_roster` kept. Raises Problem 409 while there is nothing yet, or when it was deleted by rule."""
    if roster.result is None:
        raise Problem("roster_not_judged", "请稍后再看; 已过保留期的请重新上传。")
    packed = seals.open(result_aad(roster.id), roster.result)
    text = packed if packed.startswith(b"{") else zstandard.decompress(packed)  # earlier ones were not packed
    return msgspec.json.decode(text, type=Result)


def result_aad(roster_id: str) -> bytes:
    return aad_of("roster", roster_id, "result")


def _absent(person: Stored) -> Absent:
    fields = person.fields
    return Absent(
        person.id, fields["name"], fields["certificate_number"], fields.get("team", ""), fields["entered_on"]
    )


def _first_problems(result: Result) -> dict[str, Any]:
    """Of everything found the first, errors before warnings, as anybody may read it: (sheet, row, column's title, field,
    code); and how much there is."""
    problems: dict[str, list[tuple[str, int, str | None, str | None, str]]] = {"error": [], "warning": []}
    titles = [{name: title for _, title, name in sheet.columns if name} for sheet in result.sheets]
    for row in result.rows:
        for code, name, _ in row.found:
            title = titles[row.sheet].get(name) if name is not None else None
            problems[CATALOGUE[code].weight].append(
                (result.sheets[row.sheet].name, row.number, title, name, code)
            )
    found = problems["error"] + problems["warning"]
    return {"problems": found[:PROBLEMS_MAX], "problems_total": len(found)}


def _plain_cells(cells: Sequence[Cell]) -> list[Any]:
    """Cells as JSON keeps them: dates as text, trailing empty ones left out."""
    last = max((index for index, cell in enumerate(cells) if cell != ""), default=-1)
    return [cell if isinstance(cell, str | float | int) else str(cell) for cell in cells[: last + 1]]
