"""Segments: the facts that came to a scope together, as they are served, kept in one piece."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.base.db import Base, Id


class Segment(Base):
    """The facts that one transaction added to a scope, compressed and sealed. `lines` has a line for each number of the
    scope's counter from `first_seq` on, as a pull serves it (empty: what has this number is kept elsewhere, or was erased).

    `record` is the index into it: a record that is neither deleted nor has a body of its own is here, at its `seq`.
    """

    __tablename__ = "segment"

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    first_seq: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    lines: Mapped[bytes] = mapped_column(sa.LargeBinary)
