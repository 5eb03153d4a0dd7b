"""A pull may be the first or the last contact of a device with a site: it changes which devices are counted there
(SPEC: Watermark)."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.devices.refresh_watermark import refresh_watermark
from server.actions.sync.close_stream import stream_head
from server.models.device import Device, StreamHead
from server.models.scope import lock_scope, scope_id_of
from server.models.user import Assignment
from server.rules.duties.reporting import RELEASED, UNHEARD


def join_scopes(session: Session, device_id: str, named: Iterable[str], now_ms: int) -> None:
    """Note what a device's pull says of its sites. One statement when there is nothing new.

    1. A site of its user where it was not heard of counts it from now on; one that it had handed back counts it again.
    2. A site that it names and that is not its user's any more comes as `gone`: what it writes later waits for a user.
    3. One that it names no more it has handed over: it had nothing unsent when it let the site go.
    """
    query = (
        sa.select(Assignment.site_id, Assignment.ended_ms, StreamHead.left_why, StreamHead.gone_ms)
        .select_from(Device)
        .join(Assignment, Assignment.user_id == Device.user_id)
        .outerjoin(
            StreamHead,
            sa.and_(StreamHead.scope_id == Assignment.site_id, StreamHead.device_id == Device.id),
        )
        .add_columns(StreamHead.device_id.is_not(None))
        .where(Device.id == device_id)
        .order_by(Assignment.site_id)
    )
    asked = {scope_id_of(name) for name in named if name.startswith("site:")}
    for site_id, ended_ms, left_why, gone_ms, is_known in session.execute(query).all():
        if ended_ms is None:
            if not is_known or gone_ms is not None or left_why in (RELEASED, UNHEARD):
                _join(session, site_id, device_id, now_ms)
        elif gone_ms is None and site_id in asked and lock_scope(session, site_id) is not None:
            stream_head(session, site_id, device_id, now_ms).gone_ms = now_ms
        elif gone_ms is not None and left_why is None and site_id not in asked:
            _leave(session, site_id, device_id, now_ms)


def _join(session: Session, site_id: str, device_id: str, now_ms: int) -> None:
    if lock_scope(session, site_id) is None:
        return
    head = stream_head(session, site_id, device_id, now_ms)
    if head.left_why in (RELEASED, UNHEARD):
        head.left_ms, head.left_why, head.since_ms = None, None, now_ms
    head.gone_ms = None
    refresh_watermark(session, site_id, now_ms)


def _leave(session: Session, site_id: str, device_id: str, now_ms: int) -> None:
    if lock_scope(session, site_id) is None:
        return
    head = stream_head(session, site_id, device_id, now_ms)
    head.left_ms, head.left_why = now_ms, RELEASED
    refresh_watermark(session, site_id, now_ms)
