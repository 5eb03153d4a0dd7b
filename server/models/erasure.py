"""Erasure of one person's data: who asked for it and why, how far it is, and what stays of the erased lines."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from schemas.limits import REASON_MAX
from server.base.db import Base, Id, Json, bulk_select

PERSON_ERASED = "person_erased"  # the refusal of an entry about somebody whose data was erased
DOCUMENT_MAX = 100
_UNDER_WAY = sa.text("done_ms IS NULL")


class Erasure(Base):
    """One request to erase a person: the audit trace, which stays, and how far it is.

    `person` names whom it is about (see actions/request_erasure.py), sealed, and is emptied with the last step. `step` and
    `after` say where to continue: the scope, and the primary key that was looked at last. `leftover`: keys of the photo
    store that are still to be deleted. `done` counts what was erased, by kind.
    """

    __tablename__ = "erasure"
    __table_args__ = (
        # The tick: what is under way.
        sa.Index("ix_erasure_under_way", "asked_ms", postgresql_where=_UNDER_WAY, sqlite_where=_UNDER_WAY),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    asked_by: Mapped[str] = mapped_column(Id, sa.ForeignKey("user_account.id"))
    asked_ms: Mapped[int] = mapped_column(sa.BigInteger)
    reason: Mapped[str] = mapped_column(sa.String(REASON_MAX))
    document: Mapped[str] = mapped_column(sa.String(DOCUMENT_MAX))  # its number (文号), or a case's
    person: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    step: Mapped[str] = mapped_column(sa.String(12))
    scope_id: Mapped[str | None] = mapped_column(Id)  # None: at the first
    after: Mapped[str | None] = mapped_column(sa.String(80))  # None: from the beginning
    leftover: Mapped[list[str]] = mapped_column(Json)
    done: Mapped[dict[str, int]] = mapped_column(Json)
    done_ms: Mapped[int | None] = mapped_column(sa.BigInteger)


class ErasedLine(Base):
    """A line of the log of which only the hash is left. `prev`: the hash of the line before, as it named it ("" for none),
    so that the chain can still be followed."""

    __tablename__ = "erased_line"

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    entry_id: Mapped[str] = mapped_column(Id, primary_key=True)
    erasure_id: Mapped[str] = mapped_column(Id)
    prev: Mapped[str] = mapped_column(sa.String(64))


class ErasedRecord(Base):
    """A record that is erased: later entries about it are refused, also when its tombstone is deleted. `rev`: of
    its tombstone; None until it is one."""

    __tablename__ = "erased_record"
    __table_args__ = (
        sa.Index("ix_erased_record_erasure", "erasure_id", "kind"),
    )  # the tick: whom it is about

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    erasure_id: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(sa.String(32))
    rev: Mapped[int | None] = mapped_column(sa.BigInteger)


class ErasureSeal(Base):
    """What the server signed of everything that was erased in a scope, through its change counter `seq`: how many lines and
    a digest of them, how many records and a digest of the state in which the erased lines left them."""

    __tablename__ = "erasure_seal"

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    at_ms: Mapped[int] = mapped_column(sa.BigInteger)
    seq: Mapped[int] = mapped_column(sa.BigInteger)
    lines: Mapped[int] = mapped_column(sa.BigInteger)
    lines_digest: Mapped[str] = mapped_column(sa.String(32))
    records: Mapped[int] = mapped_column(sa.BigInteger)
    state_digest: Mapped[str] = mapped_column(sa.String(32))
    sig: Mapped[str] = mapped_column(sa.String(100))


def erased_among(session: Session, scope_id: str, ids: Collection[str]) -> dict[str, str]:
    """Which of these records of a scope are erased: the id of the erasure by record. One statement."""
    keys = [(scope_id, key) for key in sorted(ids)]
    table: Any = ErasedRecord.__table__
    found = bulk_select(session, table, ("scope_id", "id"), ("erasure_id",), keys)
    return {keys[place][1]: erasure_id for place, erasure_id in found}


def erasures_under_way(session: Session, scope_id: str) -> bool:
    """Whether the data of somebody of this scope is being erased right now."""
    query = (
        sa.select(Erasure.id)
        .join(ErasedRecord, ErasedRecord.erasure_id == Erasure.id)
        .where(Erasure.done_ms.is_(None), ErasedRecord.scope_id == scope_id)
    )
    return session.scalar(query.limit(1)) is not None
