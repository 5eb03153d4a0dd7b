"""What requests cost a database besides time: statements, and bytes for each record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

from server.base import db as database
from server.base.db import Session, db, is_postgresql, read
from server.bench.figure import Figure
from server.bench.rig import BATCH, Rig

_PUSHES = 6


def statements_of(work: Callable[[], Any]) -> int:
    """How many statements go to the database, without BEGIN and COMMIT."""
    sent: list[str] = []
    plain = database._driver_of

    def before(*given: Any) -> None:
        sent.append(given[2])

    def driver_of(session: Session, text: str) -> Any:
        sent.append(text)
        return plain(session, text)

    sa.event.listen(db.engine, "before_cursor_execute", before)
    database._driver_of = driver_of  # type: ignore[assignment]
    try:
        work()
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", before)
        database._driver_of = plain
    return sum(not text.startswith("BEGIN") for text in sent)


def measure_bytes(rig: Rig) -> Iterator[Figure]:
    """What a pushed record takes in the files of the database and, on PostgreSQL, in its write-ahead log."""
    before = _sizes()
    for _ in range(_PUSHES):
        rig.push()
    stored, logged = (now - then for now, then in zip(_sizes(), before, strict=True))
    each = f"{stored / _PUSHES / BATCH:,.0f} bytes stored"
    yield Figure("  a record", f"{each}, {logged / _PUSHES / BATCH:,.0f} of WAL" if logged else each)


def _sizes() -> tuple[int, int]:
    """Bytes of all tables with their indexes, and of all that was ever written to the log."""
    with read() as session:
        if is_postgresql(session):
            asked = "SELECT pg_database_size(current_database()), pg_current_wal_lsn() - '0/0'::pg_lsn"
            stored, logged = session.execute(sa.text(asked)).one()
            return int(stored), int(logged)
        pages, size = (session.scalar(sa.text(f"PRAGMA {name}")) for name in ("page_count", "page_size"))
        return int(pages or 0) * int(size or 0), 0
