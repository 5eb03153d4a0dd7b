"""A pull may be the first or the last contact of a device with a site: it changes which devices are counted there
(SPEC: Watermark)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy.orm import Session

from server.actions.devices.refresh_watermark import refresh_watermark
from server.actions.sync.open_exchange import new_head
from server.models.device import StreamHead
from server.models.scope import lock_scope, scope_id_of
from server.rules.duties.reporting import RELEASED, UNHEARD
from sync_protocol import stream as streams
from sync_protocol.watermark import Declared


class Heard(NamedTuple):
    """A site of a device's user, and what is known of the device there. `since_ms`: None where it was not heard of."""

    site_id: str
    ended_ms: int | None
    left_why: str | None
    gone_ms: int | None
    since_ms: int | None


def join_scopes(
    session: Session, device_id: str, sites: Iterable[Heard], named: Iterable[str], now_ms: int
) -> None:
    """Note what a device's pull says of its sites. No statement when there is nothing new.

    1. A site of its user where it was not heard of counts it from now on; one that it had handed back counts it again.
    2. A site that it names and that is not its user's any more comes as `gone`: what it writes later waits for a user.
    3. One that it names no more it has handed over: it had nothing unsent when it let the site go. It is waited for all the
       same while lines of it are known to be missing: what a tablet has lost may come back.
    """
    asked = {scope_id_of(name) for name in named if name.startswith("site:")}
    for site_id, ended_ms, left_why, gone_ms, since_ms in sites:
        if ended_ms is None:
            if since_ms is None or gone_ms is not None or left_why in (RELEASED, UNHEARD):
                _join(session, site_id, device_id, now_ms)
        elif gone_ms is None and site_id in asked and lock_scope(session, site_id) is not None:
            stream_head(session, site_id, device_id, now_ms).gone_ms = now_ms
        elif gone_ms is not None and left_why is None and site_id not in asked:
            _leave(session, site_id, device_id, now_ms)
    session.flush()


def stream_head(session: Session, scope_id: str, device_id: str, now_ms: int) -> StreamHead:
    """The row of this device's stream in a scope; made when the device is first heard of there."""
    head = session.get(StreamHead, (scope_id, device_id), populate_existing=True)
    if head is None:
        head = new_head(scope_id, device_id, now_ms)
        session.add(head)
    return head


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
    if _lacks_lines(head):
        return
    head.left_ms, head.left_why = now_ms, RELEASED
    refresh_watermark(session, site_id, now_ms)


def _lacks_lines(head: StreamHead) -> bool:
    """Whether its device has spoken of lines that are not here: later ones came, or it declared a longer stream."""
    stream = streams.from_json(head.head)
    return bool(stream.islands) or any(Declared(*one).n > stream.n for one in head.pending)
