"""What people of the bureau arrange for themselves: filters that they look through again and again, and visits."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.base.db import Base, Id, Json

FILTER_NAME_MAX = 40
_PLANNED = sa.text("cancelled_ms IS NULL")


class SavedFilter(Base):
    """A user's own name for what a list is narrowed to. `page`: which list; `asked`: the filters by their names."""

    __tablename__ = "saved_filter"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    user_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user_account.id"), index=True)
    page: Mapped[str] = mapped_column(sa.String(16))
    name: Mapped[str] = mapped_column(sa.String(FILTER_NAME_MAX))
    asked: Mapped[dict[str, str]] = mapped_column(Json)
    made_ms: Mapped[int] = mapped_column(sa.BigInteger)


class Visit(Base):
    """That somebody means to go to a site on a local date. What is found there is a record, not this."""

    __tablename__ = "visit"
    __table_args__ = (
        sa.Index(  # the calendar, and the plan of a day
            "ix_visit_user", "user_id", "local_date", postgresql_where=_PLANNED, sqlite_where=_PLANNED
        ),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    site_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("site.id"))
    user_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user_account.id"))
    local_date: Mapped[str] = mapped_column(sa.String(10))
    made_ms: Mapped[int] = mapped_column(sa.BigInteger)
    cancelled_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
