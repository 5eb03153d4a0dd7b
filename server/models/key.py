"""Keys as the database knows them: by their fingerprints, never the keys themselves; and how far re-sealing is."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.base.db import Base, Json


class KeyFingerprint(Base):
    """A key that this database's data needs. `name`: `digest`, `signing` or `sealing:NAME`. A sealing key is retired
    when nothing in the database is sealed with it any more."""

    __tablename__ = "key_fingerprint"

    name: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(sa.String(32))
    made_ms: Mapped[int] = mapped_column(sa.BigInteger)
    retired_ms: Mapped[int | None] = mapped_column(sa.BigInteger)


class Resealing(Base):
    """How far one kind of sealed value (`TABLE.COLUMN`, `media`) has come to be sealed with the key `key_name`: through
    the primary key `after`. A pass that is killed continues from there."""

    __tablename__ = "resealing"

    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    key_name: Mapped[str] = mapped_column(sa.String(4))
    after: Mapped[list[Any] | None] = mapped_column(Json)  # None: from the beginning
    done: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    failed: Mapped[int] = mapped_column(sa.Integer, default=0)  # values of this pass that did not open


def known_keys(session: Session) -> dict[str, KeyFingerprint]:
    """Every key that was ever in use, by name."""
    return {row.name: row for row in session.scalars(sa.select(KeyFingerprint))}
