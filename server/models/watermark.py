"""Who reports in a scope: the devices that count there, or did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.models.device import OWN_CLASS, Device, StreamHead
from server.models.user import User
from server.rules.duties.reporting import Counted


def counted_devices(session: Session, scope_ids: Sequence[str]) -> dict[str, list[Counted]]:
    """The devices of each scope that count there, or did, by their ids. The server's own devices never do. One
    statement."""
    found: dict[str, list[Counted]] = {scope_id: [] for scope_id in scope_ids}
    for scope_id, *values in session.execute(_OF_SCOPES, {"scope_ids": scope_ids}):
        found[scope_id].append(Counted._make(values))
    return found


def counted_query() -> sa.Select[Any]:
    """Scope and members of Counted, of the devices that count in any scope, or did."""
    columns = (StreamHead.complete_ms, StreamHead.since_ms, StreamHead.left_ms, StreamHead.left_why)
    query: Any = (
        sa.select(StreamHead.scope_id, Device.id, Device.device_class, *columns, _stopped_ms())
        .join(Device, Device.id == StreamHead.device_id)
        .join(User, User.id == Device.user_id)
        .where(Device.device_class != OWN_CLASS)
    )
    return query  # type: ignore[no-any-return]


def _stopped_ms() -> sa.ColumnElement[int | None]:
    both = sa.and_(Device.revoked_ms.is_not(None), User.disabled_ms.is_not(None))
    earlier = sa.case((Device.revoked_ms < User.disabled_ms, Device.revoked_ms), else_=User.disabled_ms)
    return sa.case((both, earlier), else_=sa.func.coalesce(Device.revoked_ms, User.disabled_ms))


_OF_SCOPES: sa.Select[Any] = (
    counted_query()
    .where(StreamHead.scope_id.in_(sa.bindparam("scope_ids", expanding=True)))
    .order_by(StreamHead.scope_id, Device.id)
)
