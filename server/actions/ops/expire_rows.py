"""The tick's last part: delete what has served its purpose, and write the heartbeat."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.actions.accounts.form_keys import KEY_MS
from server.actions.ops.retention import before_ms_of
from server.base.db import Base, is_postgresql
from server.base.statements import Prepared
from server.models.flag import Heartbeat
from server.models.form import SentForm
from server.models.notice import Digest, Notice
from server.models.record import Record
from server.models.roster import Roster
from server.models.scope import take_scopes
from server.models.user import LoginToken, Tally
from server.rules.calendar import DAY_MS
from server.rules.rulebook import Rulebook

TALLY_MS = DAY_MS  # longer than any rate is limited for
TOMBSTONE_DAYS_MIN = 180  # SPEC: never fewer
_SCHEDULER = "scheduler"  # any of them: one row
_OF_A_BEAT = ("at_ms", "took_ms", "did")


def expired(now_ms: int, book: Rulebook) -> dict[type[Base], sa.ColumnElement[bool]]:
    """Which rows of each table are no longer needed at `now_ms`. A table whose rule is missing is left out.

    1. Log-ins, counts of tries, and forms whose keys have expired.
    2. Tombstones that every device had time to see.
    3. An uploaded file and what was read of it: they serve the preview, and what was committed is in the log.
    4. Notices, once only the flag's own history has to stay. Ids begin with their time, so that the primary key finds
       the old ones.
    """
    rows: dict[type[Base], sa.ColumnElement[bool]] = {
        LoginToken: LoginToken.expires_ms <= now_ms,
        Tally: Tally.since_ms <= now_ms - TALLY_MS,
        SentForm: SentForm.made_ms <= now_ms - KEY_MS,
        Record: Record.deleted_ms <= _tombstones_before_ms(book, now_ms),
    }
    files_ms, notices_ms = (before_ms_of(book, code, now_ms) for code in ("roster_file_days", "notice_days"))
    if files_ms is not None:
        rows[Roster] = sa.and_(Roster.made_ms <= files_ms, Roster.file.is_not(None))
    if notices_ms is not None:
        oldest = str(UUID(int=notices_ms << 80))
        rows[Digest] = sa.and_(Digest.id < oldest, Digest.state != "pending")
        rows[Notice] = Notice.id < oldest
    return rows


def expire_rows(session: Session, now_ms: int, book: Rulebook, limit: int = 1000) -> dict[str, int]:
    """Delete what `expired` names; of tombstones up to `limit`."""
    did: Counter[type[Base]] = Counter()
    for model, old in expired(now_ms, book).items():
        if model is Record:
            did[model] = _forget_tombstones(session, old, limit)
            continue
        without_file = sa.update(model).where(old).values(file=None, result=None)
        gone: Any = session.execute(without_file if model is Roster else sa.delete(model).where(old))
        did[model] = gone.rowcount
    return {"tombstones": did[Record], "roster_files": did[Roster], "notices": did[Notice]}


def _beat(session: Session) -> Any:
    insert = postgresql.insert if is_postgresql(session) else sqlite.insert
    statement = insert(Heartbeat).values({name: sa.bindparam(name) for name in ("name", *_OF_A_BEAT)})
    new = {name: statement.excluded[name] for name in _OF_A_BEAT}
    return statement.on_conflict_do_update(index_elements=[Heartbeat.name], set_=new)


_BEAT = Prepared(_beat)


def heartbeat(session: Session, now_ms: int, took_ms: int, did: dict[str, Any]) -> None:
    """Record that a tick is done. One statement, so that any number of schedulers may do so at once."""
    text = msgspec.json.encode(did).decode()
    _BEAT.run(session, name=_SCHEDULER, at_ms=now_ms, took_ms=took_ms, did=text)


def _tombstones_before_ms(book: Rulebook, now_ms: int) -> int:
    most_ms = now_ms - TOMBSTONE_DAYS_MIN * DAY_MS
    asked_ms = before_ms_of(book, "tombstone_days", now_ms)
    return most_ms if asked_ms is None else min(asked_ms, most_ms)


def _forget_tombstones(session: Session, old: sa.ColumnElement[bool], limit: int) -> int:
    """Raise the floor of each scope with what is forgotten: an older cursor starts again from 0 (SPEC, part 11)."""
    query = sa.select(Record.scope_id, Record.id, Record.seq).where(old)
    gone: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for scope_id, record_id, seq in session.execute(query.order_by(Record.deleted_ms).limit(limit)):
        gone[scope_id].append((record_id, seq))
    forgotten = 0
    for scope in take_scopes(session, sorted(gone)):
        rows = gone[scope.scope_id]
        still = sa.and_(Record.id.in_([record_id for record_id, _ in rows]), old)
        deleted: Any = session.execute(sa.delete(Record).where(Record.scope_id == scope.scope_id, still))
        forgotten += deleted.rowcount
        scope.floor_seq = max(scope.floor_seq, *(seq for _, seq in rows))
    return forgotten
