"""Everybody leaves at once, as when the works are complete: a roster that names nobody, so that all who are here are asked
about, with one date for all. It is confirmed and written as any other roster."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from server.actions.notices.enqueue import enqueue_for_site
from server.actions.rosters.commit_roster import Plan
from server.actions.rosters.preview import keep_compared
from server.actions.rosters.upload_roster import require_uploader
from server.actions.signals.read_gate import read_gate
from server.base.problems import Problem
from server.base.seal import Seals
from server.models.access import Viewer
from server.models.record import CaseFile, Record
from server.models.roster import Roster
from server.models.site import Site
from server.models.tx import Tx
from server.rules.calendar import DAY_MS

LEFT_WITH_CASE = "left_with_case"  # what the section is notified of
_NAME = "全部退场"
_LOOK_BACK_MS = 2 * DAY_MS  # whoever went in earlier and shows no pass since is no longer said to be inside
_CHUNK = 500  # records in one look-up


def list_leaving(tx: Tx, viewer: Viewer, site_id: str) -> Roster:
    """A preview in which everybody of the viewer's company at the site is absent. Raises Problem 404, 403, or 409 where
    nobody is here."""
    require_uploader(tx.session, viewer, site_id)
    roster = Roster(id=str(uuid7()), site_id=site_id, company=viewer.company, user_id=viewer.id)
    roster.name, roster.state, roster.made_ms, roster.judged_ms = _NAME, "preview", tx.now_ms, tx.now_ms
    roster.counts, roster.details = {}, {"leaving": True}
    keep_compared(tx.session, tx.seals, roster, [], [], [])
    if not roster.counts["absent"]:
        raise Problem("nobody_here")
    tx.session.add(roster)
    tx.session.flush()
    return roster


def inside_now(
    session: Session, seals: Seals, site_id: str, records: Collection[str], now_ms: int
) -> dict[str, int]:
    """Of these people (records) those whose last pass of the gate was in, with when; as far as devices have reported."""
    until_ms = now_ms + DAY_MS  # a time may be estimated late
    found = read_gate(session, seals, site_id, now_ms - _LOOK_BACK_MS, until_ms)
    last = {one.worker: one for one in sorted(found.passes, key=lambda one: one.at_ms)}
    return {key: one.at_ms for key, one in last.items() if one.is_in and key in records}


def report_open_cases(tx: Tx, roster_id: str, plan: Plan) -> None:
    """Notify the section where people with an open case leave: the case goes on. Who that is, is health data, which the
    company is not shown."""
    leaving = [one.record for one in plan.result.planned if one.row < 0]
    count = sum(_with_case(tx.session, plan.site_id, leaving[i : i + _CHUNK]) for i in _starts(leaving))
    if count:
        site = tx.session.get_one(Site, plan.site_id)
        enqueue_for_site(tx, site, LEFT_WITH_CASE, roster_id, f"{site.name}: {count} 人", to_company=False)


def _starts(records: Collection[str]) -> range:
    return range(0, len(records), _CHUNK)


def _with_case(session: Session, site_id: str, records: Collection[str]) -> int:
    same = sa.and_(Record.scope_id == CaseFile.scope_id, Record.id == CaseFile.id)
    query = (
        sa.select(sa.func.count(sa.distinct(CaseFile.worker_id)))
        .select_from(CaseFile)
        .join(Record, same)
        .where(CaseFile.scope_id == site_id, CaseFile.ended.is_(False), Record.counts.is_(True))
        .where(CaseFile.worker_id.in_(records))
    )
    return session.scalar(query) or 0
