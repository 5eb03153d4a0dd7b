"""Proofs that people's health data was erased on schedule."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.base.db import Base, Id, Json


class HealthErasure(Base):
    """The erasure of a site's records about people's health, after the duties that asked for them had ended: the proof, once
    it is done, signed and linked to the site's one before. `classes`: how many lines went, by kind; `until_ms`: of when the
    last of them was. The scope's counter and the digest of its records, before and after. `leftover`: keys of the photo
    store that are still to be deleted. `looked_ms`: when there was nothing left."""

    __tablename__ = "health_erasure"
    __table_args__ = (sa.UniqueConstraint("id"),)

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    number: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    id: Mapped[str] = mapped_column(Id)
    ended_on: Mapped[str] = mapped_column(sa.String(10))
    days: Mapped[int] = mapped_column(sa.Integer)
    classes: Mapped[dict[str, int]] = mapped_column(Json)
    lines: Mapped[int] = mapped_column(sa.BigInteger)
    records: Mapped[int] = mapped_column(sa.BigInteger)
    photos: Mapped[int] = mapped_column(sa.BigInteger)
    until_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    seq_before: Mapped[int] = mapped_column(sa.BigInteger)
    digest_before: Mapped[int] = mapped_column(sa.BigInteger)
    seq_after: Mapped[int | None] = mapped_column(sa.BigInteger)
    digest_after: Mapped[int | None] = mapped_column(sa.BigInteger)
    leftover: Mapped[list[str]] = mapped_column(Json)
    done_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    looked_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    prev: Mapped[str] = mapped_column(sa.String(64))
    sig: Mapped[str] = mapped_column(sa.String(100))


def proofs_of(session: Session, scope_id: str) -> Sequence[HealthErasure]:
    """A site's, the first one first."""
    query = sa.select(HealthErasure).where(HealthErasure.scope_id == scope_id)
    return session.scalars(query.order_by(HealthErasure.number)).all()
