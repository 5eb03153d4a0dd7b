"""What a viewer sees of uploaded rosters: their list, one of them, its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.rosters.preview import Absent, Result, ValidatedRow, read_result
from server.actions.sites.list_sites import one_site
from server.base.problems import Problem, not_found
from server.base.seal import Seals
from server.models.access import Viewer, visible_rosters
from server.models.paging import After, Page, Slice, cut, read_cursor
from server.models.roster import Roster
from server.models.user import User
from server.rules.masking import mask_certificate, mask_phone
from server.rules.rosters.fields import FIELDS
from server.rules.rosters.layout import Layout
from server.rules.rosters.people_words import shown_to_all
from server.rules.rosters.problems import CATALOGUE
from server.rules.rosters.questions import samples

GROUPS = ("new", "changed", "same", "rejected", "warned", "absent")
_CHANGES_NOT_SHOWN = frozenset(("certificate_type", "certificate_number", "company"))


@dataclass(frozen=True, slots=True)
class ShownProblem:
    """One problem of one row, in words. `column`: the title as written; `field`: what the column means."""

    code: str
    weight: str
    field: str | None
    column: str | None
    message: str
    remedy: str
    source: str


@dataclass(frozen=True, slots=True)
class PlacedProblem(ShownProblem):
    """One problem, with the sheet and the row (as spreadsheets count) where it is."""

    sheet: str
    number: int


@dataclass(frozen=True, slots=True)
class ShownRoster:
    """A roster with the names of those who uploaded and committed it."""

    roster: Roster
    uploaded_by: str
    committed_by: str | None

    @property
    def problems(self) -> list[PlacedProblem]:
        """The first of everything that was found, errors before warnings."""
        return [
            PlacedProblem(**_in_words(code, name, title), sheet=sheet, number=number)
            for sheet, number, title, name, code in self.roster.details.get("problems", [])
        ]


@dataclass(frozen=True, slots=True)
class ShownRow:
    """One row of a preview, identity masked."""

    sheet: str
    number: int | None
    verdict: str
    name: str
    certificate: str
    team: str
    trade: str
    phone: str
    entered_on: str
    record: str | None = None
    changes: list[dict[str, str]] = field(default_factory=list)
    problems: list[ShownProblem] = field(default_factory=list)


def page_of_rosters(
    session: Session, viewer: Viewer, site_id: str, cursor: str | None, limit: int
) -> Page[ShownRoster]:
    """The rosters of a site that the viewer may see, newest first. Raises Problem 404 or 422 (cursor)."""
    one_site(session, viewer, site_id)
    after = read_cursor(cursor)
    query = _rosters().where(Roster.site_id == site_id, visible_rosters(viewer))
    if after is not None:
        query = query.where(Roster.made_ms <= after.ms, Roster.id < after.id)
    rows = session.execute(query.order_by(Roster.made_ms.desc(), Roster.id.desc()).limit(limit + 1)).all()
    page = cut(rows, limit, lambda row: After(row[0].made_ms, row[0].id))
    return Page([ShownRoster(*row) for row in page.items], page.next)


def one_roster(session: Session, viewer: Viewer, roster_id: str) -> ShownRoster:
    """One roster. Raises Problem 404 when it is absent or not this viewer's."""
    row = session.execute(_rosters().where(Roster.id == roster_id, visible_rosters(viewer))).one_or_none()
    if row is None:
        raise not_found()
    return ShownRoster(*row)


def rows_of_roster(
    session: Session, seals: Seals, viewer: Viewer, roster_id: str, group: str, part: Slice
) -> tuple[list[ShownRow], int]:
    """Part of the rows of one group of a preview, and how many the group has. Raises Problem 404, 409 or 422."""
    if group not in GROUPS:
        raise Problem("invalid_input", "没有这一类。", errors={"group": ["没有这一类。"]})
    result = read_result(seals, one_roster(session, viewer, roster_id).roster)
    if group == "absent":
        return [_absent(person) for person in part.of(result.absent)], len(result.absent)
    rows = [row for row in result.rows if _is_in(row, group)]
    return [show_row(result, row) for row in part.of(rows)], len(rows)


def columns_to_choose(seals: Seals, roster: Roster) -> list[dict[str, Any]]:
    """Every column that a user may be asked about, or may want to change, as `keep_validated` keeps them. Raises Problem
    409 when there is none."""
    if roster.state == "mapping":
        columns: list[dict[str, Any]] = roster.details["columns"]
        return columns
    if roster.state != "preview":
        raise Problem("roster_not_open", state=roster.state)
    result = read_result(seals, roster)
    rows = [[row.cells for row in result.rows if row.sheet == index] for index in range(len(result.sheets))]
    below = Layout(-1, -1, ())
    return [
        {
            "sheet": index,
            "sheet_name": sheet.name,
            "column": at,
            "title": title,
            "field": name,
            "sure": True,
            "samples": samples(rows[index], below, at),
        }
        for index, sheet in enumerate(result.sheets)
        for at, title, name in sheet.columns
    ]


def show_row(result: Result, row: ValidatedRow) -> ShownRow:
    """A row as people may see it: the number masked, changes and problems in words."""
    fields, sheet = row.fields, result.sheets[row.sheet]
    number = fields.get("certificate_number")
    titles = {name: title for _, title, name in sheet.columns if name}
    changes = [
        {"field": name, "title": FIELDS[name], "to": _masked(name, value)}
        for name, value in row.changes.items()
        if name not in _CHANGES_NOT_SHOWN
    ]
    return ShownRow(
        sheet.name,
        row.number,
        row.verdict,
        fields.get("name", ""),
        mask_certificate(number) if number else "",
        fields.get("team", ""),
        fields.get("trade", ""),
        mask_phone(fields["phone"]) if fields.get("phone") else "",
        fields.get("entered_on", ""),
        changes=changes,
        problems=[
            ShownProblem(**_in_words(code, name, titles.get(name or ""))) for code, name, _ in row.found
        ],
    )


def _in_words(code: str, name: str | None, title: str | None) -> dict[str, Any]:
    known = CATALOGUE[code]
    column = title or FIELDS.get(name) if name is not None else None
    words = {"message": known.message, "remedy": known.remedy, "source": known.source}
    return {"code": code, "weight": known.weight, "field": name, "column": column, **words}


def _masked(name: str, value: Any) -> str:
    return shown_to_all(name, value, {})


def _absent(person: Absent) -> ShownRow:
    number = mask_certificate(person.certificate_number) if person.certificate_number else ""
    fields = (person.name, number, person.team, "", "", person.entered_on)
    return ShownRow("", None, "absent", *fields, record=person.record)


def _is_in(row: ValidatedRow, group: str) -> bool:
    return bool(row.found) and row.verdict != "rejected" if group == "warned" else row.verdict == group


def _rosters() -> sa.Select[Roster, str, str | None]:
    committer = sa.orm.aliased(User)
    return (
        sa.select(Roster, User.display_name, committer.display_name)
        .join(User, User.id == Roster.user_id)
        .outerjoin(committer, committer.id == Roster.committed_by)
    )
