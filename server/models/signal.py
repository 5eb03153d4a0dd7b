"""Signals: leads about a site's records, a day at a time."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.base.db import Base, Id, Json


class SiteSignal(Base):
    """One signal (rules/signals.py). Those of the last days, and of older days of which records arrived, are found again
    each day."""

    __tablename__ = "site_signal"

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    local_date: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    n: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    code: Mapped[str] = mapped_column(sa.String(24))
    figures: Mapped[dict[str, Any]] = mapped_column(Json)
    found_ms: Mapped[int] = mapped_column(sa.BigInteger)
