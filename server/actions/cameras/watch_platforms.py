"""Platforms that are silent: one flag for each, instead of one for every camera of it. It is withdrawn when the platform
reports again."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from server.actions.flags.events import SCHEDULER, NewEvent, flag_puts, withdraw
from server.actions.flags.raise_flags import WITHDRAWABLE, open_flags, raise_flag
from server.actions.records.feed import Feed
from server.base.clock import to_iso
from server.models.camera import Camera, Platform
from server.models.flag import Flag
from server.models.scope import Scope, lock_scope
from server.models.site import Site
from server.models.tx import Tx
from server.rules.calendar import HOUR_MS, local_date_of
from server.rules.rulebook import Rulebook

DUTY = "PLATFORM"  # of the flag
SILENT_EVENT, HEARD_AGAIN = "platform_silent", "platform_heard"
_IN_USE = sa.and_(Camera.to_ms.is_(None), Camera.site_id == Site.id, Site.stage != "completed")
_REPORTED = sa.func.coalesce(Platform.heard_ms, Platform.from_ms)


def silence_of(book: Rulebook, now_ms: int) -> int | None:
    """After how long without a report a platform is silent; None without that rule."""
    try:
        return round(book.number("platform_silent_h", local_date_of(now_ms)) * HOUR_MS)
    except LookupError:
        return None


def platforms_to_flag(now_ms: int, silence_ms: int) -> sa.Select[str]:
    """Silent ones without a flag that have cameras in use, at sites where work is not over."""
    has_cameras = sa.exists().where(Camera.platform_id == Platform.id, _IN_USE)
    is_silent = sa.and_(
        Platform.to_ms.is_(None), Platform.flag_id.is_(None), now_ms - silence_ms >= _REPORTED
    )
    return sa.select(Platform.id).where(is_silent, has_cameras)


def platforms_to_clear(now_ms: int, silence_ms: int) -> sa.Select[str]:
    """Those with a flag that report again, or were closed."""
    is_heard = sa.or_(now_ms - silence_ms < _REPORTED, Platform.to_ms.is_not(None))
    return sa.select(Platform.id).where(Platform.flag_id.is_not(None), is_heard)


def watch_platforms(tx: Tx) -> int:
    """Raise or withdraw the flag of one platform, which locks one site. Gives whether there was any."""
    silence_ms = silence_of(tx.book, tx.now_ms)
    if silence_ms is None:
        return 0
    for query, act in ((platforms_to_flag, _raise), (platforms_to_clear, _clear)):
        found = tx.session.scalar(query(tx.now_ms, silence_ms).order_by(Platform.id).limit(1))
        if found is not None:
            act(tx, tx.session.get_one(Platform, found, populate_existing=True))
            tx.session.flush()
            return 1
    return 0


def _raise(tx: Tx, platform: Platform) -> None:
    """At the first of its sites that has no such flag of another platform: a flag is a site's, and this is one flag."""
    query = sa.select(Camera.site_id).where(Camera.platform_id == platform.id, _IN_USE)
    sites = sorted(set(tx.session.scalars(query)))
    taken = {scope_id for scope_id, duty in open_flags(tx.session, sites) if duty == DUTY}
    scope = lock_scope(tx.session, next((one for one in sites if one not in taken), sites[0]))
    assert scope is not None, "a camera is at a site"
    detail: dict[str, Any] = {"platform": platform.name, "sites": len(sites)}
    if platform.heard_ms is not None:
        detail["heard"] = to_iso(platform.heard_ms)
    flag = raise_flag(tx, scope, DUTY, tx.book.severity(DUTY, local_date_of(tx.now_ms)), _event(detail))
    platform.flag_site, platform.flag_id = flag.scope_id, flag.id
    _publish(tx, scope, flag)


def _clear(tx: Tx, platform: Platform) -> None:
    """A flag that people already act upon is left to them; so is one that stands for another platform too."""
    scope = lock_scope(tx.session, platform.flag_site or "")
    flag = tx.session.get(Flag, (platform.flag_site, platform.flag_id), populate_existing=True)
    others = sa.select(Platform.id).where(Platform.flag_id == platform.flag_id, Platform.id != platform.id)
    is_shared = tx.session.scalar(others.limit(1)) is not None
    platform.flag_site = platform.flag_id = None
    if scope is not None and flag is not None and flag.state in WITHDRAWABLE and not is_shared:
        withdraw(tx, flag, HEARD_AGAIN)
        tx.session.flush()
        _publish(tx, scope, flag)


def _event(detail: dict[str, Any]) -> NewEvent:
    return NewEvent(SCHEDULER, SILENT_EVENT, detail)


def _publish(tx: Tx, scope: Scope, flag: Flag) -> None:
    feed = Feed(tx.session, scope, tx.seals, tx.now_ms)
    feed.put(flag_puts(tx.session, [flag]).get(scope.scope_id, []))
    feed.flush()
