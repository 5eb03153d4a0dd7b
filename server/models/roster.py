"""Rosters that contractors upload: the file as it came, what was read, and the outcome."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from schemas.limits import COLUMN_TITLE_MAX, REASON_MAX
from server.base.db import Base, Id, Json

_WAITING = sa.text("state IN ('received', 'committing')")


class Roster(Base):
    """One uploaded file. `state`: `received` → `mapping` (a person confirms what columns mean) or `preview` →
    `committing` (its entries are written part by part: `counts` has `written` of `to_write`) → `committed`; or `failed`
    (`problem` says why).

    `file` and `result` (what was read and found, see actions/rosters/preview.py) are sealed: they name people.
    """

    __tablename__ = "roster"
    __table_args__ = (
        sa.Index("ix_roster_site", "site_id", "company", "made_ms"),  # a contractor's history
        # The tick: files and commits that are unfinished because a process died.
        sa.Index("ix_roster_waiting", "made_ms", postgresql_where=_WAITING, sqlite_where=_WAITING),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    site_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("site.id"))
    company: Mapped[str] = mapped_column(sa.String(18))
    user_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("user_account.id"))
    name: Mapped[str] = mapped_column(sa.String(120))  # the file's own
    state: Mapped[str] = mapped_column(sa.String(12))
    made_ms: Mapped[int] = mapped_column(sa.BigInteger)
    judged_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    committed_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    committed_by: Mapped[str | None] = mapped_column(Id)
    file: Mapped[bytes | None] = mapped_column(sa.LargeBinary, deferred=True)  # None: forgotten by rule
    result: Mapped[bytes | None] = mapped_column(sa.LargeBinary, deferred=True)
    counts: Mapped[dict[str, int]] = mapped_column(Json)
    # Columns to confirm, codes about the whole file.
    details: Mapped[dict[str, Any]] = mapped_column("told", Json)
    problem: Mapped[dict[str, Any] | None] = mapped_column(Json)


class RosterTitle(Base):
    """What a column's title means in one company's files, as a person confirmed it."""

    __tablename__ = "roster_title"

    company: Mapped[str] = mapped_column(sa.String(18), primary_key=True)
    title: Mapped[str] = mapped_column(
        sa.String(COLUMN_TITLE_MAX), primary_key=True
    )  # plain, see rules/roster/words.py
    field: Mapped[str] = mapped_column(sa.String(24))  # "": not read


class Disclosure(Base):
    """Somebody was shown full numbers: who, when, of which site, how many people, and why (PIPL 51)."""

    __tablename__ = "disclosure"
    __table_args__ = (sa.Index("ix_disclosure_site", "site_id", "at_ms"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    site_id: Mapped[str] = mapped_column(Id)
    user_id: Mapped[str] = mapped_column(Id)
    at_ms: Mapped[int] = mapped_column(sa.BigInteger)
    people: Mapped[int] = mapped_column(sa.Integer)
    reason: Mapped[str] = mapped_column(sa.String(REASON_MAX))
