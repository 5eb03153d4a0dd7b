"""Bring a database to this version: its tables, the keys that it remembers, and what follows from its log."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from server.actions.audit.rebuild import repair_scope
from server.actions.ops.check_keys import require_keys
from server.actions.ops.health import schema_of
from server.actions.ops.reseal import seal_what_was_plain
from server.base.db import db, read
from server.base.migrate import upgrade
from server.base.seal import Seals
from server.models.scope import Scope
from server.workflows.open_keys import record_new_keys

# From this schema on a record says when it may have happened, earliest and latest. Older ones follow from the log again.
INTERVALS = "0007"


def upgrade_database(seals: Seals, now_ms: int) -> None:
    """Apply the migrations that the database lacks, and have it remember the keys in use. What an older version kept
    unsealed is sealed, and what it derived from the log is derived again, in the transaction of the migrations: an upgrade
    that is cut short begins again from where it had begun. Needs an app context. Raises KeyTrouble when what is stored was
    made with other keys."""
    with read() as session:
        before = schema_of(session)

    def derive(connection: Connection) -> None:
        if before is None:
            return
        with Session(connection, expire_on_commit=False) as session:
            require_keys(session, seals)
            seal_what_was_plain(session, seals)
            if before >= INTERVALS:
                return
            for scope_id in session.scalars(sa.select(Scope.scope_id).where(Scope.kind == "site")).all():
                repair_scope(session, seals, scope_id, now_ms)
                session.flush()
                session.expunge_all()

    upgrade(db.engine, derive)
    record_new_keys(seals, now_ms)
