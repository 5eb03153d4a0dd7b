"""Begin a pull: who asks, which scopes come down, and what the pull says of the device's sites."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.actions.devices.authenticate_device import Sender, new_exchange, refused
from server.actions.sync.join_scopes import Heard, join_scopes
from server.actions.sync.open_exchange import record_exchange
from server.base.statements import Prepared, Together, Writes
from server.models.device import Device, StreamHead, user_of
from server.models.scope import REF, Scope, scope_name
from server.models.user import Assignment, User


class Served(NamedTuple):
    """A scope as it comes down, at one moment."""

    scope_id: str
    kind: str
    seq: int
    live: int
    digest: int
    epoch: str
    floor_seq: int

    @property
    def name(self) -> str:
        """The scope's name on the wire."""
        return scope_name(self.kind, self.scope_id)


@dataclass(frozen=True, slots=True)
class OpenPull:
    """Whose pull it is, the beacon that its answer hands out, and its scopes by name."""

    user_id: str
    beacon: str
    scopes: Mapping[str, Served]


def open_pull(session: Session, sender: Sender, named: Mapping[str, str], now_ms: int) -> OpenPull:
    """Look up what the pull needs, note which of its user's sites the device has (`named`: a cursor by scope), and record
    the exchange: two statements when there is nothing new. Raises Problem 401 `device_revoked`: a device that was revoked,
    or whose user is disabled, may still push what it wrote before, and gets nothing; and `nonce_replayed`."""
    row = _LOOK_UP.first(session, device=sender.device_id)
    assert row is not None, "a SELECT without FROM gives a row"
    found = _LOOKED_UP.read(row[0])
    if not found["sender"]:
        raise refused("unauthenticated")
    user_id, revoked_ms, disabled_ms = found["sender"][0]
    if revoked_ms is not None or disabled_ms is not None:
        raise refused("device_revoked")
    heard = sorted(Heard._make(row) for row in found["heard"])
    join_scopes(session, sender.device_id, heard, named, now_ms)
    exchange, writes = new_exchange(sender, "pull", now_ms), Writes()
    record_exchange(writes, exchange)
    try:
        writes.send(session)
    except IntegrityError as error:
        raise refused("nonce_replayed") from error
    return OpenPull(user_id, exchange.beacon, _by_name(found["scopes"]))


def scopes_of(session: Session, user_id: str) -> dict[str, Served]:
    """The scopes that come down to a user's devices, by name. One statement."""
    return _by_name(_SCOPES.all(session, user=user_id))


def _by_name(rows: Any) -> dict[str, Served]:
    scopes = map(Served._make, rows)
    return {scope.name: scope for scope in scopes}


def _scopes(user_id: sa.ColumnElement[str]) -> sa.Select[Any]:
    """Members of Served: the sites that the user is assigned, the reference data, and the user's own scope."""
    mine = sa.select(Assignment.site_id).where(Assignment.user_id == user_id, Assignment.ended_ms.is_(None))
    wanted = sa.or_(Scope.scope_id.in_(mine), Scope.scope_id == REF, Scope.scope_id == user_id)
    query: sa.Select[Any] = sa.select(*(getattr(Scope, name) for name in Served._fields))
    return query.where(wanted)


_USER_ID: Any = Device.__table__.c.user_id
_device = sa.bindparam("device", type_=Device.__table__.c.id.type)
_user_id = user_of(_device)
_LOOKED_UP = Together(
    sender=sa.select(Device.user_id, Device.revoked_ms, User.disabled_ms)
    .join(User, User.id == Device.user_id)
    .where(Device.id == _device),
    heard=sa.select(Assignment.site_id, Assignment.ended_ms, StreamHead.left_why, StreamHead.gone_ms)
    .outerjoin(
        StreamHead, sa.and_(StreamHead.scope_id == Assignment.site_id, StreamHead.device_id == _device)
    )
    .add_columns(StreamHead.since_ms)
    .where(Assignment.user_id == _user_id),
    scopes=_scopes(_user_id),
)
_SCOPES = Prepared(lambda _: _scopes(sa.bindparam("user", type_=_USER_ID.type)))
_LOOK_UP = Prepared(lambda session: sa.select(_LOOKED_UP.column(session)))
