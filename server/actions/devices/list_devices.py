"""The devices of a site: whose each is, when it was last heard from, and whether its chain of entries is whole."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.models.device import Device, StreamHead
from server.models.user import User
from sync_protocol import stream as streams


@dataclass(frozen=True, slots=True)
class SiteDevice:
    """One device at one site. `lacking`: entries missing below the highest that came (at most
    `streams.MISSING_NAMED`); `forked`: two entries claimed one number, or a hash did not fit; `mark`: what was wrong
    with its last attestation."""

    id: str
    name: str
    person: str
    state: str
    heard_ms: int
    complete_ms: int | None
    unsent: int | None
    entries: int
    lacking: int
    forked: bool
    mark: str | None


def devices_of(session: Session, scope_id: str) -> list[SiteDevice]:
    """Those that ever wrote to the site, the one heard from last first."""
    query = (
        sa.select(StreamHead, Device, User.display_name)
        .join(Device, Device.id == StreamHead.device_id)
        .join(User, User.id == Device.user_id)
        .where(StreamHead.scope_id == scope_id)
        .order_by(StreamHead.heard_ms.desc(), StreamHead.device_id)
    )
    return [_shown(head, device, person) for head, device, person in session.execute(query)]


def _shown(head: StreamHead, device: Device, person: str) -> SiteDevice:
    stream = streams.from_json(head.head)
    return SiteDevice(
        id=device.id,
        name=device.name,
        person=person,
        state=device.state,
        heard_ms=head.heard_ms,
        complete_ms=head.complete_ms,
        unsent=head.unsent,
        entries=streams.highest(stream)[0],
        lacking=len(streams.missing(stream)),
        forked=head.forked or stream.forked,
        mark=head.mark,
    )
