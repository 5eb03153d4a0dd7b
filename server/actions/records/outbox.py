"""Events for programs of others, written in the transaction of what they report: none is sent that did not happen, and none
that did is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from server.models.event import SiteEvent

FLAG_OPENED, FLAG_MOVED = "flag.opened", "flag.moved"
WINDOW_MISSED, WINDOW_REVISED = "window.missed", "window.revised"
ENTRY_REFUSED, ENTRY_SETTLED = "entry.refused", "entry.settled"
DEVICE_SILENT, DEVICE_HEARD = "device.silent", "device.heard"
EVENT_TYPES = {
    FLAG_OPENED: "新的问题标记",
    FLAG_MOVED: "问题标记有变动",
    WINDOW_MISSED: "时段判为缺失",
    WINDOW_REVISED: "判为缺失的时段后来改判",
    ENTRY_REFUSED: "记录被退回, 待人工处理",
    ENTRY_SETTLED: "退回的记录已处理",
    DEVICE_SILENT: "设备多日没有上报, 不再等待",
    DEVICE_HEARD: "设备重新上报",
}
_TABLE: Any = SiteEvent.__table__


class NewSiteEvent(NamedTuple):
    """One event: its type, of EVENT_TYPES, and what there is to say. It names no person and no health."""

    type: str
    data: dict[str, Any]


def record_events(session: Session, scope_id: str, events: Sequence[NewSiteEvent], now_ms: int) -> None:
    """Add events of a site whose lock the caller holds. Two statements, none for no events."""
    if not events:
        return
    query = sa.select(sa.func.max(_TABLE.c.number)).where(_TABLE.c.scope_id == scope_id)
    with session.no_autoflush:  # who calls may not be done with its rows
        last = session.scalar(query) or 0
        rows = [
            {
                "scope_id": scope_id,
                "number": last + place,
                "id": str(uuid7()),
                "at_ms": now_ms,
                "type": event.type,
                "data": event.data,
            }
            for place, event in enumerate(events, start=1)
        ]
        session.execute(sa.insert(_TABLE), rows)
