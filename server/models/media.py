"""Photos: which ones entries promise, those that are on their way, and those that have arrived."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from server.base.db import Base, Id, Json

_KEPT = sa.text("state = 'kept'")


class MediaPromise(Base):
    """An entry of the log that was not refused says that this photo belongs to it."""

    __tablename__ = "media_promise"
    __table_args__ = (
        # An upload: who promised it; and a photo that proves two things.
        sa.Index("ix_media_promise_sha256", "sha256", "scope_id"),
    )

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    entry_id: Mapped[str] = mapped_column(Id, primary_key=True)
    sha256: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    bytes: Mapped[int] = mapped_column(sa.BigInteger)


class Media(Base):
    """A photo that has arrived, and was what had been promised. `state`: `kept`, or `forgotten`: deleted by rule,
    while it stays known that it had arrived.

    The bytes are in the store: as they came, and a copy for people to look at (see `keys`). Type and size are
    what the bytes say, not what a client declared; so is `taken_ms`, which is as good as the camera's clock.
    """

    __tablename__ = "media"
    __table_args__ = (
        sa.Index("ix_media_kept", "arrived_ms", postgresql_where=_KEPT, sqlite_where=_KEPT),  # the tick
    )

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    sha256: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    state: Mapped[str] = mapped_column(sa.String(12))
    bytes: Mapped[int] = mapped_column(sa.BigInteger)
    type: Mapped[str] = mapped_column(sa.String(16))
    width: Mapped[int] = mapped_column(sa.Integer)
    height: Mapped[int] = mapped_column(sa.Integer)
    taken_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    device_id: Mapped[str] = mapped_column(Id)
    arrived_ms: Mapped[int] = mapped_column(sa.BigInteger)


class MediaUpload(Base):
    """A photo on its way (tus). `id` is the hash of the capability in its address; `state`: `open`, `done` or `gone`.

    Whoever moves `at_byte` from where they found it has added the bytes between; what others wrote there does not
    count. `parts`: [first byte, name] of each piece in the store.
    """

    __tablename__ = "media_upload"
    __table_args__ = (sa.Index("ix_media_upload_expires", "expires_ms"),)  # the tick

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    device_id: Mapped[str] = mapped_column(Id)
    scope_id: Mapped[str] = mapped_column(Id)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    bytes: Mapped[int] = mapped_column(sa.BigInteger)
    at_byte: Mapped[int] = mapped_column(sa.BigInteger)
    parts: Mapped[list[list[Any]]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(sa.String(8))
    expires_ms: Mapped[int] = mapped_column(sa.BigInteger)


def original_key(scope_id: str, sha256: str) -> str:
    """The key in the store of the bytes as they came."""
    return f"original/{scope_id}/{sha256}"


def shown_key(scope_id: str, sha256: str) -> str:
    """The key in the store of the copy that people see."""
    return f"shown/{scope_id}/{sha256}"


def parts_key(upload_id: str) -> str:
    """The prefix in the store of the pieces of an upload."""
    return f"parts/{upload_id}"


def promised_media(
    session: Session, scope_id: str, entry_ids: Collection[str]
) -> dict[str, list[dict[str, Any]]]:
    """What these entries promise, by entry: [{"sha256", "arrived", "type"}], the type that the bytes have. The evidence
    of an entry is complete when everything has arrived. One statement."""
    arrived = sa.and_(Media.scope_id == MediaPromise.scope_id, Media.sha256 == MediaPromise.sha256)
    query = (
        sa.select(MediaPromise.entry_id, MediaPromise.sha256, Media.arrived_ms, Media.type)
        .outerjoin(Media, arrived)
        .where(MediaPromise.scope_id == scope_id, MediaPromise.entry_id.in_(entry_ids))
        .order_by(MediaPromise.entry_id, MediaPromise.sha256)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for entry_id, sha256, arrived_ms, type in session.execute(query):
        one = {"sha256": sha256, "arrived": arrived_ms is not None, "type": type}
        found.setdefault(entry_id, []).append(one)
    return found


def stranded_photos(session: Session, upload_ids: Collection[str], now_ms: int) -> list[tuple[str, str]]:
    """(scope, SHA-256) of what these uploads may have left in the store though it counts as no photo: the process
    that stored it died before it recorded that, and no other is about to."""
    other = aliased(MediaUpload)
    kept = sa.exists().where(
        Media.scope_id == MediaUpload.scope_id, Media.sha256 == MediaUpload.sha256, Media.state == "kept"
    )
    running = sa.exists().where(
        other.scope_id == MediaUpload.scope_id,
        other.sha256 == MediaUpload.sha256,
        other.state == "open",
        other.expires_ms > now_ms,
    )
    query = sa.select(MediaUpload.scope_id, MediaUpload.sha256).distinct()
    rows = session.execute(query.where(MediaUpload.id.in_(upload_ids), ~kept, ~running))
    return [(row.scope_id, row.sha256) for row in rows]


def lacking_photos(session: Session, site_id: str, wanted: Collection[str]) -> set[str]:
    """Which of these have not arrived."""
    here = sa.select(Media.sha256).where(Media.scope_id == site_id, Media.sha256.in_(wanted))
    return set(wanted) - set(session.scalars(here)) if wanted else set()
