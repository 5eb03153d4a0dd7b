"""The change feed of one scope: the only module that assigns `seq` and `rev`.

The caller holds the scope's row locked. Changes are collected and written together: new records in one
bulk insertion, changed ones in one bulk update, the counter, the live count and the digest once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
from sqlalchemy.orm import Session

from server.actions.records.outbox import WINDOW_MISSED, WINDOW_REVISED, NewSiteEvent, record_events
from server.actions.records.segments import Kept, Served, body_aad, read_bodies
from server.base.db import bulk_insert, bulk_select, bulk_update
from server.base.seal import Seals, is_sealed
from server.models.record import Record
from server.models.scope import Scope
from sync_protocol.digest import record_digest

COLUMNS = (
    "scope_id",
    "id",
    "kind",
    "rev",
    "seq",
    "body",
    "event_ms",
    "subject",
    "maybe_places",
    "slot",
    "counts",
    "backfilled",
    "earliest_ms",
    "latest_ms",
    "observed_ms",
    "amends",
    "timed_by",
)
_KEY, _CHANGING = ("scope_id", "id"), ("rev", "seq", "body", "counts", "deleted_ms")
_ID, _BODY = (COLUMNS.index(name) for name in ("id", "body"))
_TABLE: Any = Record.__table__
_U64 = 1 << 64

WINDOW, _MISSED = "window", "missed"
_OF_WINDOW = (
    "duty",
    "place",
    "place_id",
    "local_date",
    "slot",
    "opens",
    "due",
    "state",
    "need",
    "have",
    "reason",
)

Key = tuple[str, str]  # a record's scope and id


@dataclass(slots=True)
class Put:
    """The new state of a record: its body as it is served, and for a fact what duties are judged by. `sealed`: a new
    record's body is sealed at rest; that of one that is stored stays as it is."""

    kind: str
    id: str
    body: Mapping[str, Any] | bytes
    event_ms: int | None = None
    subject: str | None = None
    slot: str | None = None
    counts: bool = True
    earliest_ms: int | None = None
    latest_ms: int | None = None
    observed_ms: int | None = None
    amends: str | None = None
    timed_by: str | None = None
    maybe_places: str | None = None
    always: bool = False  # a change behind the mask changes nothing that is served, and still is a new rev
    sealed: bool = False


class Stored(NamedTuple):
    """What is stored of a record."""

    kind: str
    rev: int
    seq: int
    body: bytes
    deleted_ms: int | None
    counts: bool

    @property
    def is_in_segment(self) -> bool:
        """Whether its body is there, and not in its row."""
        return not self.body and self.deleted_ms is None


@dataclass(slots=True)
class _Changes:
    """Rows to be written: new ones (those of them that will be sealed), and changed ones with their keys at the end."""

    new: list[Sequence[Any]] = field(default_factory=list)
    sealed: list[list[Any]] = field(default_factory=list)
    served: Served = field(default_factory=Served)
    changed: list[tuple[Any, ...]] = field(default_factory=list)

    def write(self, session: Session, seals: Seals) -> None:
        """New bodies come as they are served, and are sealed here, all at once."""
        bodies = seals.seal_all([(body_aad(row[_ID]), row[_BODY]) for row in self.sealed])
        for row, body in zip(self.sealed, bodies, strict=True):
            row[_BODY] = body
        bulk_insert(session, _TABLE, COLUMNS, self.new)
        self.served.write(session, seals)
        bulk_update(session, _TABLE, _KEY, _CHANGING, self.changed)
        self.new, self.sealed, self.changed = [], [], []


class Feed:
    """Changes to one locked scope in one transaction. Call `flush` once at the end."""

    def __init__(
        self, session: Session, scope: Scope, seals: Seals, now_ms: int, changes: _Changes | None = None
    ) -> None:
        self._session = session
        self._seals = seals
        self._now_ms = now_ms
        self._seq = scope.seq
        self._live = 0
        self._digest = 0
        self._changes = _Changes() if changes is None else changes
        self._events: list[NewSiteEvent] = []
        self.scope = scope
        self._scope_id = scope.scope_id

    @property
    def seals(self) -> Seals:
        """The keys that bodies of this scope are sealed with."""
        return self._seals

    def add(self, put: Put) -> tuple[int, int]:
        """A record known to be new. Gives its rev (1) and seq."""
        self._seq += 1
        self._live += 1
        self._digest += record_digest(put.kind, put.id, 1)
        named = (self._scope_id, put.id, put.kind, 1, self._seq, encode(put.body))
        judged = (put.event_ms, put.subject, put.maybe_places, put.slot, put.counts)
        times = (put.observed_ms is not None, put.earliest_ms, put.latest_ms, put.observed_ms)
        row = [*named, *judged, *times, put.amends, put.timed_by]
        self._changes.new.append(row)
        if put.sealed:
            self._changes.sealed.append(row)
        return 1, self._seq

    @property
    def next_seq(self) -> int:
        """The number that the next change takes."""
        return self._seq + 1

    def add_facts(self, rows: Sequence[tuple[Any, ...]], lines: Sequence[bytes], digest: int) -> None:
        """Records known to be new, numbered from `next_seq` on: their rows (see COLUMNS) without bodies, each as a pull
        serves it, and the sum of their digests."""
        self._changes.new += rows
        self._changes.served.add(self._scope_id, self._seq + 1, lines)
        self._seq += len(rows)
        self._live += len(rows)
        self._digest += digest

    def put(self, puts: Sequence[Put]) -> dict[str, tuple[int, int]]:
        """New or changed records; one whose body is stored already is left alone. Gives rev and seq by id."""
        self.write()
        return self.put_alongside(puts, self._stored([put.id for put in puts]))

    def put_alongside(self, puts: Sequence[Put], known: Mapping[Key, Stored]) -> dict[str, tuple[int, int]]:
        """As `put`; `known` holds those of the records that are stored."""
        given = {}
        for put in puts:
            old = known.get((self._scope_id, put.id))
            if put.kind == WINDOW:
                self._events += events_of_window(put, None if old is None else self._body_of(put.id, old))
            if old is None:
                given[put.id] = self.add(put)
                continue
            body = encode(put.body)
            same = old.deleted_ms is None and old.counts == put.counts and not put.always
            if same and self._body_of(put.id, old) == body:
                given[put.id] = (old.rev, old.seq)
                continue
            rev, seq = given[put.id] = self._change(put.id, old, put.kind, deleted=False)
            if put.sealed or is_sealed(old.body) or old.is_in_segment:
                body = self._seals.seal(body_aad(put.id), body)
            self._changes.changed.append((rev, seq, body, put.counts, None, self._scope_id, put.id))
        return given

    def delete(self, ids: Sequence[str]) -> None:
        """Turn live records into tombstones."""
        self.write()
        for (_, key), old in self._stored(ids).items():
            if old.deleted_ms is None:
                rev, seq = self._change(key, old, old.kind, deleted=True)
                self._changes.changed.append((rev, seq, b"", False, self._now_ms, self._scope_id, key))

    def write(self) -> None:
        """Write the changes collected so far, so that statements see them."""
        self._changes.write(self._session, self._seals)
        self._record_events()

    def flush(self) -> None:
        """Write what is left, and set the scope's counter, live count and digest."""
        self.write()
        self.count()

    def count(self) -> None:
        """Set the scope's counter, live count and digest to what was given out, and write the events."""
        self._record_events()
        if self._seq == self.scope.seq:
            return
        self.scope.seq = self._seq
        self.scope.live += self._live
        self.scope.digest = signed(self.scope.digest + self._digest)
        self._live = self._digest = 0

    def _record_events(self) -> None:
        events, self._events = self._events, []
        record_events(self._session, self._scope_id, events, self._now_ms)

    def _body_of(self, key: str, old: Stored) -> bytes:
        if old.is_in_segment:
            return read_bodies(self._session, self._seals, self._scope_id, [Kept(key, old.seq, b"")])[0]
        return self._seals.open(body_aad(key), old.body)

    def _change(self, key: str, old: Stored, kind: str, deleted: bool) -> tuple[int, int]:
        """Take the next rev and seq for a stored record."""
        self._seq += 1
        if old.deleted_ms is None:
            self._digest -= record_digest(old.kind, key, old.rev)
            self._live -= 1
        if not deleted:
            self._digest += record_digest(kind, key, old.rev + 1)
            self._live += 1
        return old.rev + 1, self._seq

    def _stored(self, ids: Sequence[str]) -> dict[Key, Stored]:
        return _stored(self._session, [(self._scope_id, key) for key in ids])


def events_of_window(put: Put, before: bytes | None) -> list[NewSiteEvent]:
    """That a window is called missed, or no longer."""
    assert isinstance(put.body, Mapping), "the server's own records come as they are made"
    was = "" if not before else str(msgspec.json.decode(before).get("state", ""))
    if (was == _MISSED) == (put.body["state"] == _MISSED):
        return []
    said = {name: put.body[name] for name in _OF_WINDOW if name in put.body}
    kind = WINDOW_MISSED if put.body["state"] == _MISSED else WINDOW_REVISED
    return [NewSiteEvent(kind, {"window": put.id, **said})]


def encode(body: Mapping[str, Any] | bytes) -> bytes:
    """Compact JSON, as it is stored and served."""
    return body if isinstance(body, bytes) else msgspec.json.encode(body)


def signed(total: int) -> int:
    """A sum modulo 2^64 as the signed number that the database stores."""
    total %= _U64
    return total - _U64 if total >= _U64 >> 1 else total


def publish(session: Session, scope: Scope, seals: Seals, now_ms: int, puts: Iterable[Put]) -> None:
    """Bring server-owned records of a locked scope up to date, at once."""
    publish_all(session, seals, now_ms, [(scope, list(puts))])


def publish_all(
    session: Session, seals: Seals, now_ms: int, puts: Sequence[tuple[Scope, Sequence[Put]]]
) -> None:
    """Bring server-owned records of locked scopes up to date: in a few statements, however many scopes."""
    known = _stored(session, [(scope.scope_id, put.id) for scope, some in puts for put in some])
    changes = _Changes()
    for scope, some in puts:
        feed = Feed(session, scope, seals, now_ms, changes)
        feed.put_alongside(some, known)
        feed.count()
    changes.write(session, seals)


def _stored(session: Session, keys: Sequence[Key]) -> dict[Key, Stored]:
    found = bulk_select(session, _TABLE, _KEY, Stored._fields, keys)
    return {keys[index]: Stored(*values) for index, *values in found}
