"""The change feed of records: what changed since a cursor, so that no change is ever passed by.

The rule. Whoever changes a record holds the lock of its site's scope until the commit, and takes the next `seq` from it
(server/actions/records/feed.py). Within one site numbers therefore become visible in their order: whoever sees number n sees
all below it. Between sites there is no order, so a cursor does not hold one number or a time but one number for each site:
a change that commits later, at whatever site, has a higher number than the cursor has for that site, and comes.

1. A record comes in its latest state, once for all its changes since the cursor. An edit, an amendment, a void, a
   correction, a better known time each give it a new number, so that it comes again. One that counts no more says so by its
   state; one that was deleted comes as a tombstone, without fields.
2. A site that the cursor does not know starts at its beginning, and is named in `from_start`: one that the viewer sees since
   lately, one whose history was restored from a backup (another epoch), one whose tombstones were forgotten meanwhile.
   Whoever reads must forget what it held of that site.
3. A cursor is good for the question that it answers: another user, kind, site or district gets 422.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.sites.record_filters import Wanted, wrong
from server.actions.sites.record_pages import RecordRow, rows_of, with_author
from server.base.seal import Seals
from server.models.access import Viewer
from server.models.record import Record
from server.models.scope import Scope
from server.models.site import Site
from server.models.site_cursor import (
    QUESTION_BYTES,
    SITE_CURSOR_MAX,
    SITES_MAX,
    OtherQuestion,
    read_site_cursor,
    site_key,
    write_site_cursor,
)

START = "0"
STATEMENTS = 20  # of one page
SPAN = 5000  # numbers that one statement looks through for records of the kinds that are asked for
CURSOR_MAX = SITE_CURSOR_MAX
_BAD_CURSOR = "游标无效。请用上次回答中的 changed_since, 或用 0 从头开始。"
_OTHER = "这个游标是另一个查询或另一个用户的。请用 0 从头开始。"
_TOO_MANY = f"超过 {SITES_MAX} 个地点, 请用 district 或 site 分开查询。"


@dataclass(slots=True)
class Changes:
    """Changed records in the order of their sites and numbers; `cursor`: hand it back to get what comes after them; `more`:
    whether there is more now."""

    items: list[RecordRow]
    cursor: str = ""
    more: bool = False
    from_start: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Stand:
    """How far one site was read."""

    site: str
    key: bytes
    seq: int
    at: int


def page_of_changes(
    session: Session, seals: Seals, viewer: Viewer, wanted: Wanted, since: str, limit: int
) -> Changes:
    """Up to `limit` changed records since the cursor (START: all there are). `session` is one snapshot (`read`), `wanted`
    was checked. Raises Problem 422 for a cursor that is none, or another question's."""
    known = _read(since, _question(viewer, wanted))
    stands = list(_stands(session, viewer, wanted, known))
    changes, statements = Changes([]), 0
    for stand in stands:
        starts = stand.at == 0 < stand.seq
        while stand.at < stand.seq and len(changes.items) < limit and statements < STATEMENTS:
            statements += 1
            changes.items += rows_of(
                session, seals, _step(session, wanted, stand, limit - len(changes.items))
            )
        if starts and stand.at > 0:
            changes.from_start.append(stand.site)
    changes.more = any(stand.at < stand.seq for stand in stands)
    changes.cursor = write_site_cursor(
        _question(viewer, wanted), {one.key: one.at for one in stands if one.at}
    )
    return changes


def _stands(session: Session, viewer: Viewer, wanted: Wanted, known: Mapping[bytes, int]) -> Iterator[_Stand]:
    """The sites in the order of their ids, each with where to go on. One statement."""
    query = (
        sa.select(Scope.scope_id, Scope.seq, Scope.epoch, Scope.floor_seq)
        .join(Site, Site.id == Scope.scope_id)
        .where(wanted.sites(viewer), Scope.seq > 0)
        .order_by(Scope.scope_id)
        .limit(SITES_MAX + 1)
    )
    rows = session.execute(query).all()
    if len(rows) > SITES_MAX:
        raise wrong("site" if wanted.chosen.get("district") else "district", _TOO_MANY)
    for site, seq, epoch, floor_seq in rows:
        key = site_key(site, epoch)
        at = known.get(key, 0)
        yield _Stand(site, key, seq, at if floor_seq <= at <= seq else 0)


def _step(session: Session, wanted: Wanted, stand: _Stand, limit: int) -> list[Any]:
    """The next changes of a site, and the stand moved behind them. A site that is read from its beginning needs no
    tombstones: nobody had those records."""
    last = min(stand.at + SPAN, stand.seq)
    site = sa.bindparam(None, stand.site, type_=Record.scope_id.type)
    query = (
        with_author()
        .where(Record.scope_id == site, Record.seq > stand.at, Record.seq <= last)
        .where(Record.kind.in_(wanted.kinds))
        .order_by(Record.seq)
        .limit(limit)
    )
    if stand.at == 0:
        query = query.where(Record.deleted_ms.is_(None))
    rows = list(session.execute(query).all())
    stand.at = rows[-1].seq if len(rows) == limit else last
    return rows


def _question(viewer: Viewer, wanted: Wanted) -> bytes:
    """Which question a cursor belongs to. Kinds that are not asked for by name may become more: no record was written of
    them before."""
    kinds = ",".join(wanted.kinds) if wanted.alone else "*"
    asked = "|".join(
        (viewer.id, viewer.role, kinds, wanted.site or "*", wanted.chosen.get("district") or "*")
    )
    return hashlib.sha256(asked.encode()).digest()[:QUESTION_BYTES]


def _read(since: str, question: bytes) -> Mapping[bytes, int]:
    try:
        return {} if since == START else read_site_cursor(since, question)
    except OtherQuestion as error:
        raise wrong("changed_since", _OTHER) from error
    except ValueError as error:
        raise wrong("changed_since", _BAD_CURSOR) from error
