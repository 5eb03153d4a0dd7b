"""Segments: facts that came together are kept in one piece, compressed and sealed once, as a pull serves them.

Whoever wants the body of a record asks `read_bodies` or `read_body`: it may be in the record's row or in a segment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
import zstandard
from sqlalchemy.orm import Session

from server.base.db import bulk_insert, is_postgresql
from server.base.seal import SealBroken, Seals, aad_of
from server.base.statements import Prepared
from server.models.record import Record
from server.models.segment import Segment

LINES_MAX = 1_000  # of a segment: to read one record, all of its segment is opened
_BODY = b',"body":'
_LEVEL = 1  # 500 checks: 0.25 ms, 26 bytes each; level 3 takes longer and saves nothing
_READ_AT_ONCE = 500  # bodies
_TABLE: Any = Segment.__table__
_COLUMNS = ("scope_id", "first_seq", "lines")


class Kept(NamedTuple):
    """A record's row, as far as it says where the body is."""

    id: str
    seq: int
    body: bytes


def put_line(scope: str, kind: str, record_id: str, seq: int, body: bytes) -> bytes:
    """A fact that was not changed since it came, as a pull serves it."""
    head = f'{{"put":"{kind}","scope":"{scope}","id":"{record_id}","rev":1,"seq":{seq},"body":'
    return b"".join((head.encode(), body, b"}"))


class Served:
    """Lines that a transaction adds, until they are written: by scope, each run of them from a number on."""

    def __init__(self) -> None:
        self._runs: list[tuple[str, int, list[bytes]]] = []

    def add(self, scope_id: str, first_seq: int, lines: Sequence[bytes]) -> None:
        """The lines of the numbers from `first_seq` on. What came between them and those before is kept elsewhere."""
        for start in range(0, len(lines), LINES_MAX):
            self._add(scope_id, first_seq + start, lines[start : start + LINES_MAX])

    def _add(self, scope_id: str, first_seq: int, lines: Sequence[bytes]) -> None:
        if self._runs:
            last_scope, last_first, last = self._runs[-1]
            gap = first_seq - last_first - len(last)
            if last_scope == scope_id and len(last) + gap + len(lines) <= LINES_MAX:
                last += [b""] * gap
                last += lines
                return
        self._runs.append((scope_id, first_seq, list(lines)))

    def write(self, session: Session, seals: Seals) -> None:
        """Write what was added so far."""
        rows = [
            (scope_id, first, packed(seals, segment_aad(scope_id, first), lines))
            for scope_id, first, lines in self._runs
        ]
        bulk_insert(session, _TABLE, _COLUMNS, rows)
        self._runs = []


def lines_at(session: Session, seals: Seals, scope_id: str, seqs: Collection[int]) -> dict[int, bytes]:
    """The lines of these numbers. One statement. Raises SealBroken where one is lacking."""
    if not seqs:
        return {}
    found: dict[int, bytes] = {}
    lo, hi = min(seqs), max(seqs)
    is_dense = hi - lo < 2 * len(seqs)
    dense = (
        _ROWS_BETWEEN.all(session, scope=scope_id, lo=lo, hi=hi)
        if is_dense
        else _rows_at(session, scope_id, seqs)
    )
    for first, sealed in dense:
        lines = lines_in(seals, segment_aad(scope_id, first), sealed)
        found.update(zip(range(first, first + len(lines)), lines, strict=True))
    if not all(map(found.get, seqs)):
        raise SealBroken("a segment lacks a record that is said to be in it")
    return found


def read_bodies(session: Session, seals: Seals, scope_id: str, rows: Sequence[Any]) -> list[bytes]:
    """The bodies of these records of a scope (each row as Kept), none of them deleted, in the same order."""
    bodies = [seals.open(body_aad(row.id), row.body) if row.body else b"" for row in rows]
    lacking = sorted((row.seq, place) for place, row in enumerate(rows) if not row.body)
    for start in range(0, len(lacking), _READ_AT_ONCE):
        some = lacking[start : start + _READ_AT_ONCE]
        lines = lines_at(session, seals, scope_id, [seq for seq, _ in some])
        for seq, place in some:
            bodies[place] = _body_of(lines[seq], rows[place].id)
    return bodies


def read_body(session: Session, seals: Seals, record: Record) -> bytes:
    """The body of one record, which is not deleted."""
    return read_bodies(session, seals, record.scope_id, [record])[0]


def erase_served(session: Session, seals: Seals, scope_id: str, seqs: Iterable[int]) -> None:
    """Empty the lines of these numbers, wherever segments have them. The caller holds the scope's lock."""
    wanted = set(seqs)
    if not wanted:
        return
    for first, sealed in _rows_at(session, scope_id, wanted):
        lines = lines_in(seals, segment_aad(scope_id, first), sealed)
        kept = [b"" if first + place in wanted else line for place, line in enumerate(lines)]
        if kept != lines:
            same = (_TABLE.c.scope_id == scope_id, _TABLE.c.first_seq == first)
            fresh = {"lines": packed(seals, segment_aad(scope_id, first), kept)}
            session.execute(sa.update(_TABLE).where(*same).values(fresh))


def packed(seals: Seals, aad: bytes, lines: Sequence[bytes]) -> bytes:
    """Lines as one segment, compressed and sealed with this `aad`; none of them holds a line break."""
    return seals.seal(aad, zstandard.ZstdCompressor(level=_LEVEL).compress(b"\n".join(lines)))


def lines_in(seals: Seals, aad: bytes, sealed: bytes) -> list[bytes]:
    """The lines of such a segment. Raises SealBroken."""
    return unpacked(seals.open(aad, sealed)).split(b"\n")


def unpacked(opened: bytes) -> bytes:
    """The lines of a segment that was opened, one after the other."""
    return zstandard.ZstdDecompressor().decompress(opened)


def segment_aad(scope_id: str, first_seq: int) -> bytes:
    """The additional data (AAD) that a segment is bound to: its scope and its place there."""
    return aad_of("segment", f"{scope_id}/{first_seq}", "lines")


def body_aad(record_id: str) -> bytes:
    """The additional data (AAD) that a sealed body in a record's row is bound to."""
    return aad_of("record", record_id, "body")


def _body_of(line: bytes, record_id: str) -> bytes:
    head, _, body = line.partition(_BODY)
    if f'"id":"{record_id}"'.encode() not in head:
        raise SealBroken("a segment has another record there")
    return body[:-1]


def _rows_at(session: Session, scope_id: str, seqs: Collection[int]) -> Sequence[Any]:
    """The segments, each with its first number, in which these numbers are: of each the last that begins up to it."""
    return _ROWS_AT.all(session, scope=scope_id, seqs=msgspec.json.encode(sorted(seqs)).decode())


def _rows_of_numbers(session: Session) -> sa.Select[Any]:
    text = sa.bindparam("seqs", type_=sa.Text())
    if is_postgresql(session):
        wanted = sa.func.json_array_elements_text(sa.cast(text, sa.JSON)).table_valued("value", name="wanted")
    else:
        wanted = sa.func.json_each(text).table_valued("value", name="wanted")
    begins = _begins(sa.cast(wanted.c.value, sa.BigInteger))
    return _rows.where(_TABLE.c.first_seq.in_(sa.select(begins).select_from(wanted)))


def _begins(seq: Any) -> sa.ScalarSelect[Any]:
    """The first number of the segment in which `seq` would be."""
    other = _TABLE.alias("other")
    begun = (other.c.scope_id == _scope, other.c.first_seq <= seq)
    return sa.select(sa.func.max(other.c.first_seq)).where(*begun).scalar_subquery()


_scope = sa.bindparam("scope", type_=_TABLE.c.scope_id.type)
_lo, _hi = (sa.bindparam(name, type_=sa.BigInteger()) for name in ("lo", "hi"))
_rows = sa.select(_TABLE.c.first_seq, _TABLE.c.lines).where(_TABLE.c.scope_id == _scope)
_ROWS_AT = Prepared(_rows_of_numbers)
_ROWS_BETWEEN = Prepared(lambda _: _rows.where(_TABLE.c.first_seq.between(_begins(_lo), _hi)))
