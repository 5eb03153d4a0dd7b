"""The lines of the log that came to a scope together, kept in one segment."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.base.db import Base, Id


class LogSegment(Base):
    """Lines that one transaction added to a scope's log, byte for byte, compressed and sealed.
    `entry.raw` says which segment a line is in and at which place (server/actions/sync/log_lines.py). Of an
    erased line the place is empty."""

    __tablename__ = "log_segment"

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    lines: Mapped[bytes] = mapped_column(sa.LargeBinary)
