"""What one entry does to current state: add, edit, amend, void. Used by the push and by a rebuild from the
log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from server.actions.duties.touches import Touch
from server.actions.records.edit_register import Author, Edit, edit_register, register_row
from server.actions.records.feed import Put
from server.actions.records.registers import WORKER, register_of
from server.actions.records.segments import read_body
from server.actions.sync.add_facts import about_of, add_fact, came, counting_of, fact_body, touch
from server.actions.sync.place_facts import About, corrected_about, is_same_place, unknown_place
from server.actions.sync.read_push import Line
from server.actions.sync.values import Applying, Counting, Effect, Written
from server.base.clock import to_iso
from server.base.db import bulk_select
from server.models.entry import LogEntry
from server.models.record import Record, Worker
from sync_protocol.outcomes import EFFECTIVE


def _put_fact(
    applying: Applying, written: Written, when: Counting, body: bytes, found: About
) -> tuple[int, int]:
    """A fact that corrects another: a new record, with its body in its row."""
    entry, line = written.entry, written.line
    put = Put(entry.kind, entry.id, body, when.event_ms, found.subject, line.slot)
    put.earliest_ms, put.latest_ms, put.observed_ms = when.earliest_ms, when.latest_ms, when.observed_ms
    put.amends, put.timed_by, put.sealed = entry.amends, when.timed_by, line.kind.sealed
    put.maybe_places = found.maybe_places
    applying.touches.append(came(entry.kind, entry.id, found.subject, line.slot, when, body))
    return applying.feed.add(put)


def apply_entry(applying: Applying, written: Written, forced: bool = False) -> Effect:
    """Apply one entry that is no plain addition. `forced` applies it although what it needs never came, or its place is
    still not known."""
    entry = written.entry
    lacking = [] if forced else _lacking(applying, written.line)
    if lacking:
        return Effect("held", waits_for=lacking)
    act = _OWN_ACTS.get((entry.kind, entry.act)) or _ACTS[(written.line.kind.nature, entry.act)]
    effect = act(applying, written)
    if effect.outcome in EFFECTIVE:
        applying.done.add(entry.id)
    applying.write()
    return effect


def _lacking(applying: Applying, line: Line) -> list[str]:
    places = unknown_place(applying.places, line) if line.place.id is not None else []
    wanted = [need for need in line.entry.needs if need not in applying.done] if line.entry else []
    query = sa.select(LogEntry.id).where(
        LogEntry.scope_id == applying.scope.scope_id, LogEntry.id.in_(wanted), LogEntry.outcome.in_(EFFECTIVE)
    )
    here = set(applying.session.scalars(query)) if wanted else set()
    return [*(need for need in wanted if need not in here), *places]


def _add_register(applying: Applying, written: Written) -> Effect:
    return add_register(applying, written, existing_records(applying, [written.entry.record]))


def add_register(applying: Applying, written: Written, existing: set[str]) -> Effect:
    """A new register, unless a record of that id is among `existing`, to which it is added."""
    kind, record_id, body = written.entry.kind, written.entry.record, written.line.body
    if record_id in existing:
        return Effect(
            "refused", code="already_exists", errors={"/record": ["这条记录已经存在, 请用 edit 修改。"]}
        )
    errors = applying.against(kind, "add", body, written.times.event_ms)
    if errors:
        return Effect("refused", code="body_invalid", errors=errors)
    existing.add(record_id)
    register, seals = register_of(written.line.kind), applying.seals
    row = register_row(register, seals, applying.scope.scope_id, stamped(written), body, record_id)
    if register.opened is not None:
        row[register.opened] = written.times.latest_ms  # a clock starts at the latest moment that is possible
    applying.rows.setdefault(kind, []).append(row)
    _touch_register(applying, written)
    put = Put(kind, record_id, register.served(body, row), sealed=written.line.kind.sealed)
    rev, seq = applying.feed.add(put)
    applying.done.add(written.entry.id)
    return Effect("applied", rev, seq)


def _touch_register(applying: Applying, written: Written) -> None:
    """Duties may ask for documents and cases; none asks for people."""
    if written.entry.kind != WORKER.kind:
        times = written.times
        applying.touches.append(Touch(written.entry.kind, None, times.earliest_ms, times.latest_ms))


def existing_records(applying: Applying, ids: Sequence[str]) -> set[str]:
    """Which of these records the scope has, deleted ones included. One statement."""
    keys = [(applying.scope.scope_id, key) for key in ids]
    table: Any = Record.__table__
    return {
        ids[index] for index, _ in bulk_select(applying.session, table, ("scope_id", "id"), ("rev",), keys)
    }


def _edit(applying: Applying, written: Written) -> Effect:
    entry = written.entry
    target = target_of(applying, entry.record)
    if target is None:
        return Effect("held", waits_for=[entry.record])
    if target.kind != entry.kind:
        return _wrong_kind()
    errors = applying.against(entry.kind, entry.act, written.line.body, written.times.event_ms)
    if errors:
        return Effect("refused", code="body_invalid", errors=errors)
    line, marks = written.line, _marks(applying, target)
    edit = Edit(line.kind, entry.record, entry.base or 0, line.body, target.rev, marks)
    session, seals, feed = applying.session, applying.seals, applying.feed
    edited = edit_register(session, seals, feed, stamped(written), edit, applying.now_ms)
    if edited.errors:
        return Effect("refused", code="body_invalid", errors=edited.errors)
    _touch_register(applying, written)
    return Effect(edited.outcome, edited.rev, edited.seq)


def _amend(applying: Applying, written: Written) -> Effect:
    """A fact that corrects another; both stay readable. It counts when what it corrects does, unless it is about another
    place, worker or slot, or what it corrects is void."""
    entry, line = written.entry, written.line
    target = target_of(applying, entry.amends or "")
    if target is None:
        return Effect("held", waits_for=[entry.amends or ""])
    if target.kind != entry.kind:
        return _wrong_kind()
    corrected = body_of(applying, target)
    extra = f',"amends":"{target.id}"'.encode()
    found = corrected_about(target, about_of(applying, line, counting_of(written)))
    is_same = is_same_place(target, found) and line.slot == target.slot
    if is_same and not corrected.get("voided"):
        times = (target.event_ms or 0, target.earliest_ms, target.latest_ms, target.observed_ms)
        when = Counting(*times, timed_by=target.timed_by or target.id)
        if target.observed_ms is not None:
            extra += f',"backfilled":true,"observed":"{to_iso(target.observed_ms)}"'.encode()
        body = fact_body(written, extra, corrected.get("at"))
    else:
        when, body = counting_of(written), fact_body(written, extra)
    rev, seq = _put_fact(applying, written, when, body, found)
    later = max(corrected.get("amended_by", ""), entry.id)
    _mark(applying, target, {**corrected, "amended_by": later})
    return Effect("applied", rev, seq)


def _void(applying: Applying, written: Written) -> Effect:
    """A record is void, and says why. What a void correction had corrected counts again."""
    entry = written.entry
    target = target_of(applying, entry.record)
    if target is None:
        return Effect("held", waits_for=[entry.record])
    if target.kind != entry.kind:
        return _wrong_kind()
    body = body_of(applying, target)
    voided = {"by": written.user_id, "time": to_iso(written.times.event_ms), "reason": entry.reason or ""}
    rev, seq = _mark(applying, target, {**body, "voided": True, "void": voided})
    if "amends" in body:
        _restore(applying, body["amends"])
    return Effect("applied", rev, seq)


def _restore(applying: Applying, record_id: str) -> None:
    """A correction of this record was voided: unless it is void itself or another correction holds, it counts again."""
    record = target_of(applying, record_id)
    if record is None:
        return
    body = body_of(applying, record)
    applying.write()
    others = sa.select(Record.id).where(
        Record.scope_id == record.scope_id, Record.amends == record_id, Record.counts.is_(True)
    )
    in_force = list(applying.session.scalars(others))
    body.pop("amended_by", None)
    if in_force:
        body["amended_by"] = max(in_force)
    counts = not in_force and not body.get("voided")
    applying.touches.append(touch(record.kind, record.subject, record))
    applying.feed.put([Put(record.kind, record.id, body, counts=counts)])


def body_of(applying: Applying, record: Record) -> dict[str, Any]:
    """A record's body, opened."""
    body: dict[str, Any] = msgspec.json.decode(read_body(applying.session, applying.seals, record))
    return body


def _merge(applying: Applying, written: Written) -> Effect:
    """Two records are one person: the other one names the kept one, and is no person of its own."""
    body = msgspec.json.decode(written.line.served)
    other = target_of(applying, body["other"])
    if other is None or other.kind != WORKER.kind:
        return Effect("held", waits_for=[body["other"]])
    effect = add_fact(applying, written)
    _mark(applying, other, {**body_of(applying, other), "merged_into": body["kept"]})
    _worker(applying, other.id).merged_into = body["kept"]
    return effect


def _unmerge(applying: Applying, written: Written) -> Effect:
    """A merge is taken back: the other record is a person's own again, unless it was voided for itself."""
    effect = _void(applying, written)
    merge = target_of(applying, written.entry.record)
    other = target_of(applying, merge.subject or "") if merge is not None else None
    if other is not None:
        body = body_of(applying, other)
        body.pop("merged_into", None)
        applying.feed.put([Put(other.kind, other.id, body, counts=not body.get("voided"))])
        _worker(applying, other.id).merged_into = None
    return effect


def _worker(applying: Applying, record_id: str) -> Worker:
    return applying.session.get_one(Worker, (applying.scope.scope_id, record_id), populate_existing=True)


def _mark(applying: Applying, target: Record, body: Mapping[str, Any]) -> tuple[int, int]:
    """Write something about a record into its body; from then on it proves nothing."""
    applying.touches.append(touch(target.kind, target.subject, target, went=True))
    return applying.feed.put([Put(target.kind, target.id, body, counts=False)])[target.id]


def _marks(applying: Applying, target: Record) -> dict[str, Any]:
    if target.counts:
        return {}
    body = body_of(applying, target)
    return {name: body[name] for name in ("voided", "void", "merged_into") if name in body}


def target_of(applying: Applying, record_id: str) -> Record | None:
    """The record that an entry is about, as it is now; None for none, or one that was deleted."""
    applying.write()
    query = sa.select(Record).where(Record.scope_id == applying.scope.scope_id, Record.id == record_id)
    found = applying.session.execute(
        query, execution_options={"populate_existing": True}
    ).scalar_one_or_none()
    return found if found is not None and found.deleted_ms is None else None


def stamped(written: Written) -> Author:
    """Who wrote a register's field, and when: what a merge compares."""
    return (written.device_id, written.entry.n, written.times.event_ms, written.entry.id)


def _wrong_kind() -> Effect:
    return Effect("refused", code="wrong_kind", errors={"/record": ["这个编号是另一种记录。"]})


_ACTS: dict[tuple[str, str], Callable[[Applying, Written], Effect]] = {
    ("fact", "add"): add_fact,
    ("fact", "amend"): _amend,
    ("fact", "void"): _void,
    ("register", "add"): _add_register,
    ("register", "edit"): _edit,
    ("register", "void"): _void,
}
_OWN_ACTS: dict[tuple[str, str], Callable[[Applying, Written], Effect]] = {
    ("worker_merge", "add"): _merge,
    ("worker_merge", "void"): _unmerge,
}
