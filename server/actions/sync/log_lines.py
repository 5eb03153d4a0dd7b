"""Lines of the log as they are stored: those that came together in one segment, compressed and sealed once; those that were
refused, and what older releases stored, each in its entry's row. Whoever wants a line asks `logged_lines` or `logged_line`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from server.actions.records.segments import lines_in, packed
from server.base.db import bulk_insert, bulk_select
from server.base.seal import SealBroken, Seals, aad_of
from server.models.log_segment import LogSegment

SEGMENT_LINES_MAX = 1_000  # lines: to read one, all of its segment is opened
_MARK = b"\x02"  # before the place of a line in a segment; no line begins so, and no seal
_UUID_END = 17
_PLACES = [place.to_bytes(2) for place in range(SEGMENT_LINES_MAX)]
_TABLE: Any = LogSegment.__table__
_KEY = ("scope_id", "id")


class NewLine(NamedTuple):
    """A line to be stored, with its entry's id. `is_sealed`: so it is where it stays by itself; `is_shared`: it may be in a
    segment with others."""

    id: str
    raw: bytes
    is_sealed: bool
    is_shared: bool


def store_lines(session: Session, seals: Seals, scope_id: str, lines: Sequence[NewLine]) -> list[bytes]:
    """Store lines, in their order. Gives what `entry.raw` holds of each: the line, or its place. At most one statement."""
    shared = [number for number, line in enumerate(lines) if line.is_shared and b"\n" not in line.raw]
    stored = [line.raw for line in lines]
    apart = sorted({number for number, line in enumerate(lines) if line.is_sealed} - set(shared))
    sealed = seals.seal_all([(entry_aad(lines[number].id), lines[number].raw) for number in apart])
    for number, raw in zip(apart, sealed, strict=True):
        stored[number] = raw
    rows: list[tuple[str, str, bytes]] = []
    for start in range(0, len(shared), SEGMENT_LINES_MAX):
        part = shared[start : start + SEGMENT_LINES_MAX]
        # Not the first entry's id: a server that was put back to a backup gets the same entries again.
        segment = uuid7()
        aad = _aad(scope_id, str(segment))
        rows.append((scope_id, str(segment), packed(seals, aad, [stored[n] for n in part])))
        head = _MARK + segment.bytes
        for place, number in enumerate(part):
            stored[number] = head + _PLACES[place]
    bulk_insert(session, _TABLE, (*_KEY, "lines"), rows)
    return stored


def is_in_segment(raw: bytes) -> bool:
    """Whether `entry.raw` says where the line is, and is not the line."""
    return raw[:1] == _MARK


def logged_lines(session: Session, seals: Seals, rows: Sequence[Any]) -> list[bytes]:
    """The lines of these entries (each row with `scope_id`, `id`, `hash` and `raw`), as their devices wrote them; of an
    erased one b"". At most one statement. Raises SealBroken."""
    lines = [line for line in open_lines(session, seals, rows) if line is not None]
    if len(lines) < len(rows):
        raise SealBroken("a line of the log does not open")
    return lines


def logged_line(session: Session, seals: Seals, row: Any) -> bytes:
    """The line of one entry."""
    return logged_lines(session, seals, [row])[0]


def open_lines(session: Session, seals: Seals, rows: Sequence[Any]) -> list[bytes | None]:
    """As `logged_lines`, with None for each that does not open."""
    found: list[bytes | None] = [None] * len(rows)
    wanted: dict[tuple[str, str], list[int]] = {}
    for number, row in enumerate(rows):
        if is_in_segment(row.raw):
            wanted.setdefault((row.scope_id, _segment_of(row.raw)), []).append(number)
        else:
            found[number] = _opened(seals, row)
    keys = list(wanted)
    for index, sealed in bulk_select(session, _TABLE, _KEY, ("lines",), keys):
        lines = _lines_of(seals, keys[index], bytes(sealed))
        for number in wanted[keys[index]]:
            place = _place_of(rows[number].raw)
            line = lines[place] if place < len(lines) else b""
            if hashlib.sha256(line).digest() == rows[number].hash:
                found[number] = line
    return found


def erase_logged(session: Session, seals: Seals, rows: Iterable[Any]) -> None:
    """Take the lines of these entries out of their segments. The caller holds the scope's lock, and empties the rows."""
    gone: dict[tuple[str, str], set[int]] = {}
    for row in rows:
        if is_in_segment(row.raw):
            gone.setdefault((row.scope_id, _segment_of(row.raw)), set()).add(_place_of(row.raw))
    keys = list(gone)
    for index, sealed in bulk_select(session, _TABLE, _KEY, ("lines",), keys):
        key = keys[index]
        aad = _aad(*key)
        lines = [
            b"" if place in gone[key] else line
            for place, line in enumerate(lines_in(seals, aad, bytes(sealed)))
        ]
        here = sa.and_(_TABLE.c.scope_id == key[0], _TABLE.c.id == key[1])
        if any(lines):
            session.execute(sa.update(_TABLE).where(here).values(lines=packed(seals, aad, lines)))
        else:
            session.execute(sa.delete(_TABLE).where(here))


def entry_aad(entry_id: str) -> bytes:
    """The additional data (AAD) that a sealed line in an entry's row is bound to."""
    return aad_of("entry", entry_id, "raw")


def log_segment_aad(row: Any) -> bytes:
    """The additional data (AAD) that a segment is bound to."""
    return _aad(row.scope_id, row.id)


def _aad(scope_id: str, segment_id: str) -> bytes:
    return aad_of("log_segment", f"{scope_id}/{segment_id}", "lines")


def _opened(seals: Seals, row: Any) -> bytes | None:
    try:
        return seals.open(entry_aad(row.id), row.raw)
    except SealBroken:
        return None


def _lines_of(seals: Seals, key: tuple[str, str], sealed: bytes) -> list[bytes]:
    try:
        return lines_in(seals, _aad(*key), sealed)
    except SealBroken:
        return []


def _segment_of(raw: bytes) -> str:
    return str(UUID(bytes=raw[len(_MARK) : _UUID_END].ljust(16, b"\0")))


def _place_of(raw: bytes) -> int:
    return int.from_bytes(raw[_UUID_END:])
