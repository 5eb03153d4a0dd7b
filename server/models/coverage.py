"""Coverage as it is kept: for the windows of a site's day, how many people are what, and what each worker's facts come to.
All of it follows from the records, and can be deleted and made again."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.base.db import Base, Id, Json


class CoverageDay(Base):
    """The coverage windows of one local date at one site. Facts between `from_ms` and `to_ms` say something about them."""

    __tablename__ = "coverage_day"
    __table_args__ = (sa.Index("ix_coverage_day_to", "to_ms"),)  # the tick: days that may be forgotten

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    local_date: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    from_ms: Mapped[int] = mapped_column(sa.BigInteger)
    to_ms: Mapped[int] = mapped_column(sa.BigInteger)
    windows: Mapped[list[Any]] = mapped_column(Json)  # [[id, the times and slots of a Span …] …]
    tallies: Mapped[list[Any]] = mapped_column(Json)  # for each window [[what people are, how many] …]


class CoverageWorker(Base):
    """What one worker's passes and readings of the day come to (rules/duties/attendance.py). No value that was measured
    is in it."""

    __tablename__ = "coverage_worker"

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    local_date: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    worker: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    attendance: Mapped[bytes] = mapped_column(sa.LargeBinary)


def forget_days(session: Session, scope_id: str, local_dates: Collection[str]) -> int:
    """Delete what is kept of these days; it is made again from the records when it is needed. The days first: so does
    whoever locks one to delete it (retention), and neither waits for the other. Gives how many rows."""
    gone = 0
    for model in (CoverageDay, CoverageWorker):
        own = (model.scope_id == scope_id, model.local_date.in_(local_dates))
        deleted: Any = session.execute(
            sa.delete(model).where(*own), execution_options={"synchronize_session": False}
        )
        gone += deleted.rowcount
    return gone


def forget_days_between(session: Session, scope_id: str, from_ms: int, to_ms: int) -> None:
    """Delete what is kept of the days that facts between two instants are part of."""
    own = (CoverageDay.scope_id == scope_id, CoverageDay.from_ms <= to_ms, CoverageDay.to_ms >= from_ms)
    local_dates = list(session.scalars(sa.select(CoverageDay.local_date).where(*own)))
    if local_dates:
        forget_days(session, scope_id, local_dates)


def forget_days_of(session: Session, scope_id: str, workers: Collection[str]) -> None:
    """Delete what is kept of the days on which facts of these workers are counted."""
    own = (CoverageWorker.scope_id == scope_id, CoverageWorker.worker.in_(workers))
    local_dates = list(session.scalars(sa.select(CoverageWorker.local_date).where(*own).distinct()))
    if local_dates:
        forget_days(session, scope_id, local_dates)
