"""Flags: what is wrong at one site and duty, whose move it is, and everything that happened to it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.base.db import Base, Id, Json
from server.rules.flags.moves import ANSWER

_OPEN = sa.text("closed_ms IS NULL")
_ASKED = sa.text("asks AND done_ms IS NULL")
_DUE = sa.text("next_ms IS NOT NULL")


class Flag(Base):
    """One flag. At most one is open for a site and duty; `SILENT` is the duty of the silent-site flag."""

    __tablename__ = "flag"
    __table_args__ = (
        sa.Index("uq_flag_open", "scope_id", "duty", unique=True, postgresql_where=_OPEN, sqlite_where=_OPEN),
        sa.Index("ix_flag_opened", "opened_ms", "id"),  # the list, newest first
        sa.Index("ix_flag_changed", "changed_ms"),  # what moved since yesterday
        sa.Index("ix_flag_id", "id"),  # one flag by its address
    )

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    duty: Mapped[str] = mapped_column(sa.String(24))
    state: Mapped[str] = mapped_column(sa.String(16))
    severity: Mapped[str] = mapped_column(sa.String(12))
    level: Mapped[int] = mapped_column(sa.Integer, default=0)  # how many escalation steps were taken
    unit: Mapped[str] = mapped_column(sa.String(32))  # whose move it is: zhian, jiancha, …
    windows: Mapped[int] = mapped_column(sa.Integer, default=0)
    rev: Mapped[int] = mapped_column(sa.Integer, default=0)  # how many events it has
    head: Mapped[str] = mapped_column(sa.String(64), default="")  # the hash of the last of them
    opened_ms: Mapped[int] = mapped_column(sa.BigInteger)
    changed_ms: Mapped[int] = mapped_column(sa.BigInteger)
    closed_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    company: Mapped[str | None] = mapped_column(sa.String(18))  # to which the order is addressed
    assignee_id: Mapped[str | None] = mapped_column(Id)  # who works on it (承办人)
    previous_id: Mapped[str | None] = mapped_column(Id)  # the flag that this one recurs from
    policy: Mapped[dict[str, Any]] = mapped_column(Json)  # as in force when it opened


class FlagStep(Base):
    """One escalation step of a flag, found by the same due scan as windows. `taken_ms`: when it fell due and people were
    notified; `done_ms`: when a move ended it, or the notification if it asks for no move; `next_ms`: when the tick looks
    at it: at `due_ms`, and while it is overdue each time that people are notified again."""

    __tablename__ = "flag_step"
    __table_args__ = (
        sa.Index("ix_flag_step_next", "next_ms", postgresql_where=_DUE, sqlite_where=_DUE),  # the tick
        # What waits for somebody: the list of a unit's work.
        sa.Index("ix_flag_step_asks", "unit", "due_ms", postgresql_where=_ASKED, sqlite_where=_ASKED),
    )

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    flag_id: Mapped[str] = mapped_column(Id, primary_key=True)
    step: Mapped[str] = mapped_column(sa.String(24), primary_key=True)
    unit: Mapped[str] = mapped_column(sa.String(32))
    due_ms: Mapped[int] = mapped_column(sa.BigInteger)
    asks: Mapped[bool] = mapped_column(sa.Boolean, default=False, server_default=sa.false())  # for a move
    taken_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    done_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    next_ms: Mapped[int | None] = mapped_column(sa.BigInteger)


class FlagEvent(Base):
    """What happened to a flag, numbered and hash-chained per flag: `hash` = SHA-256 of `prev` and the
    canonical JSON. `detail` names the clocks that it starts, so that state and deadlines follow from events alone."""

    __tablename__ = "flag_event"

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    flag_id: Mapped[str] = mapped_column(Id, primary_key=True)
    n: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    at_ms: Mapped[int] = mapped_column(sa.BigInteger)
    actor: Mapped[str] = mapped_column(sa.String(36))  # a user's id, or `scheduler`
    action: Mapped[str] = mapped_column(sa.String(24))
    detail: Mapped[dict[str, Any]] = mapped_column(Json)
    prev: Mapped[str] = mapped_column(sa.String(64))
    hash: Mapped[str] = mapped_column(sa.String(64))


def of_flag(rows: type[FlagEvent] | type[FlagStep], flag: Flag) -> sa.ColumnElement[bool]:
    """Which rows are one flag's: by the beginning of their primary key."""
    return sa.and_(rows.scope_id == flag.scope_id, rows.flag_id == flag.id)


def open_defence(session: Session, flag: Flag) -> FlagStep | None:
    """The step that runs until somebody answers what was stated in defence; None where nothing waits for an answer."""
    running = (of_flag(FlagStep, flag), FlagStep.step == ANSWER, FlagStep.done_ms.is_(None))
    return session.scalar(sa.select(FlagStep).where(*running))


class Heartbeat(Base):
    """When a scheduler last finished a tick, and what it did: `/readyz` and `/metrics` alarm when it
    stops."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    at_ms: Mapped[int] = mapped_column(sa.BigInteger)
    took_ms: Mapped[int] = mapped_column(sa.BigInteger)
    did: Mapped[dict[str, Any]] = mapped_column(Json)
