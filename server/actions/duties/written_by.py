"""Who wrote a record: a duty may count only what people of one role have written."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.base.db import bulk_select
from server.models.device import Device
from server.models.entry import LogEntry
from server.models.user import User

_LOG: Any = LogEntry.__table__


def written_by(session: Session, scope_id: str, ids: Sequence[str], role: str) -> Collection[str]:
    """Which of these facts of a scope somebody of that role has written, by a device or at the console."""
    found = bulk_select(session, _LOG, ("scope_id", "id"), ("device_id",), [(scope_id, key) for key in ids])
    devices = {ids[index]: device_id for index, device_id in found}
    query = sa.select(Device.id).join(User, User.id == Device.user_id)
    theirs = set(session.scalars(query.where(Device.id.in_(set(devices.values())), User.role == role)))
    return {key for key, device_id in devices.items() if device_id in theirs}
