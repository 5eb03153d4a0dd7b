"""Push: waiting entries go up in batches, or a heartbeat. Nothing here depends on a pull."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sync_protocol.client import outbox
from sync_protocol.client.answers import BadAnswer, PushAnswer, read_push_answer
from sync_protocol.client.clock import wall_text
from sync_protocol.client.exchange import Exchange
from sync_protocol.client.outbox import SCHEMA, Held, StreamClaim
from sync_protocol.client.reports import ExchangeFailed, PushReport, Trouble, trouble_of
from sync_protocol.client.store import Store
from sync_protocol.entry import MAX_ENTRIES, MAX_INFLATED_BYTES
from sync_protocol.header import SYNC_VERSION
from sync_protocol.signatures import attestation_text, receipt_text, sign_text, verify_text

_HEADER_BYTES = 1024  # of a push's first line without its streams, with room to spare
_CLAIM_BYTES = 448  # of one stream in it: scope, n, hash and signature
_HEADERS = {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
_PASSED_OVER_MAX = 3
_ABANDONED_AFTER_MS = (
    60_000  # of reading the clock for the header: the server takes it to be no older (SPEC: Time)
)
_TRY_SMALLER = (413, 500)  # too large; or something in the batch upsets the server: find out with less of it


def push(exchange: Exchange) -> PushReport:
    """Sends everything that waits; a heartbeat when nothing does. Never raises for what the network or server
    does.

    1 the oldest lines within the limits go up under a fresh header (never an old one: it has the clocks and
    what is unsent *now*); 2 a 413 or 500 halves the batch, down to one entry, which is then passed over
    until the next push; a try that is abandoned ends the push, and halves the first batch of the next; 3
    the answer is applied only with a valid receipt, in one transaction; 4 again, until each waiting line
    was tried once. A lost answer leaves everything waiting: the same lines go up again, and come back as
    duplicates.
    """
    report = PushReport()
    size = _Size(exchange.store)
    tried: set[int] = set()
    heard = False  # one exchange at least, even with nothing to send
    while True:
        batch = _next_batch(exchange.store, tried, size.now)
        if not batch and heard:
            break
        began_ms = exchange.clock.up_ms()
        try:
            claims, answer = _exchange(exchange, batch)
        except ExchangeFailed as failure:
            if not batch or not size.shrink(failure.trouble, len(batch)):
                report.problem = failure.trouble
                break
            if len(batch) == 1:
                report.problem = failure.trouble
                tried.add(batch[0].seq)
            continue
        heard = True
        size.grow(exchange.clock.up_ms() - began_ms)
        tried.update(held.seq for held in batch)
        report.sent += len(batch)
        for name, count in _take_in(exchange, batch, claims, answer, tried).items():
            report.outcomes[name] = report.outcomes.get(name, 0) + count
    report.waiting = sum(outbox.waiting_by_scope(exchange.store).values())
    return report


class _Size:
    """How many entries the next batch may hold. A 413 lowers it for the whole push; a 500 only until
    something works; a try that was abandoned until batches are answered well in time, over restarts too."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.now = store.int_note("batch_entries", MAX_ENTRIES)
        self._ceiling = MAX_ENTRIES
        self._passed_over = 0

    def shrink(self, trouble: Trouble, entries: int) -> bool:
        """Whether to continue after this failure. Single entries that fail one after the other mean a failing
        server."""
        if trouble.code == "no_answer":
            self._note(max(1, entries // 2))
        if trouble.status not in _TRY_SMALLER:
            return False
        if entries > 1:
            self.now = entries // 2
            if trouble.status == 413:
                self._ceiling = self.now
            return True
        self._passed_over += 1
        return self._passed_over < _PASSED_OVER_MAX

    def grow(self, took_ms: int) -> None:
        """After an answer: twice as much might have come in time too, unless this took more than half of it."""
        if took_ms <= _ABANDONED_AFTER_MS / 2:
            self.now = min(self._ceiling, self.now * 2)
            self._note(min(MAX_ENTRIES, self._store.int_note("batch_entries", MAX_ENTRIES) * 2))
        self._passed_over = 0

    def _note(self, entries: int) -> None:
        if entries != self._store.int_note("batch_entries", MAX_ENTRIES):
            with self._store.transaction():
                self._store.set_note("batch_entries", entries)


def _next_batch(store: Store, tried: set[int], max_entries: int) -> list[Held]:
    (scopes,) = store.sql.execute("SELECT count(*) FROM scope").fetchone()
    return outbox.next_batch(
        store, tried, max_entries, MAX_INFLATED_BYTES - _HEADER_BYTES - _CLAIM_BYTES * scopes
    )


def _exchange(exchange: Exchange, batch: Sequence[Held]) -> tuple[Mapping[str, StreamClaim], PushAnswer]:
    """What was claimed, and the answer. Raises ExchangeFailed, also for an answer whose receipt the server's
    key did not sign."""
    claims: dict[str, StreamClaim] = {}

    def make_body() -> bytes:
        clock = _read_clock(exchange)  # first: what is written from now on is counted as unsent
        claims.clear()
        claims.update(outbox.claims(exchange.store, batch))
        header = push_header(exchange, batch[0].schema if batch else SCHEMA, clock, claims)
        lines = b"\n".join([header, *(held.line for held in batch), b""])
        return gzip.compress(lines, compresslevel=6, mtime=0)

    response = exchange.post("/sync/v1/push", make_body, _HEADERS, _ABANDONED_AFTER_MS)
    if not response.complete:
        raise ExchangeFailed(trouble_of("offline"))
    try:
        answer = read_push_answer(response.body)
    except BadAnswer as error:
        raise ExchangeFailed(trouble_of("bad_answer")) from error
    identity = exchange.identity()
    if not verify_text(identity.server_key, _receipt(exchange, answer), answer.receipt_sig):
        raise ExchangeFailed(trouble_of("receipt_invalid"))
    return claims, answer


def _read_clock(exchange: Exchange) -> dict[str, Any]:
    """The last beacon that this tablet received, and then its clocks: they were read after it."""
    beacon = exchange.store.note("beacon")
    clock = exchange.clock
    read = {"wall": wall_text(clock.wall_ms()), "boot": clock.boot, "up_ms": clock.up_ms()}
    return read if beacon is None else {**read, "beacon": beacon}


def push_header(
    exchange: Exchange, schema: str, clock: Mapping[str, Any], claims: Mapping[str, StreamClaim]
) -> bytes:
    """The first line of a push: the schema of its lines, the clock, one signed attestation for each scope."""
    identity = exchange.identity()
    streams = {
        scope: {
            "n": claim.n,
            "hash": claim.hash,
            "unsent": claim.unsent,
            "sig": sign_text(
                identity.private_key, attestation_text(identity.device, scope, claim.n, claim.hash)
            ),
        }
        for scope, claim in claims.items()
    }
    header = {"sync": SYNC_VERSION, "schema": schema, "clock": clock, "streams": streams}
    return json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()


def _receipt(exchange: Exchange, answer: PushAnswer) -> str:
    streams = {scope: (stream.n, stream.hash) for scope, stream in answer.streams.items()}
    return receipt_text(exchange.identity().device, answer.receipt_at, streams)


def _take_in(
    exchange: Exchange,
    batch: Sequence[Held],
    claims: Mapping[str, StreamClaim],
    answer: PushAnswer,
    tried: set[int],
) -> dict[str, int]:
    """Outcomes, receipt, beacon and server time of one answer, in one transaction."""
    store = exchange.store
    with store.transaction() as sql:
        exchange.note_time(answer.server_time)
        now_ms = exchange.now_ms()
        counted = outbox.settle(store, batch, answer, tried, now_ms)
        outbox.note_left(store, claims, answer)
        receipt = sql.execute(
            "INSERT INTO receipt (at, sig, text) VALUES (?, ?, ?)",
            (answer.receipt_at, answer.receipt_sig, _receipt(exchange, answer)),
        ).lastrowid
        sql.executemany(
            "UPDATE scope SET receipt = ? WHERE scope = ?", [(receipt, scope) for scope in answer.streams]
        )
        sql.execute(
            "DELETE FROM receipt WHERE id NOT IN (SELECT receipt FROM scope WHERE receipt IS NOT NULL)"
        )
        if answer.beacon:
            store.set_note("beacon", answer.beacon)
        store.set_note("pushed_ms", now_ms)
    return counted
