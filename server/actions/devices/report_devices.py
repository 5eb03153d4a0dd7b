"""Reports to administrators about devices: one that is no longer waited for, and one whose clock stays wrong."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from server.actions.notices.enqueue import enqueue_for_admins
from server.actions.records.outbox import NewSiteEvent
from server.base.clock import to_iso
from server.models.device import Device, StreamHead
from server.models.user import User
from server.rules.calendar import add_days, local_date_of
from server.rules.rulebook import Rulebook


def report_dormant(session: Session, device_id: str, now_ms: int) -> None:
    """Once a day and device, over all of its sites."""
    device = session.get_one(Device, device_id)
    today = local_date_of(now_ms)
    enqueue_for_admins(session, "device_dormant", f"{device_id}:{today}", now_ms, _named(session, device))


def device_event(kind: str, head: StreamHead) -> NewSiteEvent:
    """That a device is silent at a site, or was heard again; `complete`: through when what it wrote is here."""
    complete = {} if head.complete_ms is None else {"complete": to_iso(head.complete_ms)}
    return NewSiteEvent(kind, {"device": head.device_id, "heard": to_iso(head.heard_ms), **complete})


def note_doubts(
    session: Session, device: Device, doubted_ms: Iterable[int], now_ms: int, book: Rulebook
) -> None:
    """Remember the local dates of entries whose times are marked `clock_doubt`; `clock_doubt_d` of them in a row are
    reported once (SPEC M88). The dates of one push come in any order, those of an earlier push first."""
    for date in sorted({local_date_of(at_ms) for at_ms in doubted_ms}):
        if device.doubted_to is not None and date <= device.doubted_to:
            continue
        if device.doubted_to is None or date != add_days(device.doubted_to, 1):
            device.doubted_from = date
        device.doubted_to = date
        try:
            days = round(book.number("clock_doubt_d", date))
        except LookupError:
            continue
        if add_days(device.doubted_from or date, days - 1) == date:
            about = f"{device.id}:{device.doubted_from}"
            enqueue_for_admins(session, "device_clock", about, now_ms, _named(session, device))


def _named(session: Session, device: Device) -> str:
    return f"{session.get_one(User, device.user_id).name}, {device.name}"
