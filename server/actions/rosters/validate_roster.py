"""Read an uploaded roster and validate it: what the preview shows. Nothing of the site's roster changes here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.limits import COLUMN_TITLE_MAX, ROSTER_PEOPLE_MAX, ROSTER_SHEETS_MAX
from server.actions.reference.load_reference import rules_in_force
from server.base.problems import Problem
from server.base.seal import aad_of
from server.files.problems import too_long, too_many_sheets
from server.files.read_workbook import Sheet, Workbook
from server.models.roster import Roster, RosterTitle
from server.models.site import Company, Site
from server.rules.calendar import local_date_of
from server.rules.rosters.cells import Cell, is_empty
from server.rules.rosters.fields import required_columns
from server.rules.rosters.layout import (
    Column,
    Layout,
    continued,
    doubted,
    find_layout,
    without_empty_dates,
)
from server.rules.rosters.other_sheets import other_sheet
from server.rules.rosters.questions import samples
from server.rules.rosters.tables import join_digits, side_by_side, split_lines
from server.rules.rosters.teams import team_above, team_heading, team_in
from server.rules.rosters.validate import (
    Context,
    Row,
    Table,
    validate_sheet,
    validate_together,
)
from server.rules.rosters.words import Words, plain, plain_title

_STEP = 5_000  # rows between two reports of progress
SKIPPED = {
    "hidden": "这张表是隐藏的, 没有读取。",
    "no_table": "没有人员表头, 也看不出证件号码, 没有读取。",
    "no_numbers": "没有证件号码这一列, 不当作名册, 没有读取。",
    "not_chosen": "各列都选了“不读取”。",
    "transposed": "这张表横竖颠倒: 列名在左边, 每一列是一个人。请复制后用“选择性粘贴 - 转置”放到新表, 再上传。",
    "attendance": "这是按日期记录的考勤表, 没有证件号码, 不是名册。请上传有姓名和证件号码的花名册。",
}
_REFUSED = ("transposed", "attendance")  # what a whole file is, that is nothing else

Chosen = dict[tuple[int, int], str]  # (sheet, column) → field ("": not read), as a user chose


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a file is validated by, read from the database beforehand."""

    context: Context
    remembered: Mapping[str, str]  # what titles mean in this company's files
    chosen: Chosen
    given: Mapping[str, str] = field(
        default_factory=dict
    )  # what the user gave for all rows, by field without a column


@dataclass(frozen=True, slots=True)
class Validated:
    """A file as read: its tables by index, and either questions about columns or the rows with their sheets.

    `skipped`: by sheet, why it was not read, a key of SKIPPED; `passed_over`: by sheet, the numbers of rows that
    name nobody.
    """

    workbook: Workbook
    layouts: list[tuple[int, Layout]]
    skipped: dict[int, str]
    questions: list[dict[str, Any]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    passed_over: dict[int, list[int]] = field(default_factory=dict)


def grounds_of(
    session: Session, roster: Roster, chosen: Chosen, now_ms: int, given: Mapping[str, str] | None = None
) -> Grounds:
    """What this roster is validated by, as of now."""
    book, today = rules_in_force(session), local_date_of(now_ms)
    query = sa.select(RosterTitle.title, RosterTitle.field).where(RosterTitle.company == roster.company)
    known = session.get(Company, roster.company)
    names = frozenset((plain(known.name),)) if known is not None else frozenset[str]()
    asked, limits = asked_at(session, roster.site_id, today), book.person_limits(today)
    context = Context(today, roster.company, names, book.words(today), limits, asked=asked)
    return Grounds(context, dict(session.execute(query).all()), chosen, given or {})


def asked_at(session: Session, site_id: str, today: str) -> frozenset[str]:
    """The fields of a person for which a site asks, of those in which kinds of sites differ."""
    return rules_in_force(session).asks_of_person(session.get_one(Site, site_id).kind, today)


def validate_file(workbook: Workbook, grounds: Grounds, progress: Callable[[int, int], None]) -> Validated:
    """Find the tables of a file and validate every row, alone and together with the others. Where the reader is
    unsure, ask about the columns instead. `progress` receives (rows done, rows there are). Raises Problem 422.

    Needs no database, and takes a second or two for a large file.
    """
    workbook = _table_by_table(workbook, grounds.context.words)
    layouts, skipped = _lay_out(workbook, grounds)
    validated = Validated(workbook, layouts, skipped, _questions(layouts, workbook))
    if validated.questions:
        return validated
    from_csv = workbook.kind == "csv"
    context = replace(grounds.context, epoch_1904=workbook.epoch_1904, from_csv=from_csv)
    total = sum(len(workbook.sheets[index].rows) - layout.last - 1 for index, layout in layouts)
    rows = validated.rows
    for index, layout in layouts:
        sheet, passed_over = workbook.sheets[index], validated.passed_over.setdefault(index, [])
        table = Table(sheet.name, sheet.rows, sheet.merged, sheet.hidden.rows)
        for row in validate_sheet(table, layout, context, passed_over):
            rows.append(row)
            if len(rows) % _STEP == 0:
                progress(len(rows), total)
                _check_length(rows)
        validated.places.extend([index] * (len(rows) - len(validated.places)))
        passed_over += (
            at + 1 for at in sheet.hidden.errors if at > layout.last and _is_blank(sheet.rows, at)
        )
        passed_over.sort()
    _check_length(rows)
    validate_together(rows)
    return validated


def remember_titles(session: Session, roster: Roster, validated: Validated, grounds: Grounds) -> None:
    """Keep what a user chose for titles, for this company's next file. A known title keeps its meaning: another choice
    holds for this file only."""
    known = grounds.context.words.titles
    for index, layout in validated.layouts:
        for column in layout.columns:
            title, chosen = (
                plain_title(column.title)[:COLUMN_TITLE_MAX],
                grounds.chosen.get((index, column.index)),
            )
            parts = {title, *map(plain_title, column.title.split())}
            if title and chosen is not None and known.keys().isdisjoint(parts):
                session.merge(RosterTitle(company=roster.company, title=title, field=chosen))
    session.flush()


def file_aad(roster_id: str) -> bytes:
    return aad_of("roster", roster_id, "file")


def _lay_out(workbook: Workbook, grounds: Grounds) -> tuple[list[tuple[int, Layout]], dict[int, str]]:
    """The sheets that are tables of people, and why others are skipped, by their index in the file.

    1. A sheet without a header goes on where the table before it ends, if its numbers are in the same column.
    2. A user may skip a sheet by having none of its columns read.
    3. When another sheet is sure, one without numbers (an attendance list) is no roster; one that lacks something
       else (a list to be signed) may be one, and is asked about.
    4. A file of nothing but a sheet that is known to be something else is refused as that.
    """
    words, known = grounds.context.words, grounds.remembered
    required = required_columns(grounds.context.asked)
    found, skipped = [], {}
    before: Layout | None = None
    for index, sheet in enumerate(workbook.sheets):
        layout = None
        if sheet.visible:
            layout = find_layout(sheet.rows, sheet.merged, words, known, required)
        if layout is not None and layout.first < 0 and before is not None:
            layout = continued(sheet.rows, before) or layout
        if layout is None or "certificate_number" not in layout.fields:
            other = other_sheet(sheet.rows, words) if sheet.visible else None
            if other is not None:
                skipped[index] = other
                continue
        if layout is None:
            if any(map(_is_written, sheet.rows)):
                skipped[index] = "no_table" if sheet.visible else "hidden"
            continue
        layout = _with_surroundings(without_empty_dates(layout, sheet.rows), sheet, words)
        before = layout if layout.first >= 0 else before
        layout = _with_chosen(layout, index, grounds)
        if layout.fields:
            found.append((index, layout))
        else:
            skipped[index] = "not_chosen"
    if not found and (known_as := next((code for code in skipped.values() if code in _REFUSED), None)):
        raise Problem(f"sheet_is_{known_as}", SKIPPED[known_as])
    if not found and "not_chosen" not in skipped.values():
        detail = "没有找到表头。请在人员上方保留一行列名, 至少有“姓名”和“证件号码”。"
        raise Problem("header_not_found", detail)
    if any(layout.sure for _, layout in found):
        skipped |= {
            index: "no_numbers" for index, layout in found if "certificate_number" not in layout.fields
        }
    if any(layout.sure and not layout.lacking for _, layout in found):
        asked_already = {index for index, _ in grounds.chosen}
        found = [
            (index, doubted(layout) if layout.lacking and index not in asked_already else layout)
            for index, layout in found
        ]
    return [(index, layout) for index, layout in found if index not in skipped], skipped


def _table_by_table(workbook: Workbook, words: Words) -> Workbook:
    """The workbook with each of several tables on a sheet as a sheet of its own, its cells where they were, and with
    numbers and lines that were written oddly as a table has them. Raises Problem 422 for too many tables."""
    sheets: list[Sheet] = []
    for sheet in workbook.sheets:
        lines = split_lines(sheet.rows)
        if lines is not None:
            sheet = replace(sheet, rows=lines)
        joined = join_digits(sheet.rows)
        if joined is not None:
            merged = [area for area in sheet.merged if not area[1] <= joined.column <= area[3]]
            sheet = replace(sheet, rows=joined.rows, merged=merged, doubted=joined.column)
        blocks = side_by_side(sheet.rows, words)
        sheets += [_part(sheet, block) for block in blocks] or [sheet]
    if len(sheets) > ROSTER_SHEETS_MAX:
        raise too_many_sheets(ROSTER_SHEETS_MAX)
    return replace(workbook, sheets=sheets)


def _part(sheet: Sheet, columns: range) -> Sheet:
    """One table of several: what is in other columns left out, but for lines over them all."""
    rows = [
        [cell if index in columns else "" for index, cell in enumerate(row)]
        if sum(map(_is_filled, row)) > 1
        else row
        for row in sheet.rows
    ]
    return replace(sheet, rows=rows)


def _is_filled(cell: Cell) -> bool:
    return not is_empty(cell)


def _with_surroundings(layout: Layout, sheet: Sheet, words: Words) -> Layout:
    """The layout with the team that the sheet names, and what is doubted of its columns."""
    if "team" not in layout.fields:
        team = team_above(layout.above, words) or team_in(sheet.name, words) or ""
        grouped = any(team_heading(row, words) is not None for row in sheet.rows[layout.last + 1 :])
        layout = replace(layout, team=team, grouped=grouped)
    columns = (replace(one, sure=one.sure and one.index != sheet.doubted) for one in layout.columns)
    return replace(layout, columns=tuple(columns))


def _is_blank(rows: Sequence[Sequence[Cell]], at: int) -> bool:
    return at >= len(rows) or not _is_written(rows[at])


def _is_written(row: Sequence[Cell]) -> bool:
    return any(not is_empty(cell) for cell in row)


def _check_length(rows: list[Row]) -> None:
    if len(rows) > ROSTER_PEOPLE_MAX:
        raise too_long()


def _questions(layouts: list[tuple[int, Layout]], workbook: Workbook) -> list[dict[str, Any]]:
    """Every column of the sheets of which the reader is unsure, as a user is asked about them."""
    return [
        {
            "sheet": index,
            "sheet_name": workbook.sheets[index].name,
            "column": column.index,
            "title": column.title[:COLUMN_TITLE_MAX],
            "field": column.field,
            "sure": column.sure,
            "samples": samples(workbook.sheets[index].rows, layout, column.index),
        }
        for index, layout in layouts
        if not layout.sure
        for column in layout.columns
    ]


def _with_chosen(layout: Layout, sheet: int, grounds: Grounds) -> Layout:
    """The layout as a user wants it: what was chosen is sure, what it displaces is unknown, and what the user gave
    for all rows is true where no column says it."""
    mine = {column: field for (index, column), field in grounds.chosen.items() if index == sheet}
    given = {
        name: value for name, value in grounds.given.items() if name not in {*layout.fields, *mine.values()}
    }
    layout = replace(layout, given=given)
    if not mine:
        return layout
    columns = []
    for column in layout.columns:
        if column.index in mine:
            columns.append(Column(column.index, column.title, mine[column.index] or None, True))
        else:
            displaced = column.field in mine.values()
            columns.append(Column(column.index, column.title, None if displaced else column.field, True))
    return replace(layout, columns=tuple(columns), asked=True)
