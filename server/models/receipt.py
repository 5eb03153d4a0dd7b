"""What stays of receipts when exchanges are forgotten: the newest that names each stream."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from server.base.db import Base, Id, Json


class StreamReceipt(Base):
    """The receipt that names the highest entry of a device's stream in a scope, of those whose exchange is forgotten. The
    chain from that entry back to the first proves every line before it."""

    __tablename__ = "stream_receipt"

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    device_id: Mapped[str] = mapped_column(Id, primary_key=True)
    n: Mapped[int] = mapped_column(sa.BigInteger)
    receipt: Mapped[dict[str, Any]] = mapped_column(Json)  # as Exchange.receipt
