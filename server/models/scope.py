"""A scope: the unit of order, locking, replication, access and sharding."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.db import Base, Id

REF = "00000000-0000-0000-0000-000000000000"


class Scope(Base):
    """One row a scope. Whoever changes anything in the scope locks this row first and takes `seq` from it.

    A database sequence or a timestamp as cursor loses rows under concurrent writers; a locked counter loses none.
    """

    __tablename__ = "scope"

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(8))  # site, user, ref
    seq: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    live: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    digest: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # the unsigned 64-bit sum, stored as signed
    epoch: Mapped[str] = mapped_column(sa.String(32))  # changes when history was restored: older cursors get `reset`
    floor_seq: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # tombstones at or below it are forgotten
    held: Mapped[int] = mapped_column(sa.Integer, default=0)  # how many entries wait here; zero spares a query a push
    watermark_ms: Mapped[int | None] = mapped_column(sa.BigInteger)  # complete through; None: never heard of all

    @property
    def name(self) -> str:
        """The scope's name on the wire."""
        return scope_name(self.kind, self.scope_id)


def scope_name(kind: str, scope_id: str) -> str:
    return "ref" if kind == "ref" else f"{kind}:{scope_id}"


def scope_id_of(name: str) -> str:
    """The key of a scope by its name on the wire (`site:<id>`, `user:<id>`, `ref`)."""
    return REF if name == "ref" else name.partition(":")[2]


def lock_scope(session: Session, scope_id: str) -> Scope | None:
    """The scope's row, locked until the transaction ends; None when there is no such scope."""
    query = sa.select(Scope).where(Scope.scope_id == scope_id).with_for_update()
    return session.execute(query, execution_options={"populate_existing": True}).scalar_one_or_none()


def take_scopes(session: Session, scope_ids: Sequence[str]) -> list[Scope]:
    """Those of the scopes that nobody else holds now, locked, in one order for all takers (a scheduler's share)."""
    query = sa.select(Scope).where(Scope.scope_id.in_(scope_ids)).order_by(Scope.scope_id)
    return list(session.scalars(query.with_for_update(skip_locked=True), execution_options={"populate_existing": True}))
