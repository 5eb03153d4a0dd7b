"""Reference data: every number and list that the rules work with, with its source and its dates."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base, Json


class Reference(Base):
    """One row of reference data: a district, a unit, a trade, a duty, a rule, an escalation policy, a holiday.

    `noun` names the file in seed_data/ that it comes from, `code` the row, `valid_from` the local date from which it
    holds (empty: always). Rows are never edited in place once in force: a new row with a later date follows.
    """

    __tablename__ = "reference"

    noun: Mapped[str] = mapped_column(sa.String(24), primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    valid_from: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    valid_to: Mapped[str | None] = mapped_column(sa.String(10))
    data: Mapped[dict[str, Any]] = mapped_column(Json)
    source: Mapped[str] = mapped_column(sa.String(200))
