"""Prove the log: every line's hash, every chain, every attestation and receipt. Names the first bad line
of each."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.audit.verify_flags import flag_faults, window_faults
from server.actions.audit.verify_forms import form_faults
from server.actions.audit.verify_receipts import Receiving, read_receipt, read_signed, server_key
from server.actions.erasure.erasure_seal import added, erased_lines, erased_state, line_text, seal_fault
from server.actions.erasure.health_proof import health_faults
from server.actions.flags.events import Tally
from server.actions.sync.count_lines import add_lines, read_lines_tally
from server.actions.sync.log_lines import open_lines
from server.actions.sync.read_push import prev_of
from server.base.clock import to_iso
from server.base.seal import SealBroken, Seals
from server.models.device import Device, Exchange, StreamHead
from server.models.entry import ANY_KIND, LogEntry
from server.models.erasure import ErasedLine, ErasureSeal
from server.models.receipt import StreamReceipt
from server.models.scope import REF, Scope, scope_id_of
from server.models.window import FROZEN, Window
from sync_protocol import stream as streams
from sync_protocol.signatures import attestation_text, verify_text

_Line = tuple[str, int, str]  # a device, a number in its stream, the hash in hex

_LOST = "the stream was whole up to here, and the log lacks lines before this one"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that was found. `device`: a device, or what else it is about (a flag, a window); `line`: the number
    `n` of an entry, or of an event."""

    scope: str
    device: str
    line: int
    what: str


def verify_scope(session: Session, seals: Seals, scope: Scope) -> Iterator[Fault]:
    """What is wrong with the count of a scope's lines; the first fault of each of its streams: a changed line, a broken
    chain without a fork mark, a line that was erased without a signature, a time of receipt that no signed receipt has,
    lines that are not those which an exchange brought or the stream knows; a form that is not as it was
    published; a flag whose history was changed or does not
    give what it is, a window that nothing met, a proof of erased health data that does not hold."""
    faulty: set[str] = set()
    for fault in _stream_faults(session, seals, scope):
        if fault.device not in faulty:
            faulty.add(fault.device)
            yield fault
    apart = (flag_faults(session, seals, scope), window_faults(session, scope))
    for found in chain(*apart, health_faults(session, seals, scope)):
        yield Fault(scope.name, *found)
    if scope.scope_id == REF:
        for form in form_faults(session, seals):
            yield Fault(scope.name, *form)


def _stream_faults(session: Session, seals: Seals, scope: Scope) -> Iterator[Fault]:
    """Every fault of the streams, those of lines first."""
    heads = {
        row.device_id: row
        for row in session.scalars(sa.select(StreamHead).where(StreamHead.scope_id == scope.scope_id))
    }
    query = (
        sa.select(LogEntry)
        .where(LogEntry.scope_id == scope.scope_id)
        .order_by(LogEntry.device_id, LogEntry.n, LogEntry.hash)
    )
    receiving = Receiving(session, server_key(seals), scope.scope_id, scope.name)
    erased, signed_for = erased_lines(session, scope.scope_id), Tally()
    lines: Counter[str] = Counter()
    tally = Tally()
    before: LogEntry | None = None
    for row, line in _with_lines(session, seals, query):
        if before is not None and before.device_id != row.device_id:
            before = None
        lines[row.device_id] += 1
        tally = add_lines(seals, tally, [row.hash.hex()])
        not_received = receiving.fault_of(row)
        gone = erased.get(row.id)
        if gone is not None:
            signed_for = added(seals, "erased_line", signed_for, [line_text(gone, row)])
        what = _fault_of(row, _line_fault(row, line, gone), before, heads.get(row.device_id)) or not_received
        if what:
            yield Fault(scope.name, row.device_id, row.n, what)
        before = row
    for head in heads.values():
        known = streams.from_json(head.head)
        if not head.forked and streams.length(known) != lines[head.device_id]:
            n, _ = streams.highest(known)
            yield Fault(
                scope.name, head.device_id, n, "the log has other lines than the stream is known to have"
            )
    for device_id, n, what in receiving.faults():
        yield Fault(scope.name, device_id, n, what)
    for what in (_miscounted(seals, scope, tally), _misdeleted(session, seals, scope, signed_for)):
        if what:
            yield Fault(scope.name, "", 0, what)


def _misdeleted(session: Session, seals: Seals, scope: Scope, lines: Tally) -> str:
    """What is wrong with the lines that were erased: each batch of them was signed for."""
    kept = session.get(ErasureSeal, scope.scope_id)
    what = seal_fault(seals, scope, kept, lines, erased_state(session, seals, scope.scope_id))
    frozen = sa.select(Window.id).where(Window.scope_id == scope.scope_id, Window.rules == FROZEN)
    if not what and kept is None and session.scalar(frozen.limit(1)) is not None:
        return "windows are said to rest on erased lines, and none were erased"
    return what


def _miscounted(seals: Seals, scope: Scope, tally: Tally) -> str:
    try:
        sealed = read_lines_tally(seals, scope)
    except SealBroken:
        return "the count of lines does not open"
    if sealed is None or sealed == tally:
        return ""
    if sealed.events != tally.events:
        return f"lines of the log: {sealed.events} were counted, {tally.events} are there"
    return "other lines were counted"


def _with_lines(
    session: Session, seals: Seals, query: sa.Select[LogEntry]
) -> Iterator[tuple[LogEntry, bytes | None]]:
    for rows in session.scalars(query.execution_options(yield_per=1000)).partitions():
        yield from zip(rows, open_lines(session, seals, rows), strict=True)


def _line_fault(row: LogEntry, line: bytes | None, gone: ErasedLine | None) -> tuple[str, str]:
    """What is wrong with a line by itself (empty: nothing), and the hash of the line before, as it names it."""
    if gone is not None:
        return "the line is said to be erased, and is here" if row.raw else "", gone.prev
    if not row.raw:
        return "the line was erased, and nobody signed for that", ""
    if line is None:
        return "the line does not open", ""
    is_whole = hashlib.sha256(line).digest() == row.hash
    return "" if is_whole else "the line was changed: its hash differs", prev_of(line)


def _fault_of(
    row: LogEntry,
    by_itself: tuple[str, str],
    before: LogEntry | None,
    head: StreamHead | None,
) -> str:
    what, prev = by_itself
    if what:
        return what
    if head is None:
        return "the stream is not known"
    if row.n > (before.n if before is not None else 0) + 1 and row.n <= head.head["n"]:
        return _LOST
    if head.forked:
        return ""  # a fork is kept and marked, and has more than one line at a number
    if row.kind == ANY_KIND:
        return ""  # it could not be read, and what it names as the one before neither
    if before is None and row.n == 1 and prev != "":
        return "the first line names one before it"
    if before is not None and before.n == row.n - 1 and prev != before.hash.hex():
        return "the chain is broken: `prev` is not the hash of the line before"
    return ""


def verify_exchanges(session: Session, seals: Seals) -> Iterator[Fault]:
    """Every attestation against its device's key, every receipt against the server's and against the time of its
    exchange, and each line that one of them names against the log."""
    keys = dict(session.execute(sa.select(Device.id, Device.public_key)).all())
    named: dict[str, set[_Line]] = {}
    brought: dict[str, dict[str, str]] = {}
    query = (
        sa.select(Exchange).where(Exchange.receipt.is_not(None)).order_by(Exchange.device_id, Exchange.at_ms)
    )
    key = server_key(seals)
    yield from _kept_receipts(session, key, named)
    for exchange in session.scalars(query.execution_options(yield_per=500)):
        receipt, at = read_receipt(key, exchange), to_iso(exchange.at_ms)
        if receipt is None:
            yield Fault("", exchange.device_id, 0, f"the receipt of {at} is not the server's")
            continue
        if receipt.at_ms != exchange.at_ms:
            yield Fault("", exchange.device_id, 0, f"the receipt of {at} has another time")
        for name, (n, hash) in receipt.streams.items():
            if n:
                named.setdefault(name, set()).add((exchange.device_id, n, hash))
        for name in receipt.lines or ():
            brought.setdefault(name, {})[exchange.id] = exchange.device_id
    for head in session.scalars(sa.select(StreamHead).where(StreamHead.attested.is_not(None))):
        attested, name = head.attested or {}, "ref" if head.scope_id == REF else f"site:{head.scope_id}"
        text = attestation_text(head.device_id, name, attested["n"], attested["hash"])
        if not verify_text(keys[head.device_id], text, attested["sig"]):
            yield Fault(name, head.device_id, attested["n"], "the attestation is not the device's")
        elif attested["n"]:
            named.setdefault(name, set()).add((head.device_id, attested["n"], attested["hash"]))
    yield from _lines_lost(session, named, brought)


def _kept_receipts(session: Session, key: bytes, named: dict[str, set[_Line]]) -> Iterator[Fault]:
    """The newest receipt of each stream, of those whose exchange brought nothing and is forgotten."""
    for row in session.scalars(sa.select(StreamReceipt).order_by(StreamReceipt.device_id)):
        receipt = read_signed(key, row.device_id, row.receipt)
        if receipt is None:
            yield Fault("", row.device_id, 0, f"a receipt that is kept of {row.scope_id} is not the server's")
            continue
        for name, (n, hash) in receipt.streams.items():
            if n:
                named.setdefault(name, set()).add((row.device_id, n, hash))


def _lines_lost(
    session: Session, named: dict[str, set[_Line]], brought: dict[str, dict[str, str]]
) -> Iterator[Fault]:
    """Lines that a receipt or an attestation names, and exchanges all of whose lines (exchange → device, by scope) the log
    lacks: one reading of each scope's log."""
    columns = (LogEntry.device_id, LogEntry.n, LogEntry.hash, LogEntry.exchange_id)
    for name in sorted(named.keys() | brought.keys()):
        query = sa.select(*columns).where(LogEntry.scope_id == scope_id_of(name))
        lost, empty = set(named.get(name, ())), dict(brought.get(name, {}))
        for device_id, n, hash, exchange_id in session.execute(query.execution_options(yield_per=1000)):
            lost.discard((device_id, n, hash.hex()))
            empty.pop(exchange_id, None)
        for device_id, n, _ in sorted(lost):
            yield Fault(name, device_id, n, "this line was signed for, and the log lacks it")
        for device_id in sorted(set(empty.values()) - {device_id for device_id, _, _ in lost}):
            yield Fault(
                name, device_id, 0, "all lines of an exchange were signed for, and the log lacks them"
            )
