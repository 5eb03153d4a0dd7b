"""Notices to people: an outbox. Each is written in the transaction of what it reports, and is sent in a digest."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.base.db import Base, Id

_WAITING = sa.text("digest_id IS NULL AND channel_id IS NOT NULL")
_UNREAD = sa.text("read_ms IS NULL AND channel_id IS NULL")
_SHOWN = sa.text("channel_id IS NULL")
_PENDING = sa.text("state = 'pending'")


class Channel(Base):
    """A way to reach a user outside the console. `address` (an apprise or https address) is sealed: it holds passwords.
    `quiet_from`, `quiet_to`: minutes of the local day between which only severe notices are sent; equal: none."""

    __tablename__ = "channel"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    user_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user_account.id"), index=True)
    kind: Mapped[str] = mapped_column(sa.String(12))
    address: Mapped[bytes] = mapped_column(sa.LargeBinary)
    quiet_from: Mapped[int] = mapped_column(sa.Integer, default=0)
    quiet_to: Mapped[int] = mapped_column(sa.Integer, default=0)
    made_ms: Mapped[int] = mapped_column(sa.BigInteger)
    failed_ms: Mapped[int | None] = mapped_column(sa.BigInteger)  # since when nothing goes through


class Notice(Base):
    """One event of one flag, or of none (then `scope_id` and `flag_id` are empty), for one user by one channel (none: in the
    console). `key` names just that, so that nobody is notified twice. `what` is the event's action; `detail`: which one of
    several, shown in the console only."""

    __tablename__ = "notice"
    __table_args__ = (
        sa.Index("ix_notice_user", "user_id", "made_ms", "id"),  # the console's list
        # What is unread, for the number on every page; and the newest notice about each flag.
        sa.Index("ix_notice_unread", "user_id", "flag_id", postgresql_where=_UNREAD, sqlite_where=_UNREAD),
        sa.Index("ix_notice_thing", "user_id", "flag_id", "id", postgresql_where=_SHOWN, sqlite_where=_SHOWN),
        sa.Index("ix_notice_due", "due_ms", postgresql_where=_WAITING, sqlite_where=_WAITING),  # the tick
        sa.Index("ix_notice_digest", "digest_id"),  # a digest's text
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(120), unique=True)
    user_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user_account.id"))
    channel_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("channel.id"))
    scope_id: Mapped[str | None] = mapped_column(Id)
    flag_id: Mapped[str | None] = mapped_column(Id)
    what: Mapped[str] = mapped_column(sa.String(32))
    detail: Mapped[str] = mapped_column(sa.String(200), default="")
    severe: Mapped[bool] = mapped_column(sa.Boolean)
    made_ms: Mapped[int] = mapped_column(sa.BigInteger)
    due_ms: Mapped[int] = mapped_column(sa.BigInteger)
    digest_id: Mapped[str | None] = mapped_column(Id)
    read_ms: Mapped[int | None] = mapped_column(sa.BigInteger)


class Digest(Base):
    """Notices that are sent together by one channel. Its id is the stable key by which receivers recognise a repeat.
    `state`: pending → sent | failed."""

    __tablename__ = "digest"
    __table_args__ = (
        sa.Index("ix_digest_next", "next_ms", postgresql_where=_PENDING, sqlite_where=_PENDING),  # the tick
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    channel_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("channel.id"))
    notices: Mapped[int] = mapped_column(sa.Integer)
    state: Mapped[str] = mapped_column(sa.String(8))
    tries: Mapped[int] = mapped_column(sa.Integer, default=0)
    made_ms: Mapped[int] = mapped_column(sa.BigInteger)
    next_ms: Mapped[int] = mapped_column(sa.BigInteger)
    sent_ms: Mapped[int | None] = mapped_column(sa.BigInteger)


def channels_by_state(session: Session) -> list[tuple[str, int, int]]:
    """By kind: how many channels there are, and through how many nothing goes."""
    failing = sa.func.count(Channel.failed_ms)
    query = sa.select(Channel.kind, sa.func.count(), failing).group_by(Channel.kind).order_by(Channel.kind)
    return [(kind, count, failed) for kind, count, failed in session.execute(query)]
