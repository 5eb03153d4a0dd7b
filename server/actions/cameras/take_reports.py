"""Take in what a platform says of its cameras: what is known of each moves on, and what has to be written goes into the log
of its site, under the platform's key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from server.actions.cameras.edit_platforms import key_of_platform
from server.actions.sync.write_server_entries import Author, Draft, write_as
from server.base.clock import to_iso
from server.models.camera import Camera, Platform, cameras_of_platform
from server.models.device import Device
from server.models.scope import lock_scope
from server.models.tx import Tx
from server.rules.calendar import MINUTE_MS, local_date_of
from server.rules.camera_adapters import Event
from server.rules.cameras import CAMERA_FIELD, EVENT_KIND, STATE_KIND, UNSEEN, Span, Watched, leave, observe
from server.rules.rulebook import Rulebook

LEFT_AT_ONCE = 200  # cameras of which the rest is written in one transaction


def sites_of_platform(session: Session, platform_id: str) -> list[str]:
    """The sites with cameras in use that a platform reports on, in the order in which everybody locks scopes."""
    query = sa.select(Camera.site_id).where(Camera.platform_id == platform_id, Camera.to_ms.is_(None))
    return sorted(set(session.scalars(query)))


def take_states(
    tx: Tx, platform: Platform, site_id: str, states: Mapping[str, str], *, is_whole: bool = True
) -> int:
    """Take in the states of one site's cameras, by their codes, as they are now. `is_whole`: a camera that is not named was
    not reported on; else it is as it was. Gives how many lines were written."""
    if lock_scope(tx.session, site_id) is None:
        return 0
    gap_ms = gap_of(tx)
    spans: list[tuple[Camera, Span]] = []
    for camera in cameras_of_platform(tx.session, platform.id, site_id):
        state = states.get(camera.code, UNSEEN if is_whole else camera.state)
        if state != UNSEEN:
            spans += [
                (camera, one) for one in _move(camera, *observe(watched(camera), state, tx.now_ms, gap_ms))
            ]
    return _write(tx, platform, site_id, [_state_draft(tx, *one) for one in spans])


def take_events(tx: Tx, platform: Platform, site_id: str, events: Sequence[Event]) -> int:
    """Write what the platform thinks it saw at one site: leads, which nothing is judged by. Gives how many."""
    if lock_scope(tx.session, site_id) is None:
        return 0
    codes = {camera.code for camera in cameras_of_platform(tx.session, platform.id, site_id)}
    drafts = [_event_draft(tx, event) for event in events if event.camera in codes]
    return _write(tx, platform, site_id, drafts)


def write_rest(tx: Tx, cameras: Sequence[Camera]) -> int:
    """Write what was reported of these cameras last and is not in the log. The caller has locked their sites."""
    lines = 0
    for camera in cameras:
        spans = _move(camera, *leave(watched(camera)))
        platform = tx.session.get_one(Platform, camera.platform_id)
        lines += _write(tx, platform, camera.site_id, [_state_draft(tx, camera, one) for one in spans])
    return lines


def left_cameras(gap_ms: int, now_ms: int) -> sa.Select[str]:
    """Ids of cameras on which nothing came for so long, with something that is not in the log yet."""
    return sa.select(Camera.id).where(Camera.heard_ms < now_ms - gap_ms, Camera.written_ms < Camera.heard_ms)


def write_left(tx: Tx) -> int:
    """Write what was reported last of cameras on which nothing comes any more. Gives how many cameras."""
    query = left_cameras(gap_of(tx), tx.now_ms).order_by(Camera.site_id, Camera.code).limit(LEFT_AT_ONCE)
    ids = list(tx.session.scalars(query))
    rows = {row.id: row for row in tx.session.scalars(sa.select(Camera).where(Camera.id.in_(ids)))}
    for site_id in sorted({row.site_id for row in rows.values()}):
        if lock_scope(tx.session, site_id) is not None:
            here = [row for row in rows.values() if row.site_id == site_id]
            for row in here:
                tx.session.refresh(row)
            write_rest(tx, here)
    tx.session.flush()
    return len(rows)


def gap_of(tx: Tx) -> int:
    """Two reports further apart leave a gap of which nobody knows."""
    return gap_ms_of(tx.book, tx.now_ms)


def gap_ms_of(book: Rulebook, now_ms: int) -> int:
    """The same by these rules; 0 in a database without them."""
    try:
        return round(book.number("camera_gap_min", local_date_of(now_ms)) * MINUTE_MS)
    except LookupError:
        return 0


def watched(camera: Camera) -> Watched:
    return Watched(camera.state, camera.since_ms, camera.heard_ms, camera.written_ms)


def _move(camera: Camera, now: Watched, spans: list[Span]) -> list[Span]:
    camera.state, camera.since_ms = now.state, now.since_ms
    camera.heard_ms, camera.written_ms = now.heard_ms, now.written_ms
    return spans


def _write(tx: Tx, platform: Platform, site_id: str, drafts: Sequence[Draft]) -> int:
    """A platform whose device was revoked writes nothing."""
    device = tx.session.get_one(Device, platform.id)
    tx.session.flush()
    if not drafts or device.state != "active":
        return 0
    author = Author(device, key_of_platform(tx.seals, platform))
    write_as(tx.session, tx.seals, author, site_id, drafts, tx.now_ms)
    return len(drafts)


def _state_draft(tx: Tx, camera: Camera, span: Span) -> Draft:
    body = {
        CAMERA_FIELD: camera.code,
        "status": span.state,
        "started": to_iso(span.from_ms),
        "ended": to_iso(span.to_ms),
        "minutes": span.online_minutes,
    }
    return Draft(STATE_KIND, "add", str(uuid7()), body, form=_version(tx, STATE_KIND))


def _event_draft(tx: Tx, event: Event) -> Draft:
    body = {CAMERA_FIELD: event.camera, "event": event.event, "said": event.said}
    if event.at:
        body["said_at"] = event.at
    return Draft(EVENT_KIND, "add", str(uuid7()), body, form=_version(tx, EVENT_KIND))


def _version(tx: Tx, kind: str) -> int:
    """The latest version of the form."""
    return max(one.form.version for one in tx.book.kinds.versions(kind))  # type: ignore[union-attr]
