"""What people of the bureau arrange: filters that they look through again and again, visits, and who stands in for whom."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from schemas.limits import REASON_MAX
from server.base.db import Base, Id, Json
from server.models.user import User

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


class StandIn(Base):
    """From one local date to another, both included, a colleague stands in for somebody (代理): sees the districts, gets the
    notices and finds the work of whoever is away. `ended_ms`: when it was called off."""

    __tablename__ = "stand_in"
    __table_args__ = (sa.Index("ix_stand_in_last", "last_day"),)  # who stands in today

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    user_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user_account.id"))
    deputy_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user_account.id"))
    first_day: Mapped[str] = mapped_column(sa.String(10))
    last_day: Mapped[str] = mapped_column(sa.String(10))
    reason: Mapped[str] = mapped_column(sa.String(REASON_MAX))
    made_by: Mapped[str] = mapped_column(Id)
    made_ms: Mapped[int] = mapped_column(sa.BigInteger)
    ended_ms: Mapped[int | None] = mapped_column(sa.BigInteger)


def stands_on(local_date: str) -> sa.ColumnElement[bool]:
    """The condition on `StandIn`: in force on that date."""
    return sa.and_(
        StandIn.last_day >= local_date, StandIn.first_day <= local_date, StandIn.ended_ms.is_(None)
    )


def deputies_on(local_date: str) -> sa.Select[str, User]:
    """Who is away on that date, by id, and the active user who stands in."""
    deputy = sa.and_(User.id == StandIn.deputy_id, User.active)
    return sa.select(StandIn.user_id, User).join(User, deputy).where(stands_on(local_date))


def absent_on(deputy_id: str, local_date: str) -> sa.Select[User]:
    """For whom a user stands in on that date."""
    away = sa.and_(StandIn.deputy_id == deputy_id, stands_on(local_date))
    return (
        sa.select(User)
        .join(StandIn, StandIn.user_id == User.id)
        .where(away)
        .order_by(User.display_name, User.id)
    )
