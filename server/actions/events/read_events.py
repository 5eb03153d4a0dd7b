"""The feed of events: what happened since a cursor, so that nothing is passed by.

Numbers of one site become visible in their order, because whoever writes an event holds the site's lock; a cursor holds one
number for each site (models/site_cursor.py). Events are kept for `event_days`: a site of which a reader missed some is named
in `gaps`."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.base.clock import to_iso
from server.base.problems import Problem
from server.models.access import Viewer, visible_sites
from server.models.event import SiteEvent
from server.models.filters import DISTRICT, narrowed
from server.models.scope import Scope
from server.models.site import Site
from server.models.site_cursor import (
    QUESTION_BYTES,
    SITES_MAX,
    read_site_cursor,
    site_key,
    write_site_cursor,
)

START, NOW = "0", "now"
_BAD_CURSOR = "游标无效, 或属于另一个查询。请用上次回答中的 cursor, 用 0 从头开始, 或用 now 从现在开始。"
_TOO_MANY = f"超过 {SITES_MAX} 个地点, 请用 district 分开查询。"


@dataclass(slots=True)
class Events:
    """Events in the order of their sites and numbers; `cursor`: hand it back to get what comes after them; `more`: whether
    there is more now; `gaps`: sites of which events were forgotten before they were read."""

    items: list[SiteEvent] = field(default_factory=list)
    cursor: str = ""
    more: bool = False
    gaps: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Stand:
    site: str
    key: bytes
    first: int
    last: int
    at: int


def page_of_events(session: Session, viewer: Viewer, district: str | None, cursor: str, limit: int) -> Events:
    """Up to `limit` events since the cursor (START: all that are kept; NOW: none of them). Three statements. Raises Problem
    422."""
    question = hashlib.sha256(f"events|{viewer.id}|{district or '*'}".encode()).digest()[:QUESTION_BYTES]
    try:
        known = {} if cursor in (START, NOW) else read_site_cursor(cursor, question)
    except ValueError as error:
        raise _wrong("cursor", _BAD_CURSOR) from error
    stands = _stands(session, viewer, district, known)
    found = Events()
    for one in stands:
        if cursor == NOW:
            one.at = one.last
        elif one.at and one.at + 1 < one.first:
            found.gaps.append(one.site)
    asked = {one.site: one.at for one in stands if one.at < one.last}
    found.items = events_after(session, asked, (), limit)
    by_site = {one.site: one for one in stands}
    for event in found.items:
        by_site[event.scope_id].at = event.number
    found.more = any(one.at < one.last for one in stands)
    found.cursor = write_site_cursor(question, {one.key: one.at for one in stands if one.at})
    return found


def events_after(
    session: Session, positions: Mapping[str, int], types: Collection[str], limit: int
) -> list[SiteEvent]:
    """The next events after these numbers, by site: those of a site in their order. One statement."""
    if not positions:
        return []
    after = [
        sa.and_(SiteEvent.scope_id == site, SiteEvent.number > number)
        for site, number in sorted(positions.items())
    ]
    query = sa.select(SiteEvent).where(sa.or_(*after)).order_by(SiteEvent.scope_id, SiteEvent.number)
    if types:
        query = query.where(SiteEvent.type.in_(sorted(types)))
    return list(session.scalars(query.limit(limit)))


def newest_numbers(session: Session, sites: sa.ColumnElement[bool]) -> dict[str, int]:
    """The newest number of each of these sites (a condition on `Site`) that has events."""
    query = sa.select(SiteEvent.scope_id, sa.func.max(SiteEvent.number)).join(
        Site, Site.id == SiteEvent.scope_id
    )
    rows = session.execute(query.where(sites).group_by(SiteEvent.scope_id)).all()
    return {row[0]: row[1] for row in rows}


def as_message(event: SiteEvent) -> dict[str, Any]:
    """An event as it is read and sent: type, time and data, as Standard Webhooks has them."""
    return {
        "type": event.type,
        "timestamp": to_iso(event.at_ms),
        "data": {"id": event.id, "site": event.scope_id, "number": event.number, **event.data},
    }


def _stands(
    session: Session, viewer: Viewer, district: str | None, known: Mapping[bytes, int]
) -> Sequence[_Stand]:
    asked = narrowed((DISTRICT,), {DISTRICT.name: district}, viewer)
    numbers = (sa.func.min(SiteEvent.number), sa.func.max(SiteEvent.number))
    query = (
        sa.select(SiteEvent.scope_id, Scope.epoch, *numbers)
        .join(Site, Site.id == SiteEvent.scope_id)
        .join(Scope, Scope.scope_id == SiteEvent.scope_id)
        .where(visible_sites(viewer), *asked)
        .group_by(SiteEvent.scope_id, Scope.epoch)
        .order_by(SiteEvent.scope_id)
        .limit(SITES_MAX + 1)
    )
    rows = session.execute(query).all()
    if len(rows) > SITES_MAX:
        raise _wrong("district", _TOO_MANY)
    stands = []
    for site, epoch, first, last in rows:
        key = site_key(site, epoch)
        stands.append(_Stand(site, key, first, last, min(known.get(key, 0), last)))
    return stands


def _wrong(name: str, message: str) -> Problem:
    return Problem("invalid_input", message, errors={name: [message]})
