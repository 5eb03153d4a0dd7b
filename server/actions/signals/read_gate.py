"""What a site's gate has on record, as its rules look at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.records.count_people import people_of
from server.actions.records.segments import read_bodies
from server.base.seal import Seals
from server.models.record import IN_FORCE, Record, Worker
from server.rules.calendar import HOUR_MS, MINUTE_MS
from server.rules.from_rows import in_force
from server.rules.gate import AtGate, GateLimits, GatePass, Group, Listed, Seen, VehiclePass
from server.rules.newcomers import ENTRY_TEST
from server.rules.rulebook import PASSES, Rulebook

VISITORS, VEHICLES = "visitor_pass", "vehicle_pass"  # the forms
_READINGS, _WORKERS = "temperature_check", "worker"
_COLUMNS = (
    *(Record.id, Record.seq, Record.kind, Record.subject, Record.slot, Record.body),
    *(Record.event_ms, Record.earliest_ms, Record.latest_ms),
)
_decode = msgspec.json.Decoder().decode


def gate_limits(book: Rulebook, site_kind: str, days: Sequence[str]) -> GateLimits:
    """The thresholds as they hold on the last of these local dates, and on each whether newcomers are asked for a test."""
    local_date = days[-1]

    def number(code: str) -> float:
        return book.number(code, local_date)

    return GateLimits(
        measured_within_ms=round(number("entry_measured_min") * MINUTE_MS),
        inside_max_ms=round(number("inside_max_h") * HOUR_MS),
        masks_from=round(number("mask_passes_min")),
        mask_share=number("mask_share_min"),
        tested_within_ms=tests_asked(book, site_kind, days),
        new_days=round(number("newcomer_d")),
    )


def tests_asked(book: Rulebook, site_kind: str, days: Sequence[str]) -> dict[str, int]:
    """The days on which newcomers are asked for a test at such sites, with how many milliseconds old it may be."""
    found = {}
    for day in days:
        duty = in_force(book.rows["duties"], ENTRY_TEST, day)
        if duty is not None and site_kind in duty["site_kinds"]:
            found[day] = round(book.number("entry_test_h", day) * HOUR_MS)
    return found


def read_gate(session: Session, seals: Seals, site_id: str, from_ms: int, to_ms: int) -> AtGate:
    """Passes and readings of workers within [`from_ms`, `to_ms`), and the roster. Who was turned away did not pass."""
    people = people_of(session, site_id)
    passes, seen = [], []
    rows = _facts(session, site_id, (PASSES, _READINGS), from_ms, to_ms)
    bodies = read_bodies(session, seals, site_id, [row for row in rows if row.kind == PASSES])
    said = iter(bodies)
    for row in rows:
        worker = row.subject or ""
        person = people.get(worker, worker)
        span = (row.event_ms, row.earliest_ms or row.event_ms, row.latest_ms or row.event_ms)
        if row.kind == _READINGS:
            seen.append(Seen(worker, person, *span))
            continue
        body = _decode(next(said))
        if body.get("refused_for") is None:
            more = (body.get("celsius") is not None, body.get("mask_worn"))
            passes.append(GatePass(worker, person, row.slot == "in", *span, *more))
    return AtGate(passes, seen, _roster(session, seals, site_id, people))


def read_visitors(session: Session, seals: Seals, site_id: str, from_ms: int, to_ms: int) -> list[Group]:
    """Visitors who went in or out within [`from_ms`, `to_ms`), named or counted, without those who were turned away."""
    rows = _facts(session, site_id, (VISITORS,), from_ms, to_ms)
    found = []
    for row, said in zip(rows, read_bodies(session, seals, site_id, rows), strict=True):
        body = _decode(said)
        if body.get("refused") != "yes":
            found.append(Group(body.get("direction") == "in", row.event_ms, int(body.get("persons") or 1)))
    return found


def read_vehicles(
    session: Session, seals: Seals, site_id: str, from_ms: int, to_ms: int
) -> list[VehiclePass]:
    """Vehicles that went in or out within [`from_ms`, `to_ms`), without those that were turned away."""
    rows = _facts(session, site_id, (VEHICLES,), from_ms, to_ms)
    found = []
    for row, said in zip(rows, read_bodies(session, seals, site_id, rows), strict=True):
        body = _decode(said)
        if body.get("refused") != "yes":
            plate = str(body.get("plate") or "").replace(" ", "").upper()
            found.append(VehiclePass(plate, body.get("direction") == "in", row.event_ms))
    return found


def _facts(session: Session, site_id: str, kinds: Sequence[str], from_ms: int, to_ms: int) -> Sequence[Any]:
    query = sa.select(*_COLUMNS).where(
        Record.scope_id == site_id,
        Record.kind.in_(kinds),
        Record.event_ms >= from_ms,
        Record.event_ms < to_ms,
        IN_FORCE,
    )
    return session.execute(query.order_by(Record.event_ms, Record.id)).all()


def _roster(session: Session, seals: Seals, site_id: str, people: Mapping[str, str]) -> dict[str, Listed]:
    """The records of the roster that count, by id."""
    same = sa.and_(Worker.scope_id == Record.scope_id, Worker.id == Record.id)
    query = (
        sa.select(Record.id, Record.seq, Record.body, Worker.exited_on)
        .join(Worker, same)
        .where(Record.scope_id == site_id, Record.kind == _WORKERS, IN_FORCE)
    )
    rows = session.execute(query.order_by(Record.id)).all()
    found = {}
    for row, said in zip(rows, read_bodies(session, seals, site_id, rows), strict=True):
        body = _decode(said)
        lives_here, since = bool(body.get("dormitory")), str(body.get("entered_on") or "")
        found[row.id] = Listed(people.get(row.id, row.id), row.exited_on, lives_here, since)
    return found
