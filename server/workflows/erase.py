"""The tick's part in erasing people's data: bounded transactions that continue where the last one ended. What to erase is
found outside of any lock; photos leave the store after the transaction that forgot them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec
from sqlalchemy.orm import Session

from server.actions.erasure.erase_copies import (
    erase_forms,
    erase_refused,
    next_roster,
    purge_roster,
    write_purged,
)
from server.actions.erasure.erase_lines import Erased, erase_lines, erase_registers
from server.actions.erasure.find_person import (
    Found,
    find_lines,
    find_refused,
    next_site,
    settled_late,
    widened,
)
from server.actions.erasure.request_erasure import (
    FIRST_STEP,
    Person,
    erasures_under_way,
    person_aad,
    read_person,
)
from server.actions.gates.person_numbers import erase_numbers
from server.actions.ops.check_keys import faults_of_keys
from server.base.db import db, is_postgresql, read, write_in_turn
from server.base.runtime import Runtime
from server.base.seal import Seals
from server.models.erasure import Erasure

PARTS_MAX = 200  # transactions in one tick
_AFTER = {FIRST_STEP: "log", "log": "refused", "refused": "rosters", "rosters": "forms", "forms": "file"}

_log = logging.getLogger("gongdi.erase")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an erasure is: its step, and within it the scope and the key that was looked at last."""

    step: str
    scope_id: str | None = None
    after: str | None = None


def erase(runtime: Runtime, now_ms: int) -> dict[str, int]:
    """Continue erasing; two queries when nothing is to do. Gives how much was erased, by kind. A process that lacks
    one of the keys erases nothing: it could not find out what is about whom."""
    did: Counter[str] = Counter()
    with read() as session:
        if _next(session) is None and settled_late(session, runtime.seals) is None:
            return {}
        if faults_of_keys(session, runtime.seals):
            return {}
    for _ in range(PARTS_MAX):
        part = _part(runtime, now_ms)
        if part is None:
            part = _late(runtime, now_ms)
        if part is None:
            break
        did.update(part)
    return dict(+did)


def _part(runtime: Runtime, now_ms: int) -> Mapping[str, int] | None:
    """One transaction of the erasure that was asked for first; None when none is under way."""
    with read() as session:
        erasure = _next(session)
    if erasure is None:
        return None
    _delete_leftover(runtime, erasure)
    if erasure.step == "file":
        return _finish(erasure, now_ms)
    return _STEPS[erasure.step](runtime, erasure, read_person(runtime.seals, erasure), now_ms)


def _next(session: Session) -> Erasure | None:
    return session.scalar(erasures_under_way().order_by(Erasure.asked_ms, Erasure.id).limit(1))


def _taken(session: Session, seen: Erasure) -> Erasure | None:
    """The erasure, locked; None when another scheduler has continued it meanwhile."""
    row = session.get(Erasure, seen.id, with_for_update=True, populate_existing=True)
    if row is None or (row.step, row.scope_id, row.after) != (seen.step, seen.scope_id, seen.after):
        return None
    return row


def _continue(row: Erasure, to: _Place, erased: Erased | None = None, **counts: int) -> dict[str, int]:
    """Record where to continue, and what was erased."""
    row.step, row.scope_id, row.after = to.step, to.scope_id, to.after
    went = dict(counts)
    if erased is not None:
        went |= {"lines": erased.lines, "records": erased.records, "photos": erased.photos}
        row.leftover = [*row.leftover, *erased.leftover]
    row.done = dict(Counter(row.done) + Counter(went))
    return went


def _records(runtime: Runtime, seen: Erasure, person: Person, now_ms: int) -> dict[str, int]:
    """The person's records on the roster and cases, and every number and name that they ever had, to search for."""
    with read() as session:
        person = widened(session, runtime.seals, person)
    with write_in_turn() as session:
        row = _taken(session, seen)
        if row is None:
            return {}
        erased = Erased()
        for scope_id in sorted({*person.workers, *person.cases}):
            ids = [*person.workers.get(scope_id, ()), *person.cases.get(scope_id, ())]
            some = erase_registers(session, runtime.seals, row.id, scope_id, ids, now_ms)
            erased = Erased(records=erased.records + some.records)
        row.person = runtime.seals.seal(person_aad(row.id), msgspec.json.encode(person))
        return _continue(row, _Place(_AFTER[FIRST_STEP]), erased)


def _log_lines(runtime: Runtime, seen: Erasure, person: Person, now_ms: int) -> dict[str, int]:
    with read() as session:
        scope_id = seen.scope_id or next_site(session, None)
        after, found = seen.after, Found([], None)
        while scope_id is not None:
            found = find_lines(session, runtime.seals, person, scope_id, after)
            if found.ids or found.mentions or found.after is not None:
                break
            scope_id, after = next_site(session, scope_id), None
        to = _Place(_AFTER["log"])
        if scope_id is not None:
            next_id = scope_id if found.after is not None else next_site(session, scope_id)
            to = to if next_id is None else _Place("log", next_id, found.after)
    with write_in_turn() as session:
        row = _taken(session, seen)
        if row is None:
            return {}
        erased = Erased()
        if scope_id is not None and found.ids:
            erased = erase_lines(session, runtime.seals, row.id, scope_id, found.ids, now_ms)
        return _continue(row, to, erased, mentions=found.mentions)


def _refused(runtime: Runtime, seen: Erasure, person: Person, _now_ms: int) -> dict[str, int]:
    after = (seen.scope_id, seen.after) if seen.scope_id and seen.after else None
    with read() as session:
        found, last = find_refused(session, runtime.seals, person, after)
    with write_in_turn() as session:
        row = _taken(session, seen)
        if row is None:
            return {}
        to = _Place(_AFTER["refused"]) if last is None else _Place("refused", *last)
        return _continue(row, to, refused=erase_refused(session, found))


def _rosters(runtime: Runtime, seen: Erasure, person: Person, _now_ms: int) -> dict[str, int]:
    """The next roster that names the person: searched before the lock is taken, written if it is still the same."""
    after, purged = seen.after, None
    with read() as session:
        while (roster := next_roster(session, after)) is not None:
            purged = purge_roster(runtime.seals, person, roster)
            if purged is not None:
                break
            after = roster.id
            session.expunge(roster)  # each may be megabytes
    with write_in_turn() as session:
        row = _taken(session, seen)
        if row is None:
            return {}
        if purged is None:
            return _continue(row, _Place(_AFTER["rosters"]))
        done = write_purged(session, purged)
        return _continue(row, _Place("rosters", None, purged.id if done else after), rosters=int(done))


def _forms(runtime: Runtime, seen: Erasure, person: Person, _now_ms: int) -> dict[str, int]:
    """The last one that names the person says whom to search for."""
    with write_in_turn() as session:
        row = _taken(session, seen)
        if row is None:
            return {}
        row.person = None
        erase_numbers(session, person.workers)
        return _continue(row, _Place("file"), forms=erase_forms(session, runtime.seals, person))


def _finish(seen: Erasure, now_ms: int) -> dict[str, int] | None:
    """On SQLite, what went is still in the write-ahead log until that is emptied: done when it is."""
    with read() as session:
        is_sqlite = not is_postgresql(session)
    if is_sqlite and not emptied_log():
        return None  # somebody reads just now: at the next tick
    with write_in_turn() as session:
        row = _taken(session, seen)
        if row is not None:
            row.done_ms = now_ms
    _log.info("a person was erased", extra={"fields": {"erasure": seen.id, **seen.done}})
    return {"people": 1}


def emptied_log() -> bool:
    """On SQLite, empty the write-ahead log; whether nobody read just then."""
    connection = db.engine.raw_connection()
    try:
        busy, *_ = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy
    finally:
        connection.close()


def _delete_leftover(runtime: Runtime, seen: Erasure) -> None:
    """Delete photos from the store once it is committed that nothing promises them; a killed process does it again."""
    if not seen.leftover:
        return
    delete_keys(runtime, seen.leftover)
    with write_in_turn() as session:
        row = session.get_one(Erasure, seen.id, with_for_update=True, populate_existing=True)
        row.leftover = [key for key in row.leftover if key not in set(seen.leftover)]


def delete_keys(runtime: Runtime, keys: Iterable[str]) -> None:
    """Delete these from the photo store; below those that end with "/" everything."""
    for key in keys:
        if key.endswith("/"):
            runtime.media.delete_below(key.removesuffix("/"))
        else:
            runtime.media.delete([key])


def _late(runtime: Runtime, now_ms: int) -> dict[str, int] | None:
    """A line that came after the erasure of whom it is about, and that a person has settled, is erased as well."""
    seals: Seals = runtime.seals
    with read() as session:
        late = settled_late(session, seals)
    if late is None:
        return None
    with write_in_turn() as session:
        erased = erase_lines(session, seals, late.erasure_id, late.scope_id, [late.entry_id], now_ms)
        erase_refused(session, [(late.scope_id, late.copy_id)])
    return {"late": erased.lines}


_STEPS = {
    FIRST_STEP: _records,
    "log": _log_lines,
    "refused": _refused,
    "rosters": _rosters,
    "forms": _forms,
}
