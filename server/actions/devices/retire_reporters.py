"""Devices that are no longer waited for: those whose site was unassigned and that did not hand it over in time, and
those that were not heard from for long (SPEC: Watermark)."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.devices.refresh_watermark import refresh_watermark
from server.actions.devices.report_devices import device_event, report_dormant
from server.actions.records.outbox import DEVICE_SILENT, record_events
from server.models.device import OWN_CLASS, Device, StreamHead
from server.models.scope import lock_scope
from server.models.user import Assignment, User
from server.rules.calendar import DAY_MS, HOUR_MS, local_date_of
from server.rules.duties.reporting import DORMANT, UNHEARD
from server.rules.rulebook import Rulebook


def retire_reporters(session: Session, now_ms: int, book: Rulebook, limit: int = 200) -> int:
    """Stop waiting for up to `limit` streams that are past their time; windows that wait for them go to review. Gives how
    many.

    1. A site was unassigned `unassigned_grace_h` ago: the device is left out from the end of the assignment on.
    2. A device's stream was not complete for `device_dormant_d`: it is left out until it reports again, and
       it is reported to the administrators.

    Without these rules every stream is waited for.
    """
    due = due_streams(now_ms, book)
    if due is None:
        return 0
    ordered = due.order_by(StreamHead.scope_id, StreamHead.device_id)  # in which everybody locks scopes
    done = 0
    for site_id, device_id, ended_ms in session.execute(ordered.limit(limit)).all():
        if lock_scope(session, site_id) is None:
            continue
        head = session.get_one(StreamHead, (site_id, device_id), populate_existing=True)
        if head.left_ms is None:
            head.left_ms, head.left_why = (ended_ms, UNHEARD) if ended_ms is not None else (now_ms, DORMANT)
            refresh_watermark(session, site_id, now_ms)
            if head.left_why == DORMANT:
                report_dormant(session, device_id, now_ms)
                record_events(session, site_id, [device_event(DEVICE_SILENT, head)], now_ms)
            done += 1
    return done


def due_streams(now_ms: int, book: Rulebook) -> sa.Select[str, str, int | None] | None:
    """Streams of working devices that are still waited for and are past their time: (scope id, device id, when the site was
    unassigned). None without the rules."""
    today = local_date_of(now_ms)
    try:
        grace_ms = round(book.number("unassigned_grace_h", today) * HOUR_MS)
        dormant_ms = round(book.number("device_dormant_d", today) * DAY_MS)
    except LookupError:
        return None
    ended = Assignment.ended_ms <= now_ms - grace_ms
    behind = sa.func.coalesce(StreamHead.complete_ms, StreamHead.since_ms) <= now_ms - dormant_ms
    return (
        sa.select(StreamHead.scope_id, StreamHead.device_id, Assignment.ended_ms)
        .join(Device, Device.id == StreamHead.device_id)
        .join(User, User.id == Device.user_id)
        .join(
            Assignment,
            sa.and_(Assignment.site_id == StreamHead.scope_id, Assignment.user_id == Device.user_id),
        )
        .where(
            StreamHead.left_ms.is_(None),
            Device.state == "active",
            Device.device_class != OWN_CLASS,
            User.active,
            sa.or_(ended, sa.and_(Assignment.ended_ms.is_(None), behind)),
        )
    )
