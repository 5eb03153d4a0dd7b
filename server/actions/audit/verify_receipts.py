"""Receipts as they are kept: what the server signed of each exchange, read without trust, and held against the lines
that the exchange brought."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.base.clock import from_iso
from server.base.seal import Seals
from server.models.device import Exchange
from server.models.entry import LogEntry
from sync_protocol.signatures import receipt_text, received_text, verify_text

Lines = dict[str, tuple[int, str]]  # by scope name: how many, and the SHA-256 of their hashes


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt that the server signed. `streams`: by scope name, the highest number received and its hash. `lines`: what
    the exchange brought; None in receipts from before that was signed."""

    device_id: str
    at_ms: int
    streams: dict[str, tuple[int, str]]
    lines: Lines | None


def server_key(seals: Seals) -> bytes:
    """The key by which receipts are verified: 32 raw bytes."""
    return seals.signing_key.public_key().public_bytes_raw()


def read_receipt(key: bytes, exchange: Exchange) -> Receipt | None:
    """The receipt of an exchange; None when it has none, or one that the server did not sign or that was changed."""
    return read_signed(key, exchange.device_id, exchange.receipt)


def read_signed(key: bytes, device_id: str, kept: Any) -> Receipt | None:
    """A receipt to a device, as it is kept; None for none, or one that the server did not sign or that was changed."""
    try:
        at, streams = kept["at"], {name: (n, hash) for name, (n, hash) in kept["streams"].items()}
        at_ms = from_iso(at)
        lines = None
        if "lines" in kept:
            lines = {name: (count, sha256) for name, (count, sha256) in kept["lines"].items()}
            signed = received_text(device_id, at, lines)
            if not verify_text(key, signed, kept["lines_sig"]):
                return None
        if not verify_text(key, receipt_text(device_id, at, streams), kept["sig"]):
            return None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None
    return Receipt(device_id, at_ms, streams, lines)


@dataclass(slots=True)
class _Count:
    """The lines of one exchange that were met so far."""

    device_id: str
    n: int = 0
    count: int = 0
    hashes: Any = field(default_factory=hashlib.sha256)


class Receiving:
    """The lines of one scope, one after the other (by device, number and hash), held against the receipts of the exchanges
    that brought them."""

    def __init__(self, session: Session, key: bytes, scope_id: str, name: str) -> None:
        mine = sa.select(LogEntry.exchange_id).where(LogEntry.scope_id == scope_id)
        query = sa.select(Exchange).where(Exchange.id.in_(mine))
        self._name = name
        self._receipts = {row.id: read_receipt(key, row) for row in session.scalars(query)}
        self._counts: dict[str, _Count] = {}

    def fault_of(self, row: LogEntry) -> str:
        """What is wrong with the time at which the log says that this line was received; empty when a receipt proves
        it."""
        counted = self._counts.setdefault(row.exchange_id, _Count(row.device_id))
        counted.n, counted.count = row.n, counted.count + 1
        counted.hashes.update(row.hash)
        if row.exchange_id not in self._receipts:
            return "the exchange that brought the line is lacking"
        receipt = self._receipts[row.exchange_id]
        if receipt is None or receipt.device_id != row.device_id:
            return "no receipt of the server says when the line was received"
        if receipt.at_ms != row.received_ms:
            return "the time of receipt was changed: the signed receipt has another"
        if receipt.streams.get(self._name, (0, ""))[0] < row.n:
            return "the receipt of the exchange was signed before the line was here"
        return ""

    def faults(self) -> Iterator[tuple[str, int, str]]:
        """(device, last number, what is wrong) of exchanges that brought other lines than those signed for."""
        for exchange_id, counted in self._counts.items():
            receipt = self._receipts.get(exchange_id)
            if receipt is None or receipt.lines is None:
                continue
            if receipt.lines.get(self._name) != (counted.count, counted.hashes.hexdigest()):
                yield counted.device_id, counted.n, "the exchange brought other lines than these"
