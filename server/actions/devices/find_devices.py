"""Devices as an administrator looks for them: whose, how they report, and what their clocks say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.devices.revoke_device import REVOKED
from server.base.problems import not_found
from server.models.audit import AuditEvent
from server.models.device import OWN_CLASS, Device, Exchange, StreamHead
from server.models.paging import Slice
from server.models.site import Site
from server.models.user import User
from server.rules.plain_text import cleaned

TEXT_MAX = 100
STATES = ("active", "revoked")


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """`ahead_ms`: how far its clock was ahead of ours at its last push that is still known; None: no push is. `why`: the
    reason for which it was revoked."""

    device: Device
    user: User
    ahead_ms: int | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class DeviceAtSite:
    """What a device still owes of one site."""

    site: Site
    heard_ms: int
    complete_ms: int | None
    unsent: int | None
    left_ms: int | None


def devices_found(session: Session, asked: Mapping[str, str], part: Slice) -> tuple[list[FoundDevice], int]:
    """Those of a `state` or `class`, or with a `text` in the device's or the user's name; the one that was not heard of
    for the longest first; and how many there are."""
    query = _devices()
    if asked.get("state") in STATES:
        query = query.where(Device.state == asked["state"])
    if asked.get("class", "").isalnum():
        query = query.where(Device.device_class == asked["class"])
    text = cleaned(asked.get("text", ""))[:TEXT_MAX]
    if text:
        columns = (Device.name, User.name, User.display_name)
        query = query.where(sa.or_(*(column.contains(text, autoescape=True) for column in columns)))
    total = session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(Device.state, sa.func.coalesce(Device.seen_ms, 0), Device.id)
    return _with_clocks(session, ordered.offset(part.start).limit(part.limit)), total


def one_device(session: Session, device_id: str) -> tuple[FoundDevice, list[DeviceAtSite]]:
    """A device, and its sites. Raises Problem 404."""
    found = _with_clocks(session, _devices().where(Device.id == device_id))
    if not found:
        raise not_found()
    columns = (StreamHead.heard_ms, StreamHead.complete_ms, StreamHead.unsent, StreamHead.left_ms)
    sites = (
        sa.select(Site, *columns)
        .join(StreamHead, StreamHead.scope_id == Site.id)
        .where(StreamHead.device_id == device_id)
        .order_by(Site.name, Site.id)
    )
    return found[0], [DeviceAtSite(*at) for at in session.execute(sites)]


def _devices() -> sa.Select[Device, User]:
    query = sa.select(Device, User).join(User, User.id == Device.user_id)
    return query.where(Device.device_class != OWN_CLASS)


def _with_clocks(session: Session, query: sa.Select[Device, User]) -> list[FoundDevice]:
    """What the query finds, each with what its last known push says of its clock, and why it was revoked."""
    known = (Exchange.device_id == Device.id, Exchange.wall_ms.is_not(None), Exchange.t_ms.is_not(None))
    ahead = sa.select(Exchange.wall_ms - Exchange.t_ms).where(*known).order_by(Exchange.at_ms.desc())
    newest = ahead.limit(1).correlate(Device).scalar_subquery()
    rows = session.execute(query.add_columns(newest)).all()
    reasons = sa.select(AuditEvent.subject_id, AuditEvent.reason).where(
        AuditEvent.subject_id.in_([row[0].id for row in rows]), AuditEvent.what == REVOKED
    )
    why = {row.subject_id: row.reason for row in session.execute(reasons)}
    return [FoundDevice(row[0], row[1], row[2], why.get(row[0].id, "")) for row in rows]
