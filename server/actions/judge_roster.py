"""Read an uploaded roster and judge it: what the preview shows. Nothing of the site's roster changes here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.load_reference import rules_in_force
from server.actions.read_workbook import Workbook
from server.actions.stored_people import active_elsewhere, stored_people
from server.models.roster import Roster, RosterTitle
from server.models.site import Company
from server.problems import Problem
from server.rules.calendar import local_date_of
from server.rules.roster.cells import Cell
from server.rules.roster.compare import VERDICTS, compare
from server.rules.roster.judge import Context, Row, company_above, judge_sheet, judge_together
from server.rules.roster.layout import Column, Layout, find_layout
from server.rules.roster.problems import Found
from server.rules.roster.words import plain, plain_title
from server.seal import Seals, place

ROWS_MAX = 50_000
_TITLE_MAX = 100
_STEP = 5_000  # rows between two reports of progress


class JudgedRow(msgspec.Struct, array_like=True):
    """One row as it is kept: where it stands, its cells as they came, the fields read, (code, field, other row) found,
    the verdict, and for a changed person what changes."""

    sheet: int
    number: int
    cells: list[Any]
    fields: dict[str, Any]
    found: list[tuple[str, str | None, int | None]]
    verdict: str = ""
    changes: dict[str, Any] = {}


class JudgedSheet(msgspec.Struct, array_like=True):
    """One sheet as it was understood: (place, title, field) of each column; field None: unknown, "": not read."""

    name: str
    columns: list[tuple[int, str, str | None]]


class Result(msgspec.Struct):
    """What was read of a file and what the rules say of it."""

    sheets: list[JudgedSheet]
    rows: list[JudgedRow]
    absent: list[tuple[str, str]]  # record and name of people that are stored and that no row names


Chosen = dict[tuple[int, int], str]  # (sheet, column) → field ("": not read), as a person chose


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a file is judged by, read from the database beforehand."""

    context: Context
    remembered: Mapping[str, str]  # what titles mean in this company's files
    chosen: Chosen


@dataclass(frozen=True, slots=True)
class Judged:
    """A file as read: its tables by place, and either questions about columns or the rows with their sheets."""

    workbook: Workbook
    layouts: list[tuple[int, Layout]]
    questions: list[dict[str, Any]]
    rows: list[Row]
    places: list[int]


def grounds_of(session: Session, roster: Roster, chosen: Chosen, now_ms: int) -> Grounds:
    """What this roster is judged by, as of now."""
    book, today = rules_in_force(session), local_date_of(now_ms)
    query = sa.select(RosterTitle.title, RosterTitle.field).where(RosterTitle.company == roster.company)
    known = session.get(Company, roster.company)
    names = frozenset((plain(known.name),)) if known is not None else frozenset[str]()
    context = Context(today, roster.company, names, book.words(today), *book.ages(today))
    return Grounds(context, dict(session.execute(query).all()), chosen)


def judge_file(workbook: Workbook, grounds: Grounds, progress: Callable[[int, int], None]) -> Judged:
    """Find the tables of a file and judge every row, alone and beside the others; ask about the columns instead where
    the reader is unsure. `progress` is told (rows done, rows there are). Raises Problem 422.

    Needs no database, and takes a second or two for a large file.
    """
    layouts = _lay_out(workbook, grounds)
    questions = _questions(layouts, workbook)
    if questions:
        return Judged(workbook, layouts, questions, [], [])
    from_csv = workbook.kind == "csv"
    context = replace(grounds.context, epoch_1904=workbook.epoch_1904, from_csv=from_csv)
    total = sum(len(workbook.sheets[index].rows) - layout.last - 1 for index, layout in layouts)
    rows: list[Row] = []
    places: list[int] = []
    for index, layout in layouts:
        sheet = workbook.sheets[index]
        for row in judge_sheet(sheet.name, sheet.rows, layout, sheet.merged, sheet.hidden_rows, context):
            rows.append(row)
            if len(rows) % _STEP == 0:
                progress(len(rows), total)
                _check_length(rows)
        places += [index] * (len(rows) - len(places))
    _check_length(rows)
    judge_together(rows)
    return Judged(workbook, layouts, [], rows, places)


def keep_judged(session: Session, seals: Seals, roster: Roster, judged: Judged, now_ms: int) -> None:
    """Write down the preview, or the questions.

    The rows are compared with the roster of this company at this site, and with those of all others (only whether
    somebody is there, never where).
    """
    if judged.questions:
        roster.state, roster.told = "mapping", {"columns": judged.questions}
        return
    rows = judged.rows
    done = compare(rows, stored_people(session, seals, roster.site_id, roster.company))
    new = [row for row, verdict in zip(rows, done.verdicts, strict=True) if verdict == "new"]
    numbers = {row.certificate for row in new if row.certificate is not None}
    doubled = active_elsewhere(session, seals, roster.site_id, roster.company, numbers)
    for row in new:
        if row.certificate in doubled:
            row.found.append(Found("active_elsewhere", "certificate_number"))
    result = Result(
        [_sheet(index, judged) for index in range(len(judged.workbook.sheets))],
        [
            JudgedRow(
                index, row.number, _plain_cells(row.cells), row.fields, list(row.found), verdict, changes
            )
            for index, row, verdict, changes in zip(
                judged.places, rows, done.verdicts, done.changes, strict=True
            )
        ],
        [(person.id, person.fields["name"]) for person in done.absent],
    )
    counted = Counter(done.verdicts)
    warned = sum(bool(row.found) and not row.rejected for row in rows)
    roster.counts = {
        **{name: counted[name] for name in VERDICTS},
        "warned": warned,
        "absent": len(done.absent),
    }
    roster.counts |= {"done": len(rows), "rows": len(rows)}
    roster.result = seals.seal(result_place(roster.id), msgspec.json.encode(result))
    above = {code for _, layout in judged.layouts if (code := company_above(layout)) is not None}
    roster.told = {"company_above_differs": bool(above - {roster.company})}
    roster.state, roster.judged_ms, roster.problem = "preview", now_ms, None


def remember_titles(session: Session, roster: Roster, judged: Judged, chosen: Chosen) -> None:
    """Keep what a person said of titles, for this company's next file."""
    for index, layout in judged.layouts:
        for column in layout.columns:
            title = plain_title(column.title)[:_TITLE_MAX]
            if (index, column.index) in chosen and title:
                told = RosterTitle(company=roster.company, title=title, field=chosen[index, column.index])
                session.merge(told)
    session.flush()


def read_result(seals: Seals, roster: Roster) -> Result:
    """What `judge_roster` kept. Raises Problem 409 while there is nothing yet, or when it was forgotten by rule."""
    if roster.result is None:
        raise Problem(409, "roster_not_judged", "这份名册还没有读完", "请稍后再看; 已过保留期的请重新上传。")
    return msgspec.json.decode(seals.open(result_place(roster.id), roster.result), type=Result)


def result_place(roster_id: str) -> bytes:
    return place("roster", roster_id, "result")


def file_place(roster_id: str) -> bytes:
    return place("roster", roster_id, "file")


def _lay_out(workbook: Workbook, grounds: Grounds) -> list[tuple[int, Layout]]:
    """The sheets that are tables of people, by their place in the file. Beside one that is sure, a sheet without a
    header is no table."""
    found = []
    for index, sheet in enumerate(workbook.sheets):
        words, known = grounds.context.words, grounds.remembered
        layout = find_layout(sheet.rows, sheet.merged, words, known) if sheet.visible else None
        if layout is not None:
            found.append((index, _with_chosen(layout, index, grounds.chosen)))
    if not found:
        detail = "没有找到表头。请在人员上方保留一行列名, 至少有“姓名”和“证件号码”。"
        raise Problem(422, "header_not_found", "看不出哪些列是姓名和证件号码", detail)
    if any(layout.sure for _, layout in found):
        found = [(index, layout) for index, layout in found if layout.sure or layout.first >= 0]
    return found


def _check_length(rows: list[Row]) -> None:
    if len(rows) > ROWS_MAX:
        detail = f"一个文件最多 {ROWS_MAX} 人, 请分成几个文件。"
        raise Problem(422, "sheet_too_long", "行数太多", detail)


def _questions(layouts: list[tuple[int, Layout]], workbook: Workbook) -> list[dict[str, Any]]:
    """Every column of the sheets of which the reader is unsure, as a person is asked about them."""
    return [
        {
            "sheet": index,
            "sheet_name": workbook.sheets[index].name,
            "column": column.index,
            "title": column.title[:_TITLE_MAX],
            "field": column.field,
            "sure": column.sure,
        }
        for index, layout in layouts
        if not layout.sure
        for column in layout.columns
    ]


def _with_chosen(layout: Layout, sheet: int, chosen: Chosen) -> Layout:
    """The layout as a person wants it: what was chosen is sure, what it displaces is unknown."""
    mine = {column: field for (index, column), field in chosen.items() if index == sheet}
    if not mine:
        return layout
    columns = []
    for column in layout.columns:
        if column.index in mine:
            columns.append(Column(column.index, column.title, mine[column.index] or None, True))
        else:
            displaced = column.field in mine.values()
            columns.append(Column(column.index, column.title, None if displaced else column.field, True))
    return Layout(layout.first, layout.last, tuple(columns), layout.above)


def _sheet(index: int, judged: Judged) -> JudgedSheet:
    columns = next((layout.columns for at, layout in judged.layouts if at == index), ())
    told = [(column.index, column.title, column.field) for column in columns]
    return JudgedSheet(judged.workbook.sheets[index].name, told)


def _plain_cells(cells: Sequence[Cell]) -> list[Any]:
    """Cells as JSON keeps them: dates as text, trailing empty ones left out."""
    last = max((index for index, cell in enumerate(cells) if cell != ""), default=-1)
    return [cell if isinstance(cell, str | float | int) else str(cell) for cell in cells[: last + 1]]
