"""What a site has in store: what came in, what was issued, and what was counted last."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.records.segments import read_bodies
from server.base.seal import Seals
from server.models.record import IN_FORCE, Record


@dataclass(slots=True)
class Stock:
    """One item (names of schemas/supply_movement.py), in litres or pieces. `counted`: the last count, None before one."""

    item: str
    received: float = 0.0
    issued: float = 0.0
    counted: float | None = None
    counted_ms: int | None = None

    @property
    def balance(self) -> float:
        """What there should be by the book."""
        return self.received - self.issued


def stocks_of(session: Session, seals: Seals, site_id: str) -> list[Stock]:
    """Every item that ever moved, by name."""
    columns = (Record.id, Record.seq, Record.subject, Record.slot, Record.body, Record.event_ms)
    query = sa.select(*columns).where(
        Record.scope_id == site_id,
        Record.kind == "supply_movement",
        IN_FORCE,
    )
    stocks: dict[str, Stock] = {}
    rows = session.execute(query.order_by(Record.event_ms, Record.id)).all()
    for row, said in zip(rows, read_bodies(session, seals, site_id, rows), strict=True):
        stock = stocks.setdefault(row.subject or "", Stock(row.subject or ""))
        amount = float(msgspec.json.decode(said)["amount"])
        if row.slot == "received":
            stock.received += amount
        elif row.slot == "issued":
            stock.issued += amount
        else:
            stock.counted, stock.counted_ms = amount, row.event_ms
    return [stocks[item] for item in sorted(stocks)]
