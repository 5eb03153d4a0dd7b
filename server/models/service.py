"""Programs of others that may call us: each is a user of its own kind, with keys of which only the hash is kept."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.base.db import Base, Id, Json
from server.models.user import User

KEY_PREFIX = "gongdi_"  # of every key: whoever finds one in a file knows what it is
CARD = "card"  # the system whose numbers are those of cards: they open every gate of a site
SYSTEM_MAX, NUMBER_MAX = 32, 64


class ServiceAccount(Base):
    """A program that calls us; its id is that of its user. `system`: whose numbers it uses for people. One that may write
    gate passes is a device of ours as well (`device_id`), under whose key (`key`, sealed) the server writes for it."""

    __tablename__ = "service_account"

    id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user_account.id"), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    system: Mapped[str] = mapped_column(sa.String(SYSTEM_MAX))
    device_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("device.id"))
    key: Mapped[bytes | None] = mapped_column(sa.LargeBinary)  # sealed
    made_ms: Mapped[int] = mapped_column(sa.BigInteger)
    closed_ms: Mapped[int | None] = mapped_column(sa.BigInteger)


class ServiceKey(Base):
    """A key of an account: the SHA-256 of it, how it begins, and what it opens (`scopes`)."""

    __tablename__ = "service_key"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    account_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("service_account.id"), index=True)
    key_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), unique=True)
    begins: Mapped[str] = mapped_column(sa.String(16))
    scopes: Mapped[list[str]] = mapped_column(Json)
    made_ms: Mapped[int] = mapped_column(sa.BigInteger)
    used_ms: Mapped[int | None] = mapped_column(sa.BigInteger)  # to the hour
    revoked_ms: Mapped[int | None] = mapped_column(sa.BigInteger)


class PersonNumber(Base):
    """By which number another system knows somebody at a site: a card, or the number of a platform. `digest`: keyed, for
    look-up; `value`: sealed, to be given back to that system alone."""

    __tablename__ = "person_number"
    __table_args__ = (
        sa.Index("ix_person_number_worker", "scope_id", "worker_id"),  # a roster with numbers; erasure
    )

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    system: Mapped[str] = mapped_column(sa.String(SYSTEM_MAX), primary_key=True)
    digest: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    worker_id: Mapped[str] = mapped_column(Id)
    value: Mapped[bytes] = mapped_column(sa.LargeBinary)  # sealed
    made_ms: Mapped[int] = mapped_column(sa.BigInteger)


def open_key(session: Session, key_hash: bytes) -> tuple[User, ServiceKey] | None:
    """The key of this hash that is not revoked, and its account's user, if that is in use. Asked for at each request: what
    is revoked opens nothing from the next one on."""
    query = (
        sa.select(User, ServiceKey)
        .join(ServiceKey, ServiceKey.account_id == User.id)
        .where(ServiceKey.key_hash == key_hash, ServiceKey.revoked_ms.is_(None), User.active)
    )
    row = session.execute(query).first()
    return None if row is None else (row[0], row[1])
