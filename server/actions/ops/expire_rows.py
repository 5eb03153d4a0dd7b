"""The tick's last part: delete what has served its purpose, and write the heartbeat."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.actions.accounts.form_keys import forget_forms
from server.base.db import is_postgresql
from server.models.flag import Heartbeat
from server.models.notice import Digest, Notice
from server.models.record import Record
from server.models.roster import Roster
from server.models.scope import take_scopes
from server.models.user import forget_expired
from server.rules.calendar import DAY_MS, local_date_of
from server.rules.rulebook import Rulebook

TALLY_MS = DAY_MS  # longer than any rate is limited for
TOMBSTONE_DAYS_MIN = 180  # SPEC: never fewer
_SCHEDULER = "scheduler"  # any of them: one row


def expire_rows(session: Session, now_ms: int, book: Rulebook, limit: int = 1000) -> dict[str, int]:
    """Delete expired log-ins, old tallies, uploaded rosters and notices that are no longer needed, and up to `limit`
    tombstones that every device had time to see."""
    forget_expired(session, now_ms, TALLY_MS)
    forget_forms(session, now_ms)
    files = _forget_files(session, now_ms, book)
    notices = _forget_notices(session, now_ms, book)
    before_ms = now_ms - _tombstone_days(book, now_ms) * DAY_MS
    forgotten = _forget_tombstones(session, before_ms, limit)
    return {"tombstones": forgotten, "roster_files": files, "notices": notices}


def heartbeat(session: Session, now_ms: int, took_ms: int, did: dict[str, Any]) -> None:
    """Record that a tick is done. One statement, so that any number of schedulers may do so at once."""
    insert = postgresql.insert if is_postgresql(session) else sqlite.insert
    values = {"at_ms": now_ms, "took_ms": took_ms, "did": did}
    statement = insert(Heartbeat).values(name=_SCHEDULER, **values)
    session.execute(statement.on_conflict_do_update(index_elements=[Heartbeat.name], set_=values))


def _tombstone_days(book: Rulebook, now_ms: int) -> int:
    try:
        asked = int(book.number("tombstone_days", local_date_of(now_ms)))
    except LookupError:  # no reference data yet
        asked = TOMBSTONE_DAYS_MIN
    return max(asked, TOMBSTONE_DAYS_MIN)


def _forget_files(session: Session, now_ms: int, book: Rulebook) -> int:
    """An uploaded file and what was read of it serve the preview. What was committed is in the log."""
    try:
        days = book.number("roster_file_days", local_date_of(now_ms))
    except LookupError:  # no reference data yet
        return 0
    old = sa.and_(Roster.made_ms <= now_ms - round(days * DAY_MS), Roster.file.is_not(None))
    gone: Any = session.execute(sa.update(Roster).where(old).values(file=None, result=None))
    return int(gone.rowcount)


def _forget_notices(session: Session, now_ms: int, book: Rulebook) -> int:
    """Delete notices once only the flag's own history has to stay. Ids begin with their time, so that the primary key
    finds the old ones."""
    try:
        days = book.number("notice_days", local_date_of(now_ms))
    except LookupError:  # no reference data yet
        return 0
    oldest = str(UUID(int=(now_ms - round(days * DAY_MS)) << 80))
    session.execute(sa.delete(Digest).where(Digest.id < oldest, Digest.state != "pending"))
    gone: Any = session.execute(sa.delete(Notice).where(Notice.id < oldest))
    return int(gone.rowcount)


def _forget_tombstones(session: Session, before_ms: int, limit: int) -> int:
    """Raise the floor of each scope with what is forgotten: an older cursor starts again from 0 (SPEC, part 11)."""
    query = sa.select(Record.scope_id, Record.id, Record.seq).where(Record.deleted_ms <= before_ms)
    gone: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for scope_id, record_id, seq in session.execute(query.order_by(Record.deleted_ms).limit(limit)):
        gone[scope_id].append((record_id, seq))
    forgotten = 0
    for scope in take_scopes(session, sorted(gone)):
        rows = gone[scope.scope_id]
        still = sa.and_(Record.id.in_([record_id for record_id, _ in rows]), Record.deleted_ms <= before_ms)
        deleted: Any = session.execute(sa.delete(Record).where(Record.scope_id == scope.scope_id, still))
        forgotten += deleted.rowcount
        scope.floor_seq = max(scope.floor_seq, *(seq for _, seq in rows))
    return forgotten
