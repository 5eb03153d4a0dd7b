"""Reports of weeks and months that were made: kept as they left, for good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.base.db import Base, Json, is_postgresql
from server.rules.reports import Period


class Report(Base):
    """One report of a plan. `facts`: what both files were made of. It counts, and names nobody but the leaders in the
    plan's text."""

    __tablename__ = "report"

    plan: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    period: Mapped[str] = mapped_column(sa.String(8), primary_key=True)
    first_day: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    made_ms: Mapped[int] = mapped_column(sa.BigInteger)
    facts: Mapped[dict[str, Any]] = mapped_column(Json)
    workbook: Mapped[bytes] = mapped_column(sa.LargeBinary)
    pdf: Mapped[bytes] = mapped_column(sa.LargeBinary)


def keep_report(session: Session, report: dict[str, Any]) -> bool:
    """Keep it unless there is one; whether it was kept. Two processes that make the same one keep it once."""
    insert = postgresql.insert if is_postgresql(session) else sqlite.insert
    done = session.execute(insert(Report).values(report).on_conflict_do_nothing().returning(Report.plan))
    return done.first() is not None


def kept(plan: str, period: Period) -> sa.Select[int]:
    """A row, if there is such a report."""
    mine = sa.and_(Report.plan == plan, Report.period == period.kind, Report.first_day == period.first_day)
    return sa.select(sa.literal(1)).select_from(Report).where(mine)


def list_reports(session: Session, plan: str, most: int) -> Sequence[tuple[str, str, int]]:
    """The latest reports of a plan: (period, first day, when it was made), the latest first."""
    columns = (Report.period, Report.first_day, Report.made_ms)
    query = sa.select(*columns).where(Report.plan == plan)
    rows = session.execute(query.order_by(Report.first_day.desc(), Report.period).limit(most))
    return [(period, first_day, made_ms) for period, first_day, made_ms in rows]
