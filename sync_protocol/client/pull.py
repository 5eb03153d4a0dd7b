"""Pull: changes come down scope by scope, each stored together with its checkpoint. Nothing here depends on a push."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sync_protocol.client import records
from sync_protocol.client.answers import BadAnswer, load_object
from sync_protocol.client.exchange import Exchange
from sync_protocol.client.outbox import SCHEMA
from sync_protocol.client.records import Change, Checkpoint, Segment
from sync_protocol.client.reports import ExchangeFailed, PullReport, PushReport, trouble_of
from sync_protocol.header import SYNC_VERSION

MAX_BYTES = 1_048_576
_HEADERS = {"Content-Type": "application/json", "Accept": "application/x-ndjson"}


@dataclass(slots=True)
class _Round:
    """What one answer brought. `moved`: a cursor changed; `again`: a reset was asked for."""

    ended: bool = False
    more: bool = False
    moved: bool = False
    again: bool = False
    gone: list[str] = field(default_factory=list)


def pull(
    exchange: Exchange,
    push: Callable[[], PushReport],
    max_bytes: int = MAX_BYTES,
    before: PullReport | None = None,
) -> PullReport:
    """Brings every assigned scope up to date. Never raises for what the network or server does. `before`:
    the report of a pull that this one continues from.

    1 ask with the cursors that are stored; 2 store each scope's changes with its checkpoint, so that a cut
    at any line keeps what was complete; 3 a scope that is gone is purged after `push` has emptied its outbox
    and said so to the server, or left until next time; 4 again while there is more or a reset was asked for,
    as long as something moves.
    """
    report = before or PullReport()
    report.cut, report.problem = False, None
    while True:
        try:
            one = _round(exchange, report, max_bytes)
        except ExchangeFailed as failure:
            report.problem = failure.trouble
            break
        _leave(exchange, one.gone, push, report)
        if not one.ended:
            report.cut = True
            report.problem = trouble_of("offline")
            break
        if not (one.again or (one.more and one.moved)):
            break
    return report


def _round(exchange: Exchange, report: PullReport, max_bytes: int) -> _Round:
    """One request and its answer. Raises ExchangeFailed when there is none."""
    store = exchange.store
    cursors = records.cursors(store)
    overlays = records.settled_overlays(store)
    asked = {"sync": SYNC_VERSION, "schema": SCHEMA, "scopes": cursors, "max_bytes": max_bytes}
    body = json.dumps(asked, separators=(",", ":")).encode()
    response = exchange.post("/sync/v1/pull", lambda: body, _HEADERS)
    reader = _Reader(exchange, report, dict(cursors), overlays)
    for line in response.body.split(b"\n"):
        if not line.strip():
            continue
        try:
            reader.take(load_object(line), line)
        except (BadAnswer, KeyError, TypeError, ValueError):
            break  # cut in the middle of a line, or no line of the contract: nothing after it can be trusted
        if reader.round.ended:
            break
    return reader.round


class _Reader:
    """Reads the lines of one answer. A scope's changes wait in memory until their checkpoint comes."""

    def __init__(
        self,
        exchange: Exchange,
        report: PullReport,
        cursors: dict[str, str],
        overlays: Mapping[str, Collection[int]],
    ) -> None:
        self.round = _Round()
        self._exchange = exchange
        self._report = report
        self._cursors = cursors
        self._overlays = overlays
        self._open: dict[str, Segment] = {}

    def take(self, line: Mapping[str, Any], raw: bytes) -> None:
        """One line. Raises KeyError, TypeError or ValueError for one that breaks the contract; a line of a
        kind that this client does not know is passed over (a digest would show whether it mattered)."""
        if "put" in line:
            self._change(line, str(line["put"]), raw)
        elif "del" in line:
            self._change(line, str(line["del"]), None)
        elif "reset" in line:
            self._open[str(line["reset"])] = Segment(reset=True)
        elif "checkpoint" in line:
            self._checkpoint(line)
        elif "gone" in line:
            self.round.gone.append(str(line["gone"]))
        elif "end" in line:
            self._end(line)

    def _change(self, line: Mapping[str, Any], kind: str, raw: bytes | None) -> None:
        segment = self._open.setdefault(str(line["scope"]), Segment())
        segment.changes[str(line["id"]), kind] = Change(int(line["rev"]), raw)

    def _checkpoint(self, line: Mapping[str, Any]) -> None:
        scope = str(line["checkpoint"])
        caught_up = "count" in line
        checkpoint = Checkpoint(
            scope,
            str(line["cursor"]),
            int(line["count"]) if caught_up else None,
            str(line["digest"]) if caught_up else None,
        )
        segment = self._open.pop(scope, Segment())
        before = self._cursors.get(scope, "")
        stored = records.commit(
            self._exchange.store,
            segment,
            checkpoint,
            before,
            self._overlays.get(scope, ()),
            self._exchange.now_ms(),
        )
        if not stored.kept:
            return
        self._cursors[scope] = "" if stored.reset_wanted else checkpoint.cursor
        self.round.moved |= self._cursors[scope] != before
        self.round.again |= stored.reset_wanted
        self._report.resets += segment.reset
        if not stored.matched:
            self._report.mismatched.append(scope)
        dels = sum(change.line is None for change in segment.changes.values())
        self._report.dels += dels
        self._report.puts += len(segment.changes) - dels

    def _end(self, line: Mapping[str, Any]) -> None:
        self.round.ended = True
        self.round.more = line.get("more") is True
        store = self._exchange.store
        with store.transaction():
            self._exchange.note_time(line.get("server_time"))
            if isinstance(line.get("beacon"), str):
                store.set_note("beacon", line["beacon"])
            store.set_note("pulled_ms", self._exchange.now_ms())


def _leave(
    exchange: Exchange, gone: Collection[str], push: Callable[[], PushReport], report: PullReport
) -> None:
    """Purges the scopes that were taken away, after what was written there went up, and the server was notified that
    there is no more: until then it has to expect more."""
    if not records.note_gone(exchange.store, gone):
        push()
    report.leaving = [scope for scope in gone if not records.purge(exchange.store, scope)]
    report.gone += [scope for scope in gone if scope not in report.leaving]
