"""A scope: the unit of order, locking, replication, access and sharding."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.base.db import Base, Id

REF = "00000000-0000-0000-0000-000000000000"


class Scope(Base):
    """One row a scope. Whoever changes anything in the scope locks this row first and takes `seq` from it.

    A database sequence or a timestamp as cursor loses rows under concurrent writers; a locked one loses none.
    """

    __tablename__ = "scope"

    scope_id: Mapped[str] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(8))  # site, user, ref
    seq: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    live: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    digest: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # the 64-bit sum, stored as signed
    epoch: Mapped[str] = mapped_column(sa.String(32))  # renewed after a restore: older cursors get `reset`
    floor_seq: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # tombstones up to it are forgotten
    held: Mapped[int] = mapped_column(sa.Integer, default=0)  # entries that wait; 0 spares a query
    watermark_ms: Mapped[int | None] = mapped_column(sa.BigInteger)  # None: not heard of all
    # How many events its flags have and the sum of their keyed hashes, sealed: none is taken away unseen.
    flag_tally: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    line_tally: Mapped[bytes | None] = mapped_column(sa.LargeBinary)  # the same of the lines of its log
    # Whether somebody's data was erased here; False spares a query.
    erased: Mapped[bool] = mapped_column(sa.Boolean, default=False, server_default=sa.false())

    @property
    def name(self) -> str:
        """The scope's name on the wire."""
        return scope_name(self.kind, self.scope_id)


def scope_name(kind: str, scope_id: str) -> str:
    return "ref" if kind == "ref" else f"{kind}:{scope_id}"


def scope_id_of(name: str) -> str:
    """The key of a scope by its name on the wire (`site:<id>`, `user:<id>`, `ref`)."""
    return REF if name == "ref" else name.partition(":")[2]


def make_scope(session: Session, kind: str, scope_id: str) -> Scope:
    """The scope's row, made with a fresh epoch if it is not there yet. `kind`: site, user or ref."""
    found = session.get(Scope, scope_id)
    if found is not None:
        return found
    made = fresh_scope(kind, scope_id)
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:  # another process made it meanwhile
        return session.get_one(Scope, scope_id)
    return made


def fresh_scope(kind: str, scope_id: str) -> Scope:
    """The row of a scope in which nothing was written yet."""
    return Scope(
        scope_id=scope_id, kind=kind, seq=0, live=0, digest=0, epoch=fresh_epoch(), floor_seq=0, held=0
    )


def fresh_epoch() -> str:
    """A name for one unbroken history of a scope; cursors of another epoch get `reset`."""
    return secrets.token_hex(8)


def renew_epochs(session: Session) -> int:
    """Give every scope a fresh epoch, after a backup was restored: devices may hold changes that it lacks.
    How many."""
    scopes = list(session.scalars(sa.select(Scope).order_by(Scope.scope_id).with_for_update()))
    for scope in scopes:
        scope.epoch = fresh_epoch()
    return len(scopes)


_LOCKED = sa.select(Scope).where(Scope.scope_id == sa.bindparam("scope_id")).with_for_update()
_TAKEN = (
    sa.select(Scope)
    .where(Scope.scope_id.in_(sa.bindparam("scope_ids", expanding=True)))
    .order_by(Scope.scope_id)
    .with_for_update(skip_locked=True)
)


def lock_scope(session: Session, scope_id: str) -> Scope | None:
    """The scope's row, locked until the transaction ends; None when there is no such scope."""
    found = session.execute(_LOCKED, {"scope_id": scope_id}, execution_options={"populate_existing": True})
    return found.scalar_one_or_none()


def take_scopes(session: Session, scope_ids: Sequence[str]) -> list[Scope]:
    """Those of the scopes that nobody else holds now, locked, in one order for all takers (a scheduler's
    share)."""
    if not scope_ids:
        return []
    return list(
        session.scalars(_TAKEN, {"scope_ids": scope_ids}, execution_options={"populate_existing": True})
    )
