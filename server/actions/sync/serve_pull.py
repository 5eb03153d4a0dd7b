"""Serve a pull: the current state of each scope that the device's user is assigned, from its cursor on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.records.segments import body_aad, lines_at
from server.actions.sync.open_pull import Served
from server.base.problems import Problem, protocol_problem
from server.base.seal import Seals, is_sealed
from server.base.statements import Prepared
from server.models.record import Record
from sync_protocol import cursor as cursors
from sync_protocol.digest import to_hex

MAX_BYTES = 4 * 1024 * 1024
_PAGE = 1000  # records read in one statement
_RECORD = Record.__table__.c  # columns, not attributes: rows come without the ORM's bookkeeping
_IS_APART = sa.or_(sa.func.length(_RECORD.body) > 0, _RECORD.deleted_ms.is_not(None))  # in no segment
_OWN = (_RECORD.id, _RECORD.kind, _RECORD.rev, _RECORD.body, _RECORD.deleted_ms)
_PAGES = Prepared(
    lambda _: (
        # Of what is in a segment nothing but its number is asked: the line has the rest.
        sa.select(_RECORD.seq, *(sa.case((_IS_APART, column)) for column in _OWN))
        .where(
            _RECORD.scope_id == sa.bindparam("scope"),
            _RECORD.seq > sa.bindparam("since"),
            _RECORD.seq <= sa.bindparam("last"),
        )
        .order_by(_RECORD.seq)
        .limit(sa.literal_column(str(_PAGE), sa.Integer()))
    )
)
_SCOPES_NAMED_MAX = 1000
_TAIL = 300  # bytes kept free for a checkpoint, and for the end


@dataclass(slots=True)
class Page:
    """An answer under construction: lines, and how many bytes there is room for."""

    room: int
    lines: list[bytes] = field(default_factory=list)
    more: bool = False
    moved: bool = (
        False  # whether a record is among the lines: without one, the next pull would be the same again
    )

    def add(self, line: bytes) -> None:
        self.lines.append(line)
        self.room -= len(line) + 1

    def add_records(self, lines: Sequence[bytes]) -> int:
        """As many of the lines of records as there is room for, at least one in an answer. Gives how many."""
        ends = list(accumulate(map(len, lines)))  # each line has a line feed besides
        count = bisect_right(range(len(ends)), self.room, key=lambda place: ends[place] + place + 1)
        if not count and lines and not self.moved:
            count = 1
        if count:
            self.lines += lines[:count]
            self.room -= ends[count - 1] + count
            self.moved = True
        self.more = count < len(lines)
        return count


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull as asked: a cursor by scope name, and a bound in bytes (inflated)."""

    scopes: Mapping[str, str]
    max_bytes: int


def read_pull(asked: Any) -> Pull:
    """Validate a pull's body. Raises Problem 400."""
    if not isinstance(asked, dict) or asked.get("sync") != 1 or not isinstance(asked.get("schema"), str):
        raise _malformed("/sync", "请求正文必须写明 sync 和 schema。")
    scopes, max_bytes = asked.get("scopes", {}), asked.get("max_bytes", 1024 * 1024)
    if not isinstance(scopes, dict) or len(scopes) > _SCOPES_NAMED_MAX:
        raise _malformed("/scopes", f"scopes 必须是对象, 最多 {_SCOPES_NAMED_MAX} 项。")
    if not all(isinstance(cursor, str) and len(cursor) <= 200 for cursor in scopes.values()):
        raise _malformed("/scopes", "游标必须是服务器给出的文本。")
    if not isinstance(max_bytes, int) or isinstance(max_bytes, bool) or max_bytes < 1:
        raise _malformed("/max_bytes", "max_bytes 必须是正整数。")
    return Pull(scopes, min(max_bytes, MAX_BYTES))


def is_current(scopes: Mapping[str, Served], pull: Pull) -> bool:
    """Whether the device has every scope as it is now, so that no record comes."""
    return all(_since(scope, pull.scopes.get(name, "")) == scope.seq for name, scope in scopes.items())


def serve_pull(
    session: Session | None, seals: Seals, scopes: Mapping[str, Served], pull: Pull
) -> tuple[list[bytes], bool]:
    """The answer's lines (without `end`), and whether there is more to pull now. `session`: the snapshot of which the scopes
    are; None where they are all current.

    1. A scope that was named and is no longer assigned comes as `gone`.
    2. Every assigned scope comes, named or not, in the order of names: what changed since the cursor,
       latest state per record, then a checkpoint; the last checkpoint carries count and digest.
    3. At least one line and its checkpoint come, however small `max_bytes` is.
    """
    page = Page(pull.max_bytes - _TAIL)
    for name in sorted(set(pull.scopes) - set(scopes)):
        page.add(encode({"gone": name, "reason": "unassigned"}))
    for name in sorted(scopes):
        page.room -= _TAIL
        if page.moved and page.room < 0:
            page.more = True
            break
        _scope_lines(session, seals, scopes[name], pull.scopes.get(name, ""), page)
        if page.more:
            break
    return page.lines, page.more


def _scope_lines(session: Session | None, seals: Seals, scope: Served, cursor: str, page: Page) -> None:
    name, since = scope.name, _since(scope, cursor)
    if since is None:
        page.add(encode({"reset": name}))
        since = 0
    at = since
    for seqs, lines in _changes(session, seals, scope, since):
        count = page.add_records(lines)
        at = seqs[count - 1] if count else at
        if page.more:
            break
    checkpoint: dict[str, Any] = {"checkpoint": name, "cursor": cursors.encode(scope.epoch, scope.seq)}
    if page.more:
        checkpoint["cursor"] = cursors.encode(scope.epoch, at)
    else:
        checkpoint.update(count=scope.live, digest=to_hex(scope.digest))
    page.add(encode(checkpoint))


def _since(scope: Served, cursor: str) -> int | None:
    """Where to go on; None when the device has to start again: no cursor, one from before a restored
    backup, or one older than the tombstones that are remembered."""
    decoded = cursors.decode(cursor) if cursor else None
    if decoded is None:
        return None
    epoch, seq = decoded
    return seq if epoch == scope.epoch and scope.floor_seq <= seq <= scope.seq else None


def _changes(
    session: Session | None, seals: Seals, scope: Served, since: int
) -> Iterator[tuple[list[int], list[bytes]]]:
    """What changed, some at a time: the numbers and the lines. Of what is deleted none comes to a device that starts
    again, which never had it."""
    starts_again = since == 0
    while since < scope.seq:
        assert session is not None, "the scope is not current"
        rows = _PAGES.all(session, scope=scope.scope_id, since=since, last=scope.seq)
        seqs = [row[0] for row in rows]
        lines = lines_at(session, seals, scope.scope_id, [row[0] for row in rows if row[1] is None])
        for row in rows:
            if row[1] is not None:
                lines[row[0]] = (
                    b"" if starts_again and row[5] is not None else _own_line(seals, scope.name, row)
                )
        if starts_again:
            seqs = [seq for seq in seqs if lines[seq]]
        yield seqs, [lines[seq] for seq in seqs]
        if len(rows) < _PAGE:
            return
        since = rows[-1][0]


def _own_line(seals: Seals, scope: str, row: Any) -> bytes:
    """The line of a record that is in no segment."""
    seq, record_id, kind, rev, body, deleted_ms = row
    named = f'":"{kind}","scope":"{scope}","id":"{record_id}","rev":{rev},"seq":{seq}'.encode()
    if deleted_ms is not None:
        return b'{"del%b}' % named
    opened = seals.open(body_aad(record_id), body) if is_sealed(body) else body
    return b'{"put%b,"body":%b}' % (named, opened)


def encode(value: Any) -> bytes:
    return msgspec.json.encode(value)


def _malformed(pointer: str, message: str) -> Problem:
    return protocol_problem("header_invalid", errors={pointer: [message]})
