"""A site's watermark: through when the server surely holds everything that was written there."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.models.device import Device, StreamHead
from server.models.user import Assignment


def scope_watermark(session: Session, scope_id: str) -> int | None:
    """The least `complete_ms` over the quorum; None while any of it is unknown, or the quorum is empty.

    The quorum: active devices of users whose assignment to this site is open. A device counts from its first
    push on; an enrolment whose answer was lost would silence the site for good otherwise. One statement.
    """
    of_device = sa.and_(StreamHead.scope_id == scope_id, StreamHead.device_id == Device.id)
    query = (
        sa.select(sa.func.count(), sa.func.count(StreamHead.complete_ms), sa.func.min(StreamHead.complete_ms))
        .select_from(Assignment)
        .join(Device, Device.user_id == Assignment.user_id)
        .outerjoin(StreamHead, of_device)
        .where(
            Assignment.site_id == scope_id,
            Assignment.ended_ms.is_(None),
            Device.state == "active",
            sa.or_(StreamHead.scope_id.is_not(None), Device.seen_ms > Device.enrolled_ms),
        )
    )
    devices, known, least_ms = session.execute(query).one()
    return least_ms if devices == known else None
