"""What somebody asks about their own data (个人信息保护法 44–50), and what was answered."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.base.db import Base, Id

_OPEN = sa.text("next_ms IS NOT NULL")


class PersonRequest(Base):
    """A request, open until `answered_ms`. `said`, `answer`: sealed, they name people. `due_ms`: when it has to be answered;
    `next_ms`: when somebody is to be reminded next, empty when nobody is."""

    __tablename__ = "person_request"
    __table_args__ = (
        sa.Index("ix_person_request_next", "next_ms", postgresql_where=_OPEN, sqlite_where=_OPEN),  # the tick
        sa.Index(
            "ix_person_request_answered", "answered_ms"
        ),  # what is open; the tick: what may be forgotten
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(8))  # of rules/person_requests.py
    site_id: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("site.id"))
    said: Mapped[bytes] = mapped_column(sa.LargeBinary)
    received_by: Mapped[str] = mapped_column(Id, sa.ForeignKey("user_account.id"))
    received_ms: Mapped[int] = mapped_column(sa.BigInteger)
    due_ms: Mapped[int] = mapped_column(sa.BigInteger)
    next_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    outcome: Mapped[str | None] = mapped_column(sa.String(8))
    answer: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    answered_by: Mapped[str | None] = mapped_column(Id, sa.ForeignKey("user_account.id"))
    answered_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
