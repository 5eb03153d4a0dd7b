"""The change feed of one scope: the only place where `seq` and `rev` are given out.

The caller holds the scope's row locked. Changes are collected and written together: new records in one
bulk insertion, changed ones in one batch, the counter, the live count and the digest once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.kinds import KINDS
from server.db import bulk_insert
from server.models.record import Record
from server.models.scope import Scope
from server.seal import Seals, place
from sync_protocol.digest import record_digest

_COLUMNS = (
    "scope_id",
    "id",
    "kind",
    "rev",
    "seq",
    "body",
    "event_ms",
    "subject",
    "slot",
    "counts",
    "backfilled",
)
_U64 = 1 << 64
_CHUNK = 500  # ids in one look-up


@dataclass(slots=True)
class Put:
    """The new state of a record: its body as it is served, and for a fact what duties are judged by."""

    kind: str
    id: str
    body: Mapping[str, Any] | bytes
    event_ms: int | None = None
    subject: str | None = None
    slot: str | None = None
    counts: bool = True
    backfilled: bool = False
    always: bool = False  # a change behind the mask changes nothing that is served, and still is a new rev


class Feed:
    """Changes to one locked scope in one transaction. Call `flush` once at the end."""

    def __init__(self, session: Session, scope: Scope, seals: Seals, now_ms: int) -> None:
        self._session = session
        self._seals = seals
        self._now_ms = now_ms
        self._seq = scope.seq
        self._live = 0
        self._digest = 0
        self._new: list[tuple[Any, ...]] = []
        self.scope = scope
        self._scope_id = scope.scope_id

    def add(self, put: Put) -> tuple[int, int]:
        """A record known to be new. Gives its rev (1) and seq."""
        self._seq += 1
        self._live += 1
        self._digest += record_digest(put.kind, put.id, 1)
        row = (
            self._scope_id,
            put.id,
            put.kind,
            1,
            self._seq,
            self._served(put),
            put.event_ms,
            put.subject,
            put.slot,
        )
        self._new.append((*row, put.counts, put.backfilled))
        return 1, self._seq

    def put(self, puts: Sequence[Put]) -> dict[str, tuple[int, int]]:
        """New or changed records; one whose body is stored already is left alone. Gives rev and seq by id."""
        self.write()
        known = self._stored([put.id for put in puts])
        given, changed = {}, []
        for put in puts:
            old = known.get(put.id)
            if old is None:
                given[put.id] = self.add(put)
                continue
            body = encode(put.body)
            same = old.deleted_ms is None and old.counts == put.counts and not put.always
            if same and self._opened(old) == body:
                given[put.id] = (old.rev, old.seq)
                continue
            given[put.id] = self._change(old, put.kind, deleted=False)
            fields = {"body": self._served(put), "counts": put.counts, "deleted_ms": None}
            changed.append({**_key(old, given[put.id]), **fields})
        self._update(changed)
        return given

    def delete(self, ids: Sequence[str]) -> None:
        """Turn live records into tombstones."""
        self.write()
        gone = []
        for old in self._stored(ids).values():
            if old.deleted_ms is None:
                given = self._change(old, old.kind, deleted=True)
                gone.append({**_key(old, given), "body": b"", "counts": False, "deleted_ms": self._now_ms})
        self._update(gone)

    def write(self) -> None:
        """Write the new records collected so far, so that statements see them."""
        bulk_insert(self._session, Record.__table__, _COLUMNS, self._new)  # type: ignore[arg-type]
        self._new = []

    def flush(self) -> None:
        """Write what is left, and set the scope's counter, live count and digest."""
        self.write()
        if self._seq == self.scope.seq:
            return
        self.scope.seq = self._seq
        self.scope.live += self._live
        self.scope.digest = signed(self.scope.digest + self._digest)
        self._live = self._digest = 0

    def _change(self, old: Any, kind: str, deleted: bool) -> tuple[int, int]:
        """Take the next rev and seq for a stored record."""
        self._seq += 1
        if old.deleted_ms is None:
            self._digest -= record_digest(old.kind, old.id, old.rev)
            self._live -= 1
        if not deleted:
            self._digest += record_digest(kind, old.id, old.rev + 1)
            self._live += 1
        return old.rev + 1, self._seq

    def _stored(self, ids: Sequence[str]) -> dict[str, Any]:
        columns = (
            Record.id,
            Record.kind,
            Record.rev,
            Record.seq,
            Record.body,
            Record.deleted_ms,
            Record.counts,
        )
        found: dict[str, Any] = {}
        for start in range(0, len(ids), _CHUNK):
            wanted = Record.id.in_(ids[start : start + _CHUNK])
            query = sa.select(*columns).where(Record.scope_id == self.scope.scope_id, wanted)
            for row in self._session.execute(query):
                found[row.id] = row
        return found

    def _update(self, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        statement = (
            sa.update(Record)
            .where(Record.scope_id == self.scope.scope_id, Record.id == sa.bindparam("key"))
            .values(
                {name: sa.bindparam(f"new_{name}") for name in ("rev", "seq", "body", "counts", "deleted_ms")}
            )
        )
        renamed = [{name if name == "key" else f"new_{name}": row[name] for name in row} for row in rows]
        self._session.connection().execute(statement, renamed)

    def _served(self, put: Put) -> bytes:
        body = encode(put.body)
        return self._seals.seal(body_place(put.id), body) if KINDS[put.kind].sealed else body

    def _opened(self, old: Any) -> bytes:
        return self._seals.open(body_place(old.id), old.body)


def body_place(record_id: str) -> bytes:
    """Where a record's body is sealed."""
    return place("record", record_id, "body")


def encode(body: Mapping[str, Any] | bytes) -> bytes:
    """Compact JSON, as it is stored and served."""
    return body if isinstance(body, bytes) else msgspec.json.encode(body)


def signed(total: int) -> int:
    """A sum modulo 2^64 as the signed number that the database stores."""
    total %= _U64
    return total - _U64 if total >= _U64 >> 1 else total


def publish(session: Session, scope: Scope, seals: Seals, now_ms: int, puts: Iterable[Put]) -> None:
    """Bring server-owned records of a locked scope up to date, in one go."""
    feed = Feed(session, scope, seals, now_ms)
    feed.put(list(puts))
    feed.flush()


def _key(old: Any, given: tuple[int, int]) -> dict[str, Any]:
    return {"key": old.id, "rev": given[0], "seq": given[1]}
