"""Facts whose time is known better now, or worse: their records, and what corrects them (SPEC: Time)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from server.actions.records.feed import Put
from server.actions.records.registers import REGISTERS
from server.actions.reference.load_reference import rules_in_force
from server.actions.sync.add_facts import served_time, touch
from server.actions.sync.apply_entry import body_of, target_of
from server.actions.sync.kept_evidence import retime_kept
from server.actions.sync.place_facts import about_place, said_of_place
from server.actions.sync.settle_times import Timed, save_times
from server.actions.sync.values import Applying
from server.base.clock import to_iso
from server.base.db import bulk_update
from server.models.entry import LogEntry
from server.models.record import Record
from sync_protocol.outcomes import EFFECTIVE, HELD

_TIMES = ("event_ms", "earliest_ms", "latest_ms")


def retime_records(applying: Applying, changed: Sequence[Timed]) -> None:
    """Write new intervals of stored entries, and let the windows know.

    A register keeps the time by which its edits were merged, and opens when it may have been opened last. A fact that was
    written down later keeps the time that its author says; a correction that counts when its target does moves with it.
    """
    scope_id = applying.scope.scope_id
    save_times(applying.session, scope_id, changed)
    changed = _with_released(applying, changed)
    _retime_facts(applying, changed)
    _retime_opened(applying, changed)
    _retime_voids(applying, changed)


def _with_released(applying: Applying, changed: Sequence[Timed]) -> Sequence[Timed]:
    """What was held when it was dated may have been released by the same push, with the time that it had so far."""
    held = [one.id for one in changed if one.outcome == HELD]
    if not held:
        return changed
    query = sa.select(LogEntry.id, LogEntry.outcome).where(
        LogEntry.scope_id == applying.scope.scope_id, LogEntry.id.in_(held)
    )
    outcomes = dict(applying.session.execute(query).all())
    return [one._replace(outcome=outcomes.get(one.id, one.outcome)) for one in changed]


def _retime_facts(applying: Applying, changed: Sequence[Timed]) -> None:
    scope_id = applying.scope.scope_id
    for one in changed:
        if one.outcome not in EFFECTIVE:
            retime_kept(applying, one.id, one.interval.earliest_ms, one.interval.latest_ms)
    facts = {one.id: one for one in changed if one.outcome in EFFECTIVE}
    if not facts:
        return
    applying.write()
    query = sa.select(Record).where(
        Record.scope_id == scope_id,
        Record.event_ms.is_not(None),  # a register counts at no time
        sa.or_(Record.id.in_(facts), Record.timed_by.in_(facts)),
    )
    rows: list[tuple[Any, ...]] = []
    puts: list[Put] = []
    for record in applying.session.scalars(query, execution_options={"populate_existing": True}):
        timed = facts.get(record.timed_by or record.id)
        if timed is None:
            continue  # it counts when something else does
        shown = {**body_of(applying, record), "at": served_time(timed.interval)}
        if record.earliest_ms is None:  # it counts for nothing, and says when it was written
            if record.timed_by is not None or record.amends is None:
                puts.append(Put(record.kind, record.id, shown, counts=record.counts))
            continue
        if record.timed_by is None and (record.earliest_ms, record.latest_ms) != timed.before:
            continue  # a correction from before it was kept what it goes with
        times = timed.interval
        event_ms = times.event_ms if record.observed_ms is None else record.observed_ms
        applying.touches.append(touch(record.kind, record.subject, record, went=True))
        rows.append((event_ms, times.earliest_ms, times.latest_ms, record.scope_id, record.id))
        puts.append(Put(record.kind, record.id, shown, counts=record.counts))
        record.event_ms, record.earliest_ms, record.latest_ms = event_ms, times.earliest_ms, times.latest_ms
        _name_place(applying, record, shown)
        applying.touches.append(touch(record.kind, record.subject, record))
    applying.feed.put(puts)
    table: Any = Record.__table__
    bulk_update(applying.session, table, ("scope_id", "id"), _TIMES, rows)


def _name_place(applying: Applying, record: Record, body: Mapping[str, Any]) -> None:
    """A fact that names no place by its id may mean another one at its new time: one was closed or came meanwhile."""
    said = said_of_place(rules_in_force(applying.session).kinds, record.kind, body)
    if said is None or record.amends is not None:
        return
    first_ms = last_ms = record.observed_ms
    if first_ms is None or last_ms is None:
        first_ms, last_ms = record.earliest_ms or 0, record.latest_ms or 0
    found = about_place(applying.places, said, first_ms, last_ms)
    record.subject, record.maybe_places = found.subject, found.maybe_places


def _retime_opened(applying: Applying, changed: Sequence[Timed]) -> None:
    """A clock starts at the latest moment that is possible: where that is another now, the next tick looks at it."""
    for one in changed:
        register = REGISTERS.get(one.kind)
        if register is None or register.opened is None or one.act != "add" or one.outcome not in EFFECTIVE:
            continue
        table: Any = register.model.__table__
        row = sa.and_(table.c.scope_id == applying.scope.scope_id, table.c.id == one.record_id)
        opened = {register.opened: one.interval.latest_ms, "check_ms": 0}
        applying.session.execute(sa.update(table).where(row).values(opened))


def _retime_voids(applying: Applying, changed: Sequence[Timed]) -> None:
    """A void record says when it was declared void. Where others declared that too, the last one's time is there."""
    voids = [one for one in changed if one.act == "void" and one.outcome in EFFECTIVE]
    for one in voids:
        record = target_of(applying, one.record_id)
        body = body_of(applying, record) if record is not None else {}
        earliest_ms, latest_ms = one.before
        before = to_iso(one.interval._replace(earliest_ms=earliest_ms, latest_ms=latest_ms).event_ms)
        if record is not None and body.get("void", {}).get("time") == before:
            body["void"]["time"] = to_iso(one.interval.event_ms)
            applying.feed.put([Put(record.kind, record.id, body, counts=record.counts)])
