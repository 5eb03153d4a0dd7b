"""Forms that were published."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from schemas.forms.definition import Form, read
from server.base.db import Base, Id


class PublishedForm(Base):
    """One version of a form, for good. `body`: its canonical JSON, which the line `entry_id` of scope `ref` has too.
    `author_id`, `approver_id`: users; empty for what was published by a command on the server."""

    __tablename__ = "published_form"

    code: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    version: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    body: Mapped[bytes] = mapped_column(sa.LargeBinary)
    # The workbook as its author wrote it, its columns in their order.
    tables: Mapped[dict[str, list[dict[str, Any]]]] = mapped_column(sa.JSON())
    entry_id: Mapped[str] = mapped_column(Id)
    author_id: Mapped[str | None] = mapped_column(Id)
    approver_id: Mapped[str | None] = mapped_column(Id)
    at_ms: Mapped[int] = mapped_column(sa.BigInteger)


def form_bodies(session: Session) -> list[bytes]:
    """The canonical JSON of every version of every published form, by code and number."""
    query = sa.select(PublishedForm.body).order_by(PublishedForm.code, PublishedForm.version)
    return list(session.scalars(query))


def published_forms(session: Session) -> tuple[Form, ...]:
    """Every version of every published form, by code and number. Raises ValueError for one that was changed."""
    return tuple(map(read, form_bodies(session)))
