"""Prove the log: every line's hash, every chain, every attestation and receipt. Names the first bad line
of each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.read_push import entry_place
from server.actions.verify_flags import flag_faults, window_faults
from server.models.device import Device, Exchange, StreamHead
from server.models.entry import LogEntry
from server.models.receipt import StreamReceipt
from server.models.scope import Scope, scope_id_of
from server.seal import SealBroken, Seals
from sync_protocol.signatures import attestation_text, receipt_text, verify_text

_LOST = "the stream was whole up to here, and the log lacks lines before this one"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not hold. `device`: a device, or what else it is about (a flag, a window); `line`: the number
    `n` of an entry, or of an event."""

    scope: str
    device: str
    line: int
    what: str


def verify_scope(session: Session, seals: Seals, scope: Scope) -> Iterator[Fault]:
    """The first fault of each stream of a scope: a changed line, a broken chain without a fork mark, a
    line lost that was there, a flag whose history was changed or does not give what it is, a window that
    nothing met."""
    heads = {
        row.device_id: row
        for row in session.scalars(sa.select(StreamHead).where(StreamHead.scope_id == scope.scope_id))
    }
    query = (
        sa.select(LogEntry)
        .where(LogEntry.scope_id == scope.scope_id)
        .order_by(LogEntry.device_id, LogEntry.n)
    )
    before: LogEntry | None = None
    faulty: set[str] = set()
    through: dict[str, int] = {}
    for row in session.scalars(query.execution_options(yield_per=1000)):
        if before is not None and before.device_id != row.device_id:
            before = None
        what = "" if row.device_id in faulty else _fault_of(seals, row, before, heads.get(row.device_id))
        if what:
            faulty.add(row.device_id)
            yield Fault(scope.name, row.device_id, row.n, what)
        before = row
        through[row.device_id] = row.n
    for device_id, head in sorted(heads.items()):
        last = through.get(device_id, 0)
        if device_id not in faulty and last < head.head["n"]:
            yield Fault(scope.name, device_id, last + 1, _LOST)
    for found in chain(flag_faults(session, seals, scope), window_faults(session, scope)):
        yield Fault(scope.name, *found)


def _fault_of(seals: Seals, row: LogEntry, before: LogEntry | None, head: StreamHead | None) -> str:
    try:
        raw = seals.open(entry_place(row.id), row.raw)
    except SealBroken:
        return "the line does not open"
    if hashlib.sha256(raw).digest() != row.hash:
        return "the line was changed: its hash differs"
    if head is None:
        return "the stream is not known"
    if row.n > (before.n if before is not None else 0) + 1 and row.n <= head.head["n"]:
        return _LOST
    if head.forked:
        return ""  # a fork is kept and marked, and has more than one line at a number
    prev = prev_of(raw)
    if before is None and row.n == 1 and prev != "":
        return "the first line names one before it"
    if before is not None and before.n == row.n - 1 and prev != before.hash.hex():
        return "the chain is broken: `prev` is not the hash of the line before"
    return ""


def prev_of(raw: bytes) -> str:
    """The hash that a line names as the one before."""
    try:
        return str(msgspec.json.decode(raw)["prev"])
    except (msgspec.MsgspecError, KeyError, TypeError, RecursionError, ValueError):
        return ""


def verify_exchanges(session: Session, seals: Seals) -> Iterator[Fault]:
    """Every attestation against its device's key, every receipt against the server's, and each line that a
    receipt names against the log."""
    server_key = seals.signing_key.public_key().public_bytes_raw()
    keys = dict(session.execute(sa.select(Device.id, Device.public_key)).all())
    named: dict[str, set[tuple[str, int, str]]] = {}
    for device_id, receipt in _receipts(session):
        streams = {name: (n, hash) for name, (n, hash) in receipt.get("streams", {}).items()}
        text = receipt_text(device_id, receipt.get("at", ""), streams)
        if not verify_text(server_key, text, receipt.get("sig", "")):
            yield Fault("", device_id, 0, f"the receipt of {receipt.get('at')} is not the server's")
        for name, (n, hash) in streams.items():
            if n:
                named.setdefault(name, set()).add((device_id, n, hash))
    yield from _lines_lost(session, named)
    for head in session.scalars(sa.select(StreamHead).where(StreamHead.attested.is_not(None))):
        told = head.attested or {}
        text = attestation_text(head.device_id, f"site:{head.scope_id}", told["n"], told["hash"])
        if not verify_text(keys[head.device_id], text, told["sig"]):
            yield Fault(
                f"site:{head.scope_id}", head.device_id, told["n"], "the attestation is not the device's"
            )


def _receipts(session: Session) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every receipt that is kept, with its device: of exchanges, and the newest of each stream whose exchange is
    forgotten."""
    query = sa.select(Exchange.device_id, Exchange.receipt).where(Exchange.receipt.is_not(None))
    last = sa.select(StreamReceipt.device_id, StreamReceipt.receipt)
    for one in (query.order_by(Exchange.device_id, Exchange.at_ms), last.order_by(StreamReceipt.device_id)):
        for device_id, receipt in session.execute(one.execution_options(yield_per=500)):
            yield device_id, receipt or {}


def _lines_lost(session: Session, named: dict[str, set[tuple[str, int, str]]]) -> Iterator[Fault]:
    """Lines that a receipt names and the log lacks: one reading of each scope's log."""
    columns = (LogEntry.device_id, LogEntry.n, LogEntry.hash)
    for name, lines in sorted(named.items()):
        query = sa.select(*columns).where(LogEntry.scope_id == scope_id_of(name))
        lost = set(lines)
        for device_id, n, hash in session.execute(query.execution_options(yield_per=1000)):
            lost.discard((device_id, n, hash.hex()))
        for device_id, n, _ in sorted(lost):
            yield Fault(name, device_id, n, "a receipt names this line, and the log lacks it")
