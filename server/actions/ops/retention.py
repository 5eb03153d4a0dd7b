"""Delete what has served its purpose, after the time that the rules set. One row a table; without its rule nothing
is deleted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from server.actions.records.feed import Feed
from server.base.db import Base, is_postgresql
from server.base.seal import Seals
from server.base.statements import constant
from server.models.audit import AuditEvent
from server.models.coverage import CoverageDay, forget_days
from server.models.device import Boot, Device, EnrolCode, Exchange
from server.models.entry import Quarantine
from server.models.event import HAS_LATER_EVENT, SiteEvent
from server.models.person_request import PersonRequest
from server.models.receipt import StreamReceipt
from server.models.scope import Scope, scope_id_of, take_scopes
from server.models.window import Window
from server.rules.calendar import DAY_MS, local_date_of
from server.rules.rulebook import Rulebook

ROWS_AT_ONCE = 1000  # of one table in one transaction
DAYS_AT_ONCE = 50  # of coverage
SCOPES_AT_ONCE = 50  # whose windows one tick looks at
NONCE_MS_MIN = 600_000  # SPEC: so long a request must not be accepted twice, whatever the rules say
_TURN_MS = 30_000
_WHOLE = 2**32
_GOLDEN = 2_654_435_769  # of _WHOLE, in the golden ratio

Query = sa.Select[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Retained:
    """A table whose rows go so many days (the rule `days`) after the time in `since`, unless that is empty. `only`: of
    which rows this holds."""

    model: type[Base]
    since: InstrumentedAttribute[Any]
    days: str
    only: sa.ColumnElement[bool] | None = None


# Tables whose rows nothing else follows from. An index leads with `since`: the tick finds the old ones by it.
_LATER = aliased(Boot)
_HAS_LATER = sa.exists().where(_LATER.device_id == Boot.device_id, _LATER.number > Boot.number)
RETAINED = (
    Retained(AuditEvent, AuditEvent.at_ms, "audit_days"),
    Retained(PersonRequest, PersonRequest.answered_ms, "audit_days"),
    Retained(Boot, Boot.at_ms, "boot_days", _HAS_LATER),  # the last one's number is never given again
    Retained(
        SiteEvent, SiteEvent.at_ms, "event_days", HAS_LATER_EVENT
    ),  # the last one's number is never given again
    Retained(EnrolCode, EnrolCode.expires_ms, "enrol_code_days"),
    Retained(Quarantine, Quarantine.settled_ms, "quarantine_days", Quarantine.state != constant("open")),
)


def due_rows(now_ms: int, book: Rulebook) -> list[Query]:
    """What this module would delete at `now_ms`: keys of rows, a query for each kind. Kinds without a rule are left out."""
    queries: list[Query | None] = [_old_rows(kept, now_ms, book) for kept in RETAINED]
    queries += [
        *(_old_exchanges(now_ms, book) or ()),
        _with_old_windows(now_ms, book),
        _old_days(now_ms, book),
    ]
    return [query for query in queries if query is not None]


def _old_rows(kept: Retained, now_ms: int, book: Rulebook) -> Query | None:
    before_ms = before_ms_of(book, kept.days, now_ms)
    if before_ms is None:
        return None
    old = sa.select(*kept.model.__mapper__.primary_key).where(kept.since <= before_ms)
    return old if kept.only is None else old.where(kept.only)


def forget_rows(session: Session, kept: Retained, now_ms: int, book: Rulebook) -> int:
    """Delete a bounded number of a table's rows that are past their time; gives how many."""
    old = _old_rows(kept, now_ms, book)
    if old is None:
        return 0
    chosen = old.order_by(kept.since).limit(ROWS_AT_ONCE).with_for_update(skip_locked=True)
    return _delete(session, kept.model, session.execute(chosen).all())


def forget_exchanges(session: Session, now_ms: int, book: Rulebook) -> int:
    """Forget a bounded number of exchanges; gives how many were changed or deleted. Those that brought lines stay: their
    receipts prove when the log received what.

    1. After `receipt_days` only the newest receipt of each stream is kept, elsewhere; the exchange still knows its beacon
       and its nonce.
    2. The rest goes after `beacon_days`, or when no entry can carry its beacon any more: since `receipt_days` before a
       device was heard of last with nothing unsent.
    """
    if (queries := _old_exchanges(now_ms, book)) is None:
        return 0
    with_receipt, spent = queries
    moved = _move_receipts(session, with_receipt)
    chosen = spent.order_by(Exchange.at_ms).limit(ROWS_AT_ONCE).with_for_update(skip_locked=True)
    return moved + _delete(session, Exchange, session.execute(chosen).all())


def _old_exchanges(now_ms: int, book: Rulebook) -> tuple[Query, Query] | None:
    """Exchanges whose receipt is to be kept elsewhere: (device id, nonce, receipt), and those that are spent: their keys.
    None without the rules."""
    receipts_ms = before_ms_of(book, "receipt_days", now_ms)
    beacons_ms = before_ms_of(book, "beacon_days", now_ms)
    if receipts_ms is None or beacons_ms is None:
        return None
    receipts_ms = min(receipts_ms, now_ms - NONCE_MS_MIN)
    old = sa.and_(Exchange.at_ms <= receipts_ms, Exchange.brought.is_(False))
    nothing_unsent = sa.exists().where(
        Device.id == Exchange.device_id,
        Device.unsent == 0,
        Device.seen_ms - (now_ms - receipts_ms) >= Exchange.at_ms,
    )
    spent = sa.or_(Exchange.at_ms <= beacons_ms, nothing_unsent)
    key = (Exchange.device_id, Exchange.nonce)
    return (
        sa.select(*key, Exchange.receipt).where(old, Exchange.receipt.is_not(None)),
        sa.select(*key).where(old, Exchange.receipt.is_(None), spent),
    )


def _move_receipts(session: Session, with_receipt: Query) -> int:
    query = with_receipt.order_by(Exchange.at_ms).limit(ROWS_AT_ONCE).with_for_update(skip_locked=True)
    rows = session.execute(query).all()
    if not rows:
        return 0
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for device_id, _, receipt in rows:
        for name, (n, _hash) in (receipt or {}).get("streams", {}).items():
            key = (scope_id_of(name), device_id)
            if n and (key not in newest or newest[key]["n"] <= n):
                newest[key] = {"scope_id": key[0], "device_id": device_id, "n": n, "receipt": receipt}
    _keep_newest(session, [newest[key] for key in sorted(newest)])
    named = sa.tuple_(Exchange.device_id, Exchange.nonce).in_([(row.device_id, row.nonce) for row in rows])
    session.execute(sa.update(Exchange).where(named).values(receipt=sa.null(), attested=sa.null()))
    return len(rows)


def _keep_newest(session: Session, kept: Sequence[dict[str, Any]]) -> None:
    if not kept:
        return
    insert = postgresql.insert if is_postgresql(session) else sqlite.insert
    statement = insert(StreamReceipt).values(list(kept))
    fresh = {"n": statement.excluded.n, "receipt": statement.excluded.receipt}
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[StreamReceipt.scope_id, StreamReceipt.device_id],
            set_=fresh,
            where=StreamReceipt.n <= statement.excluded.n,
        )
    )


def _old_windows(now_ms: int, book: Rulebook) -> sa.Select[str, str] | None:
    """Windows that were settled `window_days` ago and belong to no flag: (scope id, id). None without the rule."""
    before_ms = before_ms_of(book, "window_days", now_ms)
    if before_ms is None:
        return None
    old = sa.and_(Window.opens_ms <= before_ms, Window.check_ms.is_(None), Window.flag_id.is_(None))
    return sa.select(Window.scope_id, Window.id).where(old)


def _with_old_windows(now_ms: int, book: Rulebook) -> sa.Select[str] | None:
    """Those of the sites whose turn it is that have such windows. None without the rule."""
    old = _old_windows(now_ms, book)
    if old is None:
        return None
    sites = _in_turn(now_ms).subquery("in_turn")
    # Site by site, each by its index: as EXISTS, PostgreSQL looks through the windows of all sites for the first.
    first = old.with_only_columns(Window.id).where(Window.scope_id == sites.c.scope_id).limit(1)
    return sa.select(sites.c.scope_id).where(first.scalar_subquery().is_not(None))


def forget_windows(session: Session, seals: Seals, now_ms: int, book: Rulebook) -> int:
    """Forget a bounded number of the old windows of the sites whose turn it is, also on tablets; gives how many."""
    old, found = _old_windows(now_ms, book), _with_old_windows(now_ms, book)
    if old is None or found is None:
        return 0
    forgotten = 0
    for scope in take_scopes(session, list(session.scalars(found))):
        rows = session.execute(old.where(Window.scope_id == scope.scope_id).limit(ROWS_AT_ONCE)).all()
        feed = Feed(session, scope, seals, now_ms)
        feed.delete([row.id for row in rows])
        feed.flush()
        forgotten += _delete(session, Window, rows)
        if forgotten >= ROWS_AT_ONCE:
            break
    return forgotten


def forget_coverage(session: Session, now_ms: int, book: Rulebook) -> int:
    """Delete what is kept of sites' days `coverage_days` after they ended, each day whole; gives how many rows. No push
    looks at days that are that old (follow_coverage)."""
    old = _old_days(now_ms, book)
    if old is None:
        return 0
    chosen = old.order_by(CoverageDay.to_ms).limit(DAYS_AT_ONCE).with_for_update(skip_locked=True)
    gone = 0
    for scope_id, local_date in session.execute(chosen).all():
        gone += forget_days(session, scope_id, [local_date])
        if gone >= ROWS_AT_ONCE:
            break
    return gone


def _old_days(now_ms: int, book: Rulebook) -> Query | None:
    before_ms = before_ms_of(book, "coverage_days", now_ms)
    if before_ms is None:
        return None
    return sa.select(CoverageDay.scope_id, CoverageDay.local_date).where(CoverageDay.to_ms <= before_ms)


def _in_turn(now_ms: int) -> sa.Select[str]:
    """The sites whose turn it is, computed from the time, so that nothing has to be stored. Multiples of the golden ratio
    reach all of them soon, whatever time lies between two ticks; of a plain remainder, every second tick may reach half."""
    sites = sa.select(Scope.scope_id).where(Scope.kind == "site")
    count = sa.select(sa.func.count()).select_from(sites.subquery()).scalar_subquery()
    pages = (count - 1) // SCOPES_AT_ONCE + 1
    share = now_ms // _TURN_MS * _GOLDEN % _WHOLE
    first = sa.literal(share, sa.BigInteger) * pages // _WHOLE * SCOPES_AT_ONCE
    return sites.order_by(Scope.scope_id).offset(first).limit(SCOPES_AT_ONCE)


def _delete(session: Session, model: type[Base], rows: Sequence[Any]) -> int:
    by_key: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        by_key[tuple(row)[:-1]].append(row[-1])
    *leading, last = model.__mapper__.primary_key
    for values, lasts in by_key.items():
        same = [column == value for column, value in zip(leading, values, strict=True)]
        session.execute(sa.delete(model).where(*same, last.in_(lasts)))
    return len(rows)


def before_ms_of(book: Rulebook, code: str, now_ms: int) -> int | None:
    """What is older than this is past its time; None without a rule."""
    try:
        return now_ms - round(book.number(code, local_date_of(now_ms)) * DAY_MS)
    except LookupError:
        return None
