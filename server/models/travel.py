"""Trips into areas at risk: the sites whose trips are to be looked through, and what was found. No place, no person: those
are in sealed records."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.base.db import Base, Id, is_postgresql
from server.models.scope import Scope


class Screening(Base):
    """A site with trips that nobody has held against the list of areas yet: those noted from `since_ms` on."""

    __tablename__ = "screening"

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    since_ms: Mapped[int] = mapped_column(sa.BigInteger)


class TravelHit(Base):
    """A trip that touched a listed area; `key` is drawn from both, so that neither is found twice. `case_id`: the case
    that was opened for it, or was open already."""

    __tablename__ = "travel_hit"

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(Id, primary_key=True)
    case_id: Mapped[str] = mapped_column(Id)
    found_ms: Mapped[int] = mapped_column(sa.BigInteger)


def ask_screening(session: Session, scope_id: str | None, since_ms: int) -> None:
    """Let the next ticks look through trips noted since then, of a site, or of all (None). A site that waits already is
    looked through from the earlier time on. One statement."""
    insert = postgresql.insert if is_postgresql(session) else sqlite.insert
    sites = sa.select(Scope.scope_id, sa.literal(since_ms, sa.BigInteger)).where(Scope.kind == "site")
    if scope_id is not None:
        sites = sites.where(Scope.scope_id == scope_id)
    asked = insert(Screening).from_select(["scope_id", "since_ms"], sites)
    is_earlier = asked.excluded.since_ms < Screening.since_ms
    since = sa.case((is_earlier, asked.excluded.since_ms), else_=Screening.since_ms)
    session.execute(
        asked.on_conflict_do_update(index_elements=[Screening.scope_id], set_={"since_ms": since})
    )
