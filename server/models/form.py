"""Forms of the console that were sent, and what was typed into those that could not be acted upon."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.base.db import Base, Id


class SentForm(Base):
    """A form that came back under its one-time `nonce`. Acted upon: `digest` of what it said, no `fields`. Not acted
    upon, because its session was over: a draft, its `fields` sealed, shown again on `page` to its user alone."""

    __tablename__ = "sent_form"
    __table_args__ = (
        sa.Index("ix_sent_form_page", "user_id", "page"),  # the draft of a page that is opened
        sa.Index("ix_sent_form_made", "made_ms"),  # housekeeping
    )

    nonce: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user_account.id"))
    page: Mapped[str] = mapped_column(sa.String(200))
    action: Mapped[str] = mapped_column(sa.String(200))
    digest: Mapped[str] = mapped_column(sa.String(32))
    fields: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    made_ms: Mapped[int] = mapped_column(sa.BigInteger)
