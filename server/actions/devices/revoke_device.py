"""Devices as an administrator sees them, and taking one out of service."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.devices.refresh_watermark import refresh_watermarks_of
from server.base.problems import not_found
from server.models.audit import Deed, record_deed
from server.models.device import Device
from server.models.paging import After, Page, cut, read_cursor
from server.models.user import User
from server.rules.calendar import DAY_MS

REVOKED = "device_revoked"


@dataclass(frozen=True, slots=True)
class ShownDevice:
    """A device and the name of the user who carries it."""

    device: Device
    user: str


def page_of_devices(session: Session, cursor: str | None, limit: int) -> Page[ShownDevice]:
    """Every device, oldest first. Raises Problem 422 for a bad cursor."""
    after = read_cursor(cursor)
    query = _devices().order_by(Device.id).limit(limit + 1)
    if after is not None:
        query = query.where(Device.id > after.id)
    page = cut(session.execute(query).all(), limit, lambda row: After(0, row[0].id))
    return Page([ShownDevice(*row) for row in page.items], page.next)


def may_hold_unsent(device: Device, now_ms: int) -> bool:
    """Whether a device in use may hold what is nowhere else: it said so, or was not heard for a day."""
    is_quiet = device.seen_ms is None or device.seen_ms < now_ms - DAY_MS
    return device.state == "active" and (bool(device.unsent) or is_quiet)


def revoke_device(
    session: Session, device_id: str, now_ms: int, by: str | None = None, reason: str = ""
) -> ShownDevice:
    """From now on the device is refused and no watermark waits for it. Revoking twice keeps the first time.

    What it wrote before is not lost: entries captured earlier are still taken, into review (SPEC:
    Leaving).
    Raises Problem 404.
    """
    query = _devices().where(Device.id == device_id).with_for_update(of=Device)
    row = session.execute(query).one_or_none()
    if row is None:
        raise not_found()
    device: Device = row[0]
    if device.state != "revoked":
        device.state, device.revoked_ms = "revoked", now_ms
        refresh_watermarks_of(session, device.user_id, now_ms)
        deed = Deed(REVOKED, by, f"{device.name} · {row[1]}", device.id, reason=reason)
        record_deed(session, deed, now_ms)
    return ShownDevice(device, row[1])


def _devices() -> sa.Select[Device, str]:
    return sa.select(Device, User.name).join(User, User.id == Device.user_id)
