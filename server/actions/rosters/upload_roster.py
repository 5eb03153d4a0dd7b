"""Store a contractor's roster file, have it read, and let a user choose what its columns mean."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from schemas.limits import TEAM_MAX
from server.actions.rosters.validate_roster import Chosen, Validated, file_aad
from server.actions.sites.list_sites import one_site
from server.base.problems import Problem, not_found
from server.base.seal import Seals
from server.files.read_workbook import Workbook, read_workbook
from server.models.access import Viewer, may_upload, visible_rosters
from server.models.roster import Roster, RosterTitle
from server.models.tx import Tx
from server.rules.rosters.fields import FIELDS, GIVABLE
from server.rules.rosters.layout import NEEDED

NAME_MAX = 120


def take_in_roster(tx: Tx, viewer: Viewer, site_id: str, name: str, data: bytes) -> Roster:
    """Keep the file, sealed, to be read next. Raises Problem 404 for a site that is not this viewer's, 403 for a
    role that uploads nothing."""
    require_uploader(tx.session, viewer, site_id)
    roster = Roster(id=str(uuid7()), site_id=site_id, company=viewer.company, user_id=viewer.id)
    roster.name, roster.state, roster.made_ms = _file_name(name), "received", tx.now_ms
    roster.file = tx.seals.seal(file_aad(roster.id), data)
    roster.counts, roster.details = {}, {}
    tx.session.add(roster)
    tx.session.flush()
    return roster


def require_uploader(session: Session, viewer: Viewer, site_id: str) -> None:
    """Raises Problem 404 for a site that is not this viewer's, 403 for a role that uploads nothing."""
    one_site(session, viewer, site_id)
    if not may_upload(viewer):
        raise Problem("role_not_allowed", "名册由施工单位的劳资专管员上传。")


def opened(seals: Seals, roster_id: str, file: bytes | None) -> Workbook:
    """A kept file, read again. Raises Problem 409 when it was deleted by rule."""
    if file is None:
        raise Problem("roster_forgotten")
    return read_workbook(seals.open(file_aad(roster_id), file))


def with_kept(roster: Roster, chosen: Chosen) -> Chosen:
    """What was chosen of this file's columns before and now; a field that moves to another column leaves its own."""
    moved = {(sheet, field) for (sheet, _), field in chosen.items() if field}
    kept = {(sheet, column): field for sheet, column, field in roster.details.get("chosen", [])}
    return {key: field for key, field in kept.items() if (key[0], field) not in moved} | chosen


def keep_chosen(roster: Roster, chosen: Chosen, given: Mapping[str, str]) -> None:
    """For the next time that the columns of this very file are looked at: not every title is clear by itself."""
    columns = [(*key, field) for key, field in chosen.items()]
    roster.details = {**roster.details, "chosen": columns, "given": dict(given)}


def with_given(roster: Roster, given: Mapping[str, str]) -> dict[str, str]:
    """What was given for all rows before and now; an empty text takes a value back."""
    merged = {**roster.details.get("given", {}), **given}
    return {name: value for name, value in merged.items() if value}


def check_given(given: Mapping[str, str], today: str) -> None:
    """Raises Problem 422 for a value that can't be true of all: a field that is none of GIVABLE, a date that is none or
    after `today` (a local date), a team's name that is too long."""
    errors = {}
    for name, value in given.items():
        if name not in GIVABLE:
            errors[f"/given/{name}"] = ["这一项不能统一填写。"]
        elif name == "entered_on" and value and not _is_past_date(value, today):
            errors[f"/given/{name}"] = ["进场日期应写成 2021-12-01 这样的年月日, 不晚于今天。"]
        elif len(value) > TEAM_MAX:
            errors[f"/given/{name}"] = [f"不超过 {TEAM_MAX} 个字。"]
    if errors:
        detail = " ".join(message for messages in errors.values() for message in messages)
        raise Problem("given_invalid", detail, errors=errors)


def _is_past_date(text: str, today: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text <= today
    except ValueError:
        return False


def check_chosen(chosen: Chosen) -> None:
    """Raises Problem 422 for a field that is none, or one that two columns of a sheet would be."""
    claims: dict[tuple[int, str], list[int]] = {}
    for (sheet, column), field in chosen.items():
        if field:
            claims.setdefault((sheet, field), []).append(column)
    for (sheet, field), columns in claims.items():
        if field not in FIELDS:
            raise _bad_columns("没有这种列。", sheet, columns)
        if len(columns) > 1:
            raise _bad_columns(f"有 {len(columns)} 列都是“{FIELDS[field]}”, 请只保留一列。", sheet, columns)


def check_confirmed(validated: Validated) -> None:
    """Raises Problem 422 when a user's choice leaves a table without names or numbers, or no table at all."""
    for index, layout in validated.layouts:
        if not layout.sure:
            lacking = [FIELDS[name] for name in layout.lacking if name in (*NEEDED, "entered_on")]
            message = f"还没有指明: {'、'.join(lacking)}" if lacking else "请确认各列"
            name = validated.workbook.sheets[index].name
            hint = "不是名册的表, 请勾选“这张表不是名册”, 或者把各列都选为“不读取”。"
            raise _bad_columns(
                f"{'表“' + name + '”' if name else ''}{message}。{hint if name else ''}", index, []
            )
    if not validated.layouts:
        raise _bad_columns("至少要有一张表是名册。", 0, [])


def remembered_titles(session: Session, viewer: Viewer) -> list[tuple[str, str]]:
    """What titles mean in the files of the viewer's company, as its users chose: (title, field)."""
    query = sa.select(RosterTitle.title, RosterTitle.field).where(RosterTitle.company == viewer.company)
    return [(title, field) for title, field in session.execute(query.order_by(RosterTitle.title))]


def forget_title(session: Session, viewer: Viewer, title: str) -> None:
    """Let the reader interpret a title by itself again. Raises Problem 403."""
    if not may_upload(viewer):
        raise Problem("role_not_allowed", "列名由施工单位的劳资专管员指明。")
    mine = sa.delete(RosterTitle).where(RosterTitle.company == viewer.company, RosterTitle.title == title)
    session.execute(mine)


def unread_rosters(before_ms: int) -> sa.Select[str]:
    """Files stored before this moment that were not read: the process that stored them is gone."""
    return sa.select(Roster.id).where(Roster.state == "received", Roster.made_ms < before_ms)


def begun_commits() -> sa.Select[str]:
    """Rosters that are being committed, perhaps by a process that is gone."""
    return sa.select(Roster.id).where(Roster.state == "committing")


def own_roster(session: Session, viewer: Viewer, roster_id: str, lock: bool = True) -> Roster:
    """A roster of the viewer's own company, locked unless the transaction only reads. Raises Problem 404, or 403 for who may
    only look."""
    query = sa.select(Roster).where(Roster.id == roster_id, visible_rosters(viewer))
    query = query.with_for_update() if lock else query
    roster = session.scalar(query, execution_options={"populate_existing": True})
    if roster is None:
        raise not_found()
    if not may_upload(viewer) or roster.company != viewer.company:
        raise Problem("role_not_allowed", "名册由施工单位的劳资专管员提交。")
    return roster


def _bad_columns(message: str, sheet: int, columns: list[int]) -> Problem:
    """`sheet` and its `columns` (empty: it is about the sheet) are what has to be chosen again."""
    errors = {"/columns": [message]}
    return Problem("columns_invalid", message, errors=errors, sheet=sheet, columns=columns)


def _file_name(name: str) -> str:
    """The file's own name, without a path and without what could mislead a reader."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last if c.isprintable())[-NAME_MAX:] or "roster"
