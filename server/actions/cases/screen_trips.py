"""Trips held against the list of areas at risk: as they come, and all of the last days whenever the list changes. A hit
opens a case (疫区往返) and a flag at once; an area that leaves the list closes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from uuid_utils.compat import uuid7

from schemas.limits import NOTE_MAX
from server.actions.flags.events import SCHEDULER, NewEvent, flag_puts
from server.actions.flags.raise_flags import raise_flag
from server.actions.forms.append_line import OWN_USER, make_own_user
from server.actions.records.feed import Feed
from server.actions.records.registers import state_aad
from server.actions.records.segments import read_bodies
from server.actions.sync.write_server_entries import Draft, write_server_entries
from server.models.record import IN_FORCE, CaseFile, Record
from server.models.scope import Scope, take_scopes
from server.models.travel import Screening, TravelHit
from server.models.tx import Tx
from server.rules.calendar import local_date_of
from server.rules.cases import CASE, TRAVEL_HIT
from server.rules.travel import LEVELS, Area, Areas, TravelFields, Trip, measure, relation

_CHUNK = 2_000  # records whose bodies are in memory at once


class _Hit(NamedTuple):
    """A trip of somebody that touched an area; `key`: the same for the same two."""

    key: str
    worker: str
    trip: Trip
    area: Area


def sites_to_screen() -> sa.Select[str]:
    return sa.select(Screening.scope_id)


def screen_trips(tx: Tx, limit: int = 20) -> int:
    """Look through up to `limit` sites. Gives how many."""
    asked = tx.session.scalars(sites_to_screen().order_by(Screening.since_ms).limit(limit)).all()
    scopes = take_scopes(tx.session, sorted(asked))
    for scope in scopes:
        row = tx.session.get_one(Screening, scope.scope_id, populate_existing=True)
        _screen(tx, scope, row.since_ms)
        tx.session.delete(row)
    tx.session.flush()
    return len(scopes)


def _screen(tx: Tx, scope: Scope, since_ms: int) -> None:
    hits = {hit.key: hit for hit in _hits(tx, scope.scope_id, tx.book.areas, since_ms)}
    known = sa.select(TravelHit.key).where(TravelHit.scope_id == scope.scope_id)
    for key in tx.session.scalars(known):
        hits.pop(key, None)
    if not hits:
        return
    cases = _open_cases(tx, scope.scope_id, {hit.worker for hit in hits.values()})
    fresh = {hit.worker: hit for hit in reversed(hits.values()) if hit.worker not in cases}
    opened = _opened(tx, scope.scope_id, fresh) if fresh else {}
    cases |= opened
    rows = [(hit.key, cases[hit.worker]) for hit in hits.values() if hit.worker in cases]
    tx.session.add_all(
        TravelHit(scope_id=scope.scope_id, key=key, case_id=case, found_ms=tx.now_ms) for key, case in rows
    )
    for worker, case in opened.items():
        area = fresh[worker].area
        detail = {"case": case, "area": f"{area.name} ({LEVELS[area.level]})"}
        flag = raise_flag(tx, scope, CASE, "severe", NewEvent(SCHEDULER, TRAVEL_HIT, detail))
    if opened:
        feed = Feed(tx.session, scope, tx.seals, tx.now_ms)
        feed.put(flag_puts(tx.session, [flag]).get(scope.scope_id, []))
        feed.flush()


def _opened(tx: Tx, scope_id: str, fresh: Mapping[str, _Hit]) -> dict[str, str]:
    """Open a case for each of these workers; gives those that were taken, by worker."""
    drafts = [Draft("case", "add", str(uuid7()), _case_body(tx, hit)) for hit in fresh.values()]
    make_own_user(tx.session, tx.now_ms)
    outcomes = write_server_entries(tx.session, tx.seals, OWN_USER, scope_id, drafts, tx.now_ms)
    taken = zip(fresh, drafts, outcomes, strict=True)
    return {worker: draft.record for worker, draft, outcome in taken if outcome["outcome"] == "applied"}


def _hits(tx: Tx, scope_id: str, areas: Areas, since_ms: int) -> Iterator[_Hit]:
    for kind, fields in tx.book.travel.items():
        for record, said, event_ms in _trips(tx, scope_id, kind, fields, since_ms):
            arrived = str(said.arrived or "")[:10]
            left = str(said.left or "")[:10] or max(arrived, local_date_of(event_ms))
            trip = Trip(str(said.area or ""), arrived, left)
            if arrived:
                for area in areas.hits(trip):
                    named = f"{record}|{area.code}|{area.listed_from}"
                    key = str(uuid.uuid5(uuid.UUID(scope_id), named))
                    yield _Hit(key, str(said.worker), trip, area)


def _trips(
    tx: Tx, scope_id: str, kind: str, fields: TravelFields, since_ms: int
) -> Iterator[tuple[str, Any, int]]:
    """The trips of a site that were noted since then and are in force: (record, what it says by our names, time)."""
    # Of a body only these are read: whenever the list changes, all trips of many days are.
    members = [(name, Any, None) for name in fields._fields]
    said = msgspec.json.Decoder(msgspec.defstruct("Said", members, rename=fields._asdict()))
    query = (
        sa.select(Record.id, Record.seq, Record.body, Record.event_ms)
        .where(Record.scope_id == scope_id, Record.kind == kind, Record.event_ms >= since_ms, IN_FORCE)
        .order_by(Record.seq)
    )
    for rows in tx.session.execute(query.execution_options(yield_per=_CHUNK)).partitions():
        bodies = read_bodies(tx.session, tx.seals, scope_id, rows)
        for row, body in zip(rows, bodies, strict=True):
            yield row.id, said.decode(body), row.event_ms or 0


def _open_cases(tx: Tx, scope_id: str, workers: Collection[str]) -> dict[str, str]:
    """By worker, a case of the same cause that has not ended."""
    same = sa.and_(Record.scope_id == CaseFile.scope_id, Record.id == CaseFile.id)
    query = (
        sa.select(CaseFile)
        .join(Record, same)
        .where(CaseFile.scope_id == scope_id, CaseFile.ended.is_(False), Record.counts.is_(True))
    )
    found: dict[str, str] = {}
    for case in tx.session.scalars(query):
        if case.worker_id in workers:
            state = msgspec.json.decode(tx.seals.open(state_aad("case", case.id), case.state))
            if state["cause"] == "travel":
                found[case.worker_id] = case.id
    return found


def _case_body(tx: Tx, hit: _Hit) -> dict[str, Any]:
    """Whose case it is, where he stayed, and what the rule in force asks."""
    trip, area, today = hit.trip, hit.area, local_date_of(tx.now_ms)
    near = relation(trip.area, area.code)
    rule = measure(tx.book.rows["return_rules"], area.level, near, today)
    asked = "" if rule is None else f"; {rule['name']} ({rule['source']})"
    note = f"{trip.arrived} 至 {trip.left} 到过 {area.name} ({LEVELS[area.level]}, {area.source}){asked}"
    return {"worker": hit.worker, "cause": "travel", "note": note[:NOTE_MAX]}
