"""Spreadsheets that people download: the rejected rows of a roster, and a site's roster. No cell can start a formula:
every text is written as text."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session
from xlsxwriter.worksheet import Worksheet

from server.actions.reference.load_reference import rules_in_force
from server.actions.rosters.list_rosters import one_roster
from server.actions.rosters.preview import ValidatedRow, ValidatedSheet, read_result
from server.actions.rosters.stored_people import people_of_site
from server.actions.sites.disclosures import checked_reason, disclose
from server.actions.sites.list_sites import one_site
from server.base.problems import not_found
from server.base.seal import Seals
from server.files.new_workbook import header_format, new_workbook, sheet_name, write_header
from server.models.access import Viewer, may_see_people
from server.models.audit import Deed, record_deed
from server.rules.calendar import local_date_of
from server.rules.rosters.cells import is_empty
from server.rules.rosters.fields import COLUMNS, FIELDS, REQUIRED, shown
from server.rules.rosters.people_words import in_words, shown_to_all
from server.rules.rosters.problems import CATALOGUE

_PROBLEM_TITLES = ("问题", "修改办法")


def problem_file(session: Session, seals: Seals, viewer: Viewer, roster_id: str) -> bytes:
    """The rejected rows as they came, each cell in error marked and commented, to be mended and uploaded again. What must
    be there and has no column gets one. Raises Problem 404, 409.

    A number stays a number: a mangled ID that came back as text would be taken for a sound one.
    """
    result = read_result(seals, one_roster(session, viewer, roster_id).roster)
    buffer = io.BytesIO()
    with new_workbook(buffer) as book:
        bold = header_format(book)
        text = book.add_format({"num_format": "@"})
        wrong = book.add_format(
            {"num_format": "@", "bg_color": "#FDE2E0", "border": 1, "border_color": "#C0392B"}
        )
        for index, sheet in enumerate(result.sheets):
            rows = [row for row in result.rows if row.sheet == index and row.verdict == "rejected"]
            if rows:
                page = book.add_worksheet(sheet_name(f"{index + 1} {sheet.name}"))
                _write_problems(page, sheet, rows, bold, text, wrong)
        if not book.worksheets():
            book.add_worksheet("没有退回的行")
    return buffer.getvalue()


def roster_file(
    session: Session, seals: Seals, viewer: Viewer, site_id: str, reason: str | None, now_ms: int
) -> bytes:
    """The roster of a site as the viewer may see it: masked, or with full numbers for a permitted role that gives a
    reason, which is recorded. Raises Problem 403, 404 or 422."""
    site = one_site(session, viewer, site_id).site
    if not may_see_people(viewer):
        raise not_found()
    if reason is not None:
        reason = checked_reason(viewer, reason)
    company = viewer.company if viewer.role == "contractor" else None
    people = people_of_site(session, seals, site_id, company)
    if reason is not None:
        disclose(session, viewer, site_id, len(people), reason, now_ms)
    else:
        deed = Deed("exported", viewer.id, f"{site.name}: 名册, 号码已遮盖", site.id)
        record_deed(session, deed, now_ms)
    trades = {row["code"]: row["name"] for row in rules_in_force(session).rows["trades"]}
    buffer = io.BytesIO()
    with new_workbook(buffer) as book:
        bold = header_format(book)
        page = book.add_worksheet("名册")
        page.write_string(
            0, 0, f"{site.name} 名册 ({local_date_of(now_ms)}{'' if reason else ', 号码已遮盖'})"
        )
        write_header(page, 1, list(FIELDS.values()), bold)
        for column, one in enumerate(COLUMNS.values()):
            page.set_column(column, column, one.column.width)
        page.freeze_panes(2, 1)
        for row, person in enumerate(people, start=2):
            for column, name in enumerate(FIELDS):
                text = (shown_to_all if reason is None else in_words)(name, person.get(name), trades)
                page.write_string(row, column, text)
    return buffer.getvalue()


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of a sheet of rejected rows: `kept`, its own by index, and `added`, fields in error that have none;
    `at`: by field, its index among them."""

    kept: list[int]
    titles: list[str]
    added: list[str]
    at: dict[str, int]


def _columns(sheet: ValidatedSheet, rows: Sequence[ValidatedRow]) -> _Columns:
    """Columns of messages from an earlier problem file are dropped: the messages are written again."""
    named = {index: title or FIELDS.get(name or "", "") for index, title, name in sheet.columns}
    width = max([len(row.cells) for row in rows] + [index + 1 for index in named])
    filled = {index for row in rows for index, cell in enumerate(row.cells) if cell != ""}
    kept = [
        index
        for index in range(width)
        if named.get(index) not in _PROBLEM_TITLES and (named.get(index) or index in filled)
    ]
    at = {name: kept.index(index) for index, _, name in sheet.columns if name and index in kept}
    lacking = {name for row in rows for code, name, _ in row.found if _weighs(code)}
    if any(code == "certificate_type_missing" for row in rows for code, _, _ in row.found):
        lacking.add("certificate_type")
    lacking |= {
        name for row in rows for name in REQUIRED if name in row.fields
    }  # from a title, or said of all
    added = [name for name in FIELDS if name in lacking and name not in at]
    at |= {name: len(kept) + index for index, name in enumerate(added)}
    titles = [named.get(index, "") for index in kept] + [FIELDS[name] for name in added]
    return _Columns(kept, titles, added, at)


def _write_problems(
    page: Worksheet, sheet: ValidatedSheet, rows: Sequence[ValidatedRow], bold: Any, text: Any, wrong: Any
) -> None:
    columns = _columns(sheet, rows)
    width = len(columns.titles)
    write_header(page, 0, [*columns.titles, *_PROBLEM_TITLES], bold)
    page.set_column(0, width - 1, 16)
    page.set_column(width, width + 1, 48)
    page.freeze_panes(1, 0)
    for line, row in enumerate(rows, start=1):
        errors = [
            (CATALOGUE[code], columns.at.get(name or "")) for code, name, _ in row.found if _weighs(code)
        ]
        marked = {column for _, column in errors}
        for column, cell in enumerate(_cells(row, columns)):
            _write_cell(page, line, column, cell, wrong if column in marked else text)
            if column in marked:
                comments = [known.message + known.remedy for known, at in errors if at == column]
                page.write_comment(line, column, "\n".join(comments), {"x_scale": 2})
        page.write_string(line, width, " ".join(known.message for known, _ in errors))
        page.write_string(line, width + 1, " ".join(known.remedy for known, _ in errors))


def _cells(row: ValidatedRow, columns: _Columns) -> list[Any]:
    """A row's cells as they came, but for what would mean something else in another file: an empty cell that got its
    value from its surroundings (the row above, a merged cell), and a date, whose number counts from the epoch of
    the file that it came from."""
    cells = [row.cells[index] if index < len(row.cells) else "" for index in columns.kept]
    cells += [""] * len(columns.added)
    guessed = {name for code, name, _ in row.found if code == "trade_missing"}
    for name, column in columns.at.items():
        value = row.fields.get(name)
        if value is None or COLUMNS[name].column.known or name in guessed:
            continue
        if COLUMNS[name].reads == "date" or is_empty(cells[column]):
            cells[column] = shown(name, value)
    return cells


def _weighs(code: str) -> bool:
    return CATALOGUE[code].weight == "error"


def _write_cell(page: Worksheet, row: int, column: int, cell: Any, form: Any) -> None:
    if isinstance(cell, bool):
        page.write_boolean(row, column, cell, form)
    elif isinstance(cell, int | float):
        page.write_number(row, column, cell, form)
    else:
        page.write_string(row, column, cell, form)
