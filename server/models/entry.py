"""The log: what devices wrote, byte for byte. Every table of current state can be rebuilt from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.db import Base, Id, Json

_OPEN = sa.text("state = 'open'")
_SETTLED = sa.text("settled_ms IS NOT NULL")


class LogEntry(Base):
    """One entry as it came, its outcome, and what is known of its time.

    `raw` is the line itself, sealed for the kinds that hold identity or health data and for refused lines;
    `hash` is always over the bytes that the device wrote. A refused entry stays here too: it keeps its
    place in the chain.
    """

    __tablename__ = "entry"

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    device_id: Mapped[str] = mapped_column(Id)
    n: Mapped[int] = mapped_column(sa.BigInteger)
    kind: Mapped[str] = mapped_column(sa.String(32))
    record_id: Mapped[str] = mapped_column(Id)
    act: Mapped[str] = mapped_column(sa.String(8))
    hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32))
    raw: Mapped[bytes] = mapped_column(sa.LargeBinary)
    outcome: Mapped[str] = mapped_column(sa.String(12))
    code: Mapped[str | None] = mapped_column(sa.String(40))
    rev: Mapped[int | None] = mapped_column(sa.BigInteger)
    seq: Mapped[int | None] = mapped_column(sa.BigInteger)
    exchange_id: Mapped[str] = mapped_column(Id)
    received_ms: Mapped[int] = mapped_column(sa.BigInteger)
    claimed_ms: Mapped[int] = mapped_column(sa.BigInteger)
    event_ms: Mapped[int] = mapped_column(sa.BigInteger)
    bound_ms: Mapped[int] = mapped_column(sa.BigInteger)
    grade: Mapped[str] = mapped_column(sa.String(8))
    not_before_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    backfilled: Mapped[bool] = mapped_column(sa.Boolean)


class HeldEntry(Base):
    """An entry that waits for others (`waits_for`: ids of entries or records), until `until_ms`. `reason`:
    `needs`, `target` (its record is not here yet) or `device_revoked` (a person decides; no deadline)."""

    __tablename__ = "held_entry"
    __table_args__ = (sa.Index("ix_held_entry_until_ms", "until_ms"),)  # the tick: held for too long

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    entry_id: Mapped[str] = mapped_column(Id, primary_key=True)
    reason: Mapped[str] = mapped_column(sa.String(16))
    waits_for: Mapped[list[str]] = mapped_column(Json)
    until_ms: Mapped[int | None] = mapped_column(sa.BigInteger)


class Quarantine(Base):
    """A refused line, kept where a person can read, mend or dismiss it. `id` follows from device and
    bytes, so that a line sent twice is kept once."""

    __tablename__ = "quarantine"
    __table_args__ = (
        # The list that people work from.
        sa.Index("ix_quarantine_open", "scope_id", "at_ms", postgresql_where=_OPEN, sqlite_where=_OPEN),
        # The tick: what may be forgotten.
        sa.Index("ix_quarantine_settled", "settled_ms", postgresql_where=_SETTLED, sqlite_where=_SETTLED),
    )

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    device_id: Mapped[str] = mapped_column(Id)
    entry_id: Mapped[str | None] = mapped_column(Id)
    raw: Mapped[bytes] = mapped_column(sa.LargeBinary)  # sealed
    code: Mapped[str] = mapped_column(sa.String(40))
    errors: Mapped[dict[str, list[str]]] = mapped_column(Json)
    at_ms: Mapped[int] = mapped_column(sa.BigInteger)
    state: Mapped[str] = mapped_column(sa.String(12), default="open")  # open, mended, dismissed
    settled_by: Mapped[str | None] = mapped_column(Id)  # a user
    settled_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    reason: Mapped[str | None] = mapped_column(sa.String(200))  # why a person settled it so


def known_entries(session: Session, scope_id: str, ids: Sequence[str]) -> dict[str, LogEntry]:
    """Which of these ids the scope's log has already. One statement, by the primary key."""
    if not ids:
        return {}
    query = sa.select(LogEntry).where(LogEntry.scope_id == scope_id, LogEntry.id.in_(ids))
    return {entry.id: entry for entry in session.scalars(query)}


def scope_log(session: Session, scope_id: str) -> Iterator[LogEntry]:
    """The scope's log in the order in which it took effect (`received`, then device and number)."""
    order = (LogEntry.received_ms, LogEntry.device_id, LogEntry.n, LogEntry.id)
    query = sa.select(LogEntry).where(LogEntry.scope_id == scope_id).order_by(*order)
    yield from session.scalars(query.execution_options(yield_per=1000))
