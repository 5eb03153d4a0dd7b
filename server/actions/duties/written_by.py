"""Who wrote a record: a duty may count only what people of one role have written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.base.db import bulk_select
from server.models.device import Device
from server.models.entry import LogEntry
from server.models.user import User

_LOG: Any = LogEntry.__table__


def roles_of(session: Session, scope_id: str, ids: Sequence[str]) -> dict[str, str]:
    """The role of whoever wrote each of these facts of a scope, by a device or at the console."""
    found = bulk_select(session, _LOG, ("scope_id", "id"), ("device_id",), [(scope_id, key) for key in ids])
    if not found:
        return {}
    devices = {ids[index]: device_id for index, device_id in found}
    query = sa.select(Device.id, User.role).join(User, User.id == Device.user_id)
    roles = dict(session.execute(query.where(Device.id.in_(set(devices.values())))).all())
    return {key: roles[device_id] for key, device_id in devices.items() if device_id in roles}
