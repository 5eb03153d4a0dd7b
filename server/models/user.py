"""People, their sessions, their assignments, and counters that limit rates across processes."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, Id

ROLES = ("inspector", "contractor", "section", "brigade", "admin")


class User(Base):
    """Somebody who logs in. `unit` is the office (科室) of an official, `company` the 18-character code of a
    contractor's company, `district` limits a section's view (empty: every district)."""

    __tablename__ = "user_account"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(64), unique=True)
    display_name: Mapped[str] = mapped_column(sa.String(64))
    role: Mapped[str] = mapped_column(sa.String(16))
    unit: Mapped[str | None] = mapped_column(sa.String(32))
    company: Mapped[str | None] = mapped_column(sa.String(18))
    district: Mapped[str | None] = mapped_column(sa.String(64))  # codes joined by commas
    password_hash: Mapped[str] = mapped_column(sa.String(200))
    active: Mapped[bool] = mapped_column(sa.Boolean, default=True)
    made_ms: Mapped[int] = mapped_column(sa.BigInteger)


class LoginToken(Base):
    """A log-in: the SHA-256 of its bearer token or cookie."""

    __tablename__ = "login_token"

    token_hash: Mapped[bytes] = mapped_column(sa.LargeBinary(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user_account.id"), index=True)
    made_ms: Mapped[int] = mapped_column(sa.BigInteger)
    expires_ms: Mapped[int] = mapped_column(sa.BigInteger)


class Tally(Base):
    """How often something happened under `key` since `since_ms`: lockouts and rate limits that hold across processes."""

    __tablename__ = "tally"

    key: Mapped[str] = mapped_column(sa.String(120), primary_key=True)
    since_ms: Mapped[int] = mapped_column(sa.BigInteger)
    count: Mapped[int] = mapped_column(sa.Integer)


class Assignment(Base):
    """A user's duty at a site, from when to when. An inspector's tablets replicate the sites that he is assigned."""

    __tablename__ = "assignment"

    site_id: Mapped[str] = mapped_column(Id, primary_key=True)
    user_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user_account.id"), primary_key=True, index=True)
    since_ms: Mapped[int] = mapped_column(sa.BigInteger)
    ended_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
