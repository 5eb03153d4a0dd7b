"""Keep what was read of a roster's file: its preview with all that was not read, or the questions about its columns."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from schemas.limits import COLUMN_TITLE_MAX
from server.actions.rosters.preview import ValidatedSheet, keep_compared
from server.actions.rosters.validate_roster import SKIPPED, Grounds, Validated
from server.base.seal import Seals
from server.models.roster import Roster
from server.rules.rosters.cells import is_empty
from server.rules.rosters.fields import FIELDS
from server.rules.rosters.unread import COLUMNS, ROWS, unread_columns, why_nobody
from server.rules.rosters.validate import company_above

_LISTED_MAX = 20  # rows of a sheet that name nobody, listed one by one


def keep_validated(
    session: Session, seals: Seals, roster: Roster, validated: Validated, grounds: Grounds, now_ms: int
) -> None:
    """Keep the preview, or the questions.

    The rows are compared with the roster of this company at this site, and with those of all others (only whether
    somebody is there, never where).
    """
    if validated.questions:
        roster.state = "mapping"
        roster.details = {
            "columns": validated.questions,
            "needed": _needed(validated),
            "skipped": _skipped(validated),
        }
        return
    above = {code for _, layout in validated.layouts if (code := company_above(layout)) is not None}
    roster.details = {
        "company_above_differs": bool(above - {roster.company}),
        "skipped": _skipped(validated),
        "passed_over": _passed_over(validated, grounds),
        "unread_columns": _unread_columns(validated, grounds),
        "hidden_columns": _hidden_columns(validated),
    }
    sheets = [_sheet(index, validated) for index in range(len(validated.workbook.sheets))]
    keep_compared(session, seals, roster, sheets, validated.places, validated.rows)
    roster.state, roster.judged_ms, roster.problem = "preview", now_ms, None


def _needed(validated: Validated) -> list[dict[str, Any]]:
    """What has no column in the sheets that are asked about."""
    return [
        {
            "sheet": index,
            "sheet_name": validated.workbook.sheets[index].name,
            "field": name,
            "title": FIELDS[name],
        }
        for index, layout in validated.layouts
        if not layout.sure
        for name in layout.lacking
    ]


def _skipped(validated: Validated) -> list[dict[str, Any]]:
    """The sheets that were not read, each with the reason and how many rows it has."""
    sheets = validated.workbook.sheets
    return [
        {
            "sheet": index,
            "sheet_name": sheets[index].name,
            "code": code,
            "message": SKIPPED[code],
            "rows": sum(any(not is_empty(cell) for cell in row) for row in sheets[index].rows),
        }
        for index, code in sorted(validated.skipped.items())
    ]


def _passed_over(validated: Validated, grounds: Grounds) -> list[dict[str, Any]]:
    """The rows that name nobody, by sheet and reason: how many, and the first of them (from 1)."""
    layouts, found = dict(validated.layouts), []
    for index, numbers in validated.passed_over.items():
        sheet, by_code = validated.workbook.sheets[index], dict[str, list[int]]()
        for number in numbers:
            row = sheet.rows[number - 1] if number <= len(sheet.rows) else []
            by_code.setdefault(why_nobody(row, layouts[index], grounds.context.words), []).append(number)
        found += [
            {
                "sheet": index,
                "sheet_name": sheet.name,
                "code": code,
                "message": ROWS[code],
                "count": len(rows),
                "rows": rows[:_LISTED_MAX],
            }
            for code, rows in by_code.items()
        ]
    return found


def _unread_columns(validated: Validated, grounds: Grounds) -> list[dict[str, Any]]:
    """The columns that nobody read, by sheet and reason, with their titles."""
    found = []
    for index, layout in validated.layouts:
        sheet, by_code = validated.workbook.sheets[index], dict[str, list[dict[str, Any]]]()
        chosen = {column for at, column in grounds.chosen if at == index}
        words = grounds.context.words
        for column in unread_columns(layout, sheet.rows, words, grounds.remembered, chosen):
            one = {"column": column.at, "title": column.title[:COLUMN_TITLE_MAX]}
            by_code.setdefault(column.code, []).append(one)
        found += [
            {
                "sheet": index,
                "sheet_name": sheet.name,
                "code": code,
                "message": COLUMNS[code],
                "columns": columns,
            }
            for code, columns in by_code.items()
        ]
    return found


def _hidden_columns(validated: Validated) -> list[dict[str, Any]]:
    """The columns that were read although the spreadsheet hides them."""
    return [
        {
            "sheet": index,
            "sheet_name": sheet.name,
            "column": column.index,
            "title": column.title[:COLUMN_TITLE_MAX],
        }
        for index, layout in validated.layouts
        for sheet in (validated.workbook.sheets[index],)
        for column in layout.columns
        if column.field and column.index in sheet.hidden.columns
    ]


def _sheet(index: int, validated: Validated) -> ValidatedSheet:
    columns = next((layout.columns for at, layout in validated.layouts if at == index), ())
    triples = [(column.index, column.title, column.field) for column in columns]
    return ValidatedSheet(validated.workbook.sheets[index].name, triples)
