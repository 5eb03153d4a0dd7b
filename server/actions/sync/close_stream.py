"""How far a device's stream in a scope is known after a push, and through when it is complete (SPEC: Streams,
Watermark)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa

from server.actions.devices.refresh_watermark import watermark_of
from server.actions.devices.report_devices import device_event
from server.actions.records.outbox import DEVICE_HEARD, record_events
from server.actions.sync.count_lines import count_lines
from server.actions.sync.kept_evidence import keep_unreadable
from server.actions.sync.log_lines import entry_aad
from server.actions.sync.open_exchange import OpenScope
from server.actions.sync.quarantine import quarantine_aad
from server.actions.sync.settle_times import remember_floor
from server.actions.sync.values import Applying, Arrived, Pushing
from server.base.db import bulk_insert
from server.models.device import OWN_CLASS, StreamHead
from server.models.entry import LogEntry, Quarantine
from server.models.scope import Scope
from server.models.window import wake_undecided, wake_windows
from server.rules.calendar import local_date_of
from server.rules.duties.reporting import DORMANT, RELEASED, Counted, Reporting, reporting
from sync_protocol import stream as streams
from sync_protocol.header import Attested
from sync_protocol.intervals import Floor, floor_of
from sync_protocol.outcomes import BAD_ATTESTATION
from sync_protocol.watermark import Declared, declared_through


def extended(known: streams.Stream, links: Sequence[streams.Link]) -> tuple[streams.Stream, bool]:
    """The stream with these entries, and whether they contradict what was there."""
    grown = streams.extend(replace(known, forked=False), links)
    return replace(grown, forked=known.forked or grown.forked), grown.forked


def place_unreadable(
    pushing: Pushing,
    applying: Applying,
    head: StreamHead,
    stream: streams.Stream,
    attested: Attested | None,
) -> tuple[streams.Stream, list[str]]:
    """A line that could not be read takes the number whose hash its bytes have: the `prev` of the entry after it, or the
    hash that the header declares. Gives the stream with the numbers that are known by now, and the hashes of those
    lines."""
    placed: list[str] = []
    while True:
        n = stream.n + 1
        if stream.islands and stream.islands[0].lo == n + 1:
            wanted = stream.islands[0].prev
        elif not stream.islands and attested is not None and attested.n == n:
            wanted = attested.hash
        else:
            break
        line = _unreadable(pushing, wanted)
        if line is None:
            break
        key = _log_place(pushing, applying.scope, line, n, wanted)
        floor = floor_of([Floor(*one) for one in head.floors], n)
        keep_unreadable(applying, key, floor.t_ms if floor is not None else head.since_ms, pushing.book)
        stream, _ = extended(stream, [streams.Link(n, stream.hash, wanted)])
        placed.append(wanted)
    if placed:
        count_lines(pushing.session, pushing.seals, applying.scope, placed)
    return stream, placed


def close_stream(pushing: Pushing, opened: OpenScope, stream: streams.Stream, arrived: Arrived) -> Reporting:
    """Record how far the stream is known, and move the scope's watermark when the device declared it complete. Gives the
    reports of the scope."""
    session, scope, head = pushing.session, opened.scope, opened.head
    head.head = streams.to_json(stream)
    head.forked, head.heard_ms = stream.forked, pushing.now_ms
    remember_floor(head, pushing.dates, arrived.attested, stream.n)
    before_ms = head.complete_ms
    whole = _declare(pushing, opened, stream, arrived)
    # A device that has the beacon of a pull has its whole answer, `gone` too.
    pulled_ms = pushing.dates.pulled_ms
    if whole and head.gone_ms is not None and pulled_ms is not None and pulled_ms >= head.gone_ms:
        head.left_ms, head.left_why = pushing.now_ms, RELEASED
    if head.left_why == DORMANT and head.complete_ms != before_ms:
        head.left_ms, head.left_why = None, None
        wake_undecided(session, scope.scope_id, pushing.now_ms)
        record_events(session, scope.scope_id, [device_event(DEVICE_HEARD, head)], pushing.now_ms)
    if _may_wake(opened, before_ms) and head.complete_ms is not None:
        wake_windows(session, scope.scope_id, before_ms, head.complete_ms, pushing.now_ms)
    reports = _reports(pushing, opened)
    scope.watermark_ms = watermark_of(reports, pushing.book)
    return reports


def _may_wake(opened: OpenScope, before_ms: int | None) -> bool:
    """Whether there may be silent windows whose deadline the device has now reported past."""
    complete_ms, silent_ms = opened.head.complete_ms, opened.silent_ms
    if complete_ms is None or complete_ms == before_ms:
        return False
    return before_ms is None or (silent_ms is not None and silent_ms <= complete_ms)


def _reports(pushing: Pushing, opened: OpenScope) -> Reporting:
    """The reports of the scope, with this device's as they are now."""
    device, head = pushing.device, opened.head
    counted = [one for one in opened.counted if one.device_id != device.id]
    if device.device_class != OWN_CLASS:
        left = (head.left_ms, head.left_why, pushing.stopped_ms)
        counted.append(Counted(device.id, device.device_class, head.complete_ms, head.since_ms, *left))
        counted.sort(key=lambda one: one.device_id)
    classes = pushing.book.device_classes(local_date_of(pushing.now_ms))
    return reporting(counted, classes, pushing.now_ms)


def _declare(pushing: Pushing, opened: OpenScope, stream: streams.Stream, arrived: Arrived) -> bool:
    """Take in what the header says of the stream. Whether it declares that nothing is unsent, and all of it is here."""
    head, attested, good = opened.head, arrived.attested, arrived.good
    pending = [Declared(*one) for one in head.pending]
    fresh = None
    if attested is not None:
        n, hash = streams.highest(stream)
        head.mark = None if good and (attested.n != n or attested.hash == hash) else BAD_ATTESTATION
        head.unsent = attested.unsent
        if good:
            head.attested = {"n": attested.n, "hash": attested.hash, "sig": attested.sig}
        if good and attested.unsent == 0:
            fresh = Declared(attested.n, attested.hash, pushing.dates.t_ms)
            pending.append(fresh)
    open_fork = stream.forked and head.fork_closed_ms is None
    through = declared_through(
        replace(stream, forked=open_fork),
        pending,
        lambda n: _hash_at(pushing, opened.scope, n),
        head.complete_ms,
    )
    head.pending = [list(one) for one in through.pending]
    head.complete_ms = through.complete_ms
    return fresh is not None and fresh not in through.pending


def _hash_at(pushing: Pushing, scope: Scope, n: int) -> str | None:
    query = sa.select(LogEntry.hash).where(
        LogEntry.scope_id == scope.scope_id, LogEntry.device_id == pushing.device.id, LogEntry.n == n
    )
    found = pushing.session.scalars(query.order_by(LogEntry.received_ms).limit(1)).first()
    return found.hex() if found is not None else "" if n == 0 else None


def _unreadable(pushing: Pushing, wanted: str) -> Quarantine | None:
    """The line of this device with that hash, if one came that could not be read."""
    key = str(uuid.uuid5(uuid.UUID(pushing.device.id), wanted))
    row = pushing.session.get(Quarantine, (pushing.device.user_id, key)) if wanted else None
    return row if row is not None and row.entry_id is None else None


def _log_place(pushing: Pushing, scope: Scope, line: Quarantine, n: int, wanted: str) -> str:
    """The line keeps its number in the log: refused, of no kind, written at some time before it came. Whoever may see the
    site finds it in the quarantine. Gives its id."""
    key, raw = line.id, pushing.seals.open(quarantine_aad(line.id), line.raw)
    copied = Quarantine(scope_id=scope.scope_id, id=key, entry_id=key, device_id=line.device_id, raw=line.raw)
    copied.code, copied.errors, copied.at_ms, copied.state = line.code, line.errors, line.at_ms, "open"
    pushing.session.add(copied)
    row = {
        "scope_id": scope.scope_id,
        "id": key,
        "device_id": pushing.device.id,
        "n": n,
        "kind": "",
        "record_id": key,
        "act": "",
        "hash": bytes.fromhex(wanted),
        "raw": pushing.seals.seal(entry_aad(key), raw),
        "outcome": "refused",
        "code": "unreadable",
        "exchange_id": pushing.exchange_id,
        "received_ms": pushing.now_ms,
        "claimed_ms": pushing.now_ms,
        "event_ms": pushing.now_ms,
        "bound_ms": 0,
        "grade": "claimed",
        "backfilled": False,
        "earliest_ms": pushing.dates.t_ms,
        "latest_ms": pushing.now_ms,
        "doubt": False,
    }
    table = LogEntry.__table__
    bulk_insert(pushing.session, table, tuple(row), [tuple(row.values())])  # type: ignore[arg-type]
    return key
