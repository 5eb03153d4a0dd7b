"""Reference data: every number and list that the rules work with, with its source and its dates."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.base.db import Base, Json


class Reference(Base):
    """One row of reference data: a district, a unit, a trade, a duty, a rule, an escalation policy, a
    holiday.

    `noun` names the file in seed_data/ that it comes from, `code` the row, `valid_from` the local date
    from which it holds (empty: always). Rows are never edited in place once in force: a new row with a
    later date follows.
    """

    __tablename__ = "reference"

    noun: Mapped[str] = mapped_column(sa.String(24), primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    valid_from: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    valid_to: Mapped[str | None] = mapped_column(sa.String(10))
    data: Mapped[dict[str, Any]] = mapped_column(Json)
    source: Mapped[str] = mapped_column(sa.String(200))


STAMP = "stamp"  # the noun of the one row that changes whenever any other does


# The one row of the stamp, as {"value"}. Made once, because every transaction asks it.
STAMP_QUERY: sa.Select[Any] = sa.select(Reference.data).where(Reference.noun == STAMP)


def reference_stamp(session: Session) -> str:
    """What names the reference data as it is now: a cache that holds another stamp is stale."""
    found = session.scalar(STAMP_QUERY)
    return str(found["value"]) if found else ""


def reference_rows(session: Session) -> dict[str, list[dict[str, Any]]]:
    """Every row by noun, in the shape that it has in seed_data/."""
    rows: dict[str, list[dict[str, Any]]] = {}
    key = (Reference.noun, Reference.code, Reference.valid_from)
    query = sa.select(*key, Reference.valid_to, Reference.source, Reference.data)
    for noun, code, valid_from, valid_to, source, data in session.execute(
        query.where(Reference.noun != STAMP).order_by(*key)
    ):
        whole = {**data, "code": code, "source": source, "from": valid_from, "to": valid_to}
        rows.setdefault(noun, []).append(whole)
    return rows


_last: tuple[str, dict[str, list[dict[str, Any]]]] = ("", {})  # the rows of which a stamp was made last


def keep_rows(stamp: str, rows: dict[str, list[dict[str, Any]]]) -> None:
    """These are the rows of which this stamp is the digest."""
    global _last
    _last = (stamp, rows)


def marked_rows(session: Session) -> dict[str, list[dict[str, Any]]]:
    """As `reference_rows`, where every change so far was marked: rows are not read again whose stamp is known. All callers
    share them, and nobody changes them."""
    stamp, rows = _last
    return rows if stamp and stamp == reference_stamp(session) else reference_rows(session)


def unit_reviews(session: Session, unit: str | None) -> bool:
    """Whether a unit judges sites, by its latest row; one without a row does not."""
    query = sa.select(Reference.data).where(Reference.noun == "units", Reference.code == unit)
    found = session.scalar(query.order_by(Reference.valid_from.desc()).limit(1))
    return bool(found and found["reviews"])
