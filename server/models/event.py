"""What happened at sites, for the programs of others: an outbox, numbered for each site, and where it is sent."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, aliased, mapped_column

from server.base.db import Base, Id, Json

_DUE = sa.text("next_ms IS NOT NULL")


class SiteEvent(Base):
    """One thing that happened, written in the transaction in which it did, under the lock of its site. `number`: 1, 2, 3 …
    of the site, never given again: the newest stays when older ones are forgotten. It names no person."""

    __tablename__ = "site_event"
    __table_args__ = (sa.Index("ix_site_event_at", "at_ms"),)  # the tick: what may be forgotten

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    number: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    id: Mapped[str] = mapped_column(Id)
    at_ms: Mapped[int] = mapped_column(sa.BigInteger)
    type: Mapped[str] = mapped_column(sa.String(24))
    data: Mapped[dict[str, Any]] = mapped_column(Json)


class EventSink(Base):
    """An address of an account to which events are sent, signed with its secret. `positions`: through which number each
    site's were delivered; `next_ms`: when it is tried next (None: closed); `failed_ms`: since when nothing goes through."""

    __tablename__ = "event_sink"
    __table_args__ = (
        sa.Index("ix_event_sink_next", "next_ms", postgresql_where=_DUE, sqlite_where=_DUE),  # deliveries
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    account_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("service_account.id"), index=True)
    address: Mapped[bytes] = mapped_column(sa.LargeBinary)  # sealed: it may hold a password
    secret: Mapped[bytes] = mapped_column(sa.LargeBinary)  # sealed
    host: Mapped[str] = mapped_column(sa.String(255))  # of the address, for people to know it by
    types: Mapped[list[str]] = mapped_column(Json)  # empty: all
    positions: Mapped[dict[str, int]] = mapped_column(Json)
    made_ms: Mapped[int] = mapped_column(sa.BigInteger)
    next_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    tries: Mapped[int] = mapped_column(sa.Integer, default=0)
    sent_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    failed_ms: Mapped[int | None] = mapped_column(sa.BigInteger)


_LATER = aliased(SiteEvent)
HAS_LATER_EVENT = sa.exists().where(_LATER.scope_id == SiteEvent.scope_id, _LATER.number > SiteEvent.number)
