"""Uploaded rosters are read in the background: three short transactions, and the long work between them."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from concurrent.futures import Executor

import sqlalchemy as sa
from flask import Flask, current_app

from server.actions.reference.load_reference import tx_of
from server.actions.rosters.commit_roster import (
    COMMITTING,
    PREVIEW_STALE,
    Decision,
    begin_commit,
    keep_refreshed,
    plan_commit,
    refresh_preview,
    write_part,
)
from server.actions.rosters.keep_validated import keep_validated
from server.actions.rosters.leaving import report_open_cases
from server.actions.rosters.preview import read_result
from server.actions.rosters.upload_roster import (
    begun_commits,
    check_chosen,
    check_confirmed,
    check_given,
    keep_chosen,
    opened,
    own_roster,
    require_uploader,
    take_in_roster,
    unread_rosters,
    with_given,
    with_kept,
)
from server.actions.rosters.validate_roster import (
    Chosen,
    grounds_of,
    remember_titles,
    validate_file,
)
from server.base.db import read, write, write_in_turn
from server.base.problems import Problem
from server.base.seal import Seals
from server.files.read_workbook import Workbook, read_workbook
from server.models.access import Viewer
from server.models.roster import Roster
from server.rules.calendar import local_date_of

REQUEST_S = 10.0  # for which a request continues to commit; the rest is written in the background
PLANS_MAX = 5  # times that a commit is planned again because the site changed meanwhile
AT_ONCE = 10  # rosters that one tick reads, and commits that it continues
ABANDONED_MS = 60_000  # after which an uploaded file counts as abandoned by the process that received it

_log = logging.getLogger("gongdi.rosters")


def receive_file(app: Flask, viewer: Viewer, site_id: str, name: str, data: bytes, now_ms: int) -> str:
    """Keep an uploaded file and have it read in the background; gives the roster's id. It is opened first, so that a
    hostile one is refused at once. Raises Problem 403, 404, 413, 415 or 422."""
    seals: Seals = app.extensions["gongdi"].seals
    with read() as session:
        require_uploader(session, viewer, site_id)
    workbook = read_workbook(data)
    with write() as session:
        roster_id = take_in_roster(tx_of(session, seals, now_ms), viewer, site_id, name, data).id
    _read_soon(app, roster_id, workbook, now_ms)
    return roster_id


def _read_soon(app: Flask, roster_id: str, workbook: Workbook, now_ms: int) -> None:
    pool: Executor = app.extensions["gongdi_pool"]

    def work() -> None:
        with app.app_context():
            try:
                read_roster(app.extensions["gongdi"].seals, roster_id, now_ms, workbook)
            except Exception:  # the tick reads it again
                _log.exception("a roster was not read", extra={"fields": {"roster": roster_id}})

    pool.submit(work)


def due_rosters(now_ms: int) -> tuple[sa.Select[str], sa.Select[str]]:
    """Ids of rosters that are to be read, and of those whose commit is to be continued."""
    return unread_rosters(now_ms - ABANDONED_MS), begun_commits()


def read_waiting(seals: Seals, now_ms: int) -> dict[str, int]:
    """The tick's part: files that were not read yet, and unfinished commits. Gives how many there were."""
    with read() as session:
        found, begun = (
            session.scalars(query.order_by(Roster.made_ms).limit(AT_ONCE)).all()
            for query in due_rosters(now_ms)
        )
    for roster_id in found:
        read_roster(seals, roster_id, now_ms)
    for roster_id in begun:
        continue_committing(seals, roster_id, now_ms)
    return {"read": len(found), "committed": len(begun)}


def read_roster(seals: Seals, roster_id: str, now_ms: int, workbook: Workbook | None = None) -> None:
    """Read a file to its preview, to questions about its columns, or to what is wrong with it. One that was read
    already is left alone."""
    with read() as session:
        roster = session.get_one(Roster, roster_id)
        if roster.state != "received":
            return
        grounds = grounds_of(session, roster, {}, now_ms)
        file = roster.file if workbook is None else None
    try:
        if workbook is None:
            workbook = opened(seals, roster_id, file)
        validated = validate_file(workbook, grounds, lambda done, rows: _progress(roster_id, done, rows))
    except Problem as problem:
        with write() as session:
            failed = session.get_one(Roster, roster_id, with_for_update=True)
            failed.state, failed.problem = "failed", problem.as_dict()
        return
    with write() as session:
        roster = session.get_one(Roster, roster_id, with_for_update=True)
        if roster.state == "received":
            keep_validated(session, seals, roster, validated, grounds, now_ms)


def confirm_columns(
    seals: Seals, viewer: Viewer, roster_id: str, chosen: Chosen, given: Mapping[str, str], now_ms: int
) -> None:
    """Validate a file with the columns that the user chose and the values given for all rows (`given`, by field), and
    remember the columns' titles for this company. Raises Problem 404, 403, 409 (not open any more) or 422."""
    with write() as session:
        roster = own_roster(session, viewer, roster_id)
        _require_open(roster)
        check_chosen(chosen)
        check_given(given, local_date_of(now_ms))
        chosen, given = with_kept(roster, chosen), with_given(roster, given)
        grounds, file = grounds_of(session, roster, chosen, now_ms, given), roster.file
    workbook = opened(seals, roster_id, file)
    validated = validate_file(workbook, grounds, lambda _done, _rows: None)
    check_confirmed(validated)
    with write() as session:
        roster = own_roster(session, viewer, roster_id)
        _require_open(roster)
        remember_titles(session, roster, validated, grounds)
        keep_validated(session, seals, roster, validated, grounds, now_ms)
        keep_chosen(roster, chosen, given)


def commit_preview(seals: Seals, viewer: Viewer, roster_id: str, decision: Decision, now_ms: int) -> None:
    """Commit a roster, in short transactions. When its preview is not what a commit would do now, nothing is written and
    the preview is made again, so that the user sees what it would. Raises Problem 404, 403, 409, 422, or 503 while the site
    changes faster than the roster can be validated."""
    try:
        _begin(seals, viewer, roster_id, decision, now_ms)
    except Problem as problem:
        if problem.code == PREVIEW_STALE:
            _compare_again(seals, viewer, roster_id)
        raise
    if continue_committing(seals, roster_id, now_ms, REQUEST_S):
        _end_soon(current_app._get_current_object(), roster_id, now_ms)  # type: ignore[attr-defined]


def _end_soon(app: Flask, roster_id: str, now_ms: int) -> None:
    """Write what is left in the background: no request lasts as long as a large roster does."""

    def work() -> None:
        with app.app_context():
            try:
                continue_committing(app.extensions["gongdi"].seals, roster_id, now_ms)
            except Exception:  # the tick continues it
                _log.exception("a roster was not committed", extra={"fields": {"roster": roster_id}})

    app.extensions["gongdi_pool"].submit(work)


def _begin(seals: Seals, viewer: Viewer, roster_id: str, decision: Decision, now_ms: int) -> None:
    for _ in range(PLANS_MAX):
        with read() as session:
            plan = plan_commit(session, seals, viewer, roster_id, decision, now_ms)
        if plan is None:
            return
        with write_in_turn() as session:
            if begin_commit(session, viewer, roster_id, plan):
                report_open_cases(tx_of(session, seals, now_ms), roster_id, plan)
                return
    raise Problem("busy", "名册正在被别处修改, 什么都没有提交, 请稍后再试。")


def continue_committing(seals: Seals, roster_id: str, now_ms: int, budget_s: float = math.inf) -> bool:
    """Write what is left of a roster whose commit has begun, for so long at most; whether more is left. Two that do so at
    once share the work."""
    with read() as session:
        roster = session.get_one(Roster, roster_id)
        if roster.state != COMMITTING:
            return False
        result = read_result(seals, roster)
    until_s, more = time.monotonic() + budget_s, True
    while more and time.monotonic() < until_s:
        with write_in_turn() as session:
            more = write_part(session, seals, roster_id, result, now_ms)
    return more


def _compare_again(seals: Seals, viewer: Viewer, roster_id: str) -> None:
    with read() as session:
        seen = own_roster(session, viewer, roster_id, lock=False).result
        fresh = refresh_preview(session, seals, viewer, roster_id)
    with write() as session:
        keep_refreshed(session, viewer, fresh, seen)


def _require_open(roster: Roster) -> None:
    if roster.state not in ("mapping", "preview"):
        raise Problem("roster_not_open", state=roster.state)


def _progress(roster_id: str, done: int, rows: int) -> None:
    with write() as session:
        roster = session.get_one(Roster, roster_id)
        roster.counts = {**roster.counts, "done": done, "rows": rows}
