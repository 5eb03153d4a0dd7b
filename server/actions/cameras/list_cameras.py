"""Cameras and platforms as people see them: what is silent or offline first, and what platforms think they saw, as leads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from server.actions.cameras.ask_platform import PROBLEMS
from server.actions.cameras.edit_platforms import NOUN
from server.actions.cameras.take_reports import gap_of
from server.actions.cameras.watch_platforms import silence_of
from server.actions.records.segments import read_bodies
from server.models.access import Viewer, may_administer, sees_evidence, visible_sites
from server.models.camera import Camera, Platform
from server.models.place import places_of
from server.models.record import Record, in_force_of
from server.models.site import Site
from server.models.tx import Tx
from server.rules.calendar import DAY_MS
from server.rules.cameras import CAMERA_FIELD, EVENT_KIND, OFFLINE, ONLINE, UNSEEN

EVENTS_SHOWN = 30
EVENT_DAYS_MS = 7 * DAY_MS
UNHEARD = "unheard"  # reported before, and not lately: nobody knows what it is now
STANDINGS = {OFFLINE: "离线", UNHEARD: "没有上报", UNSEEN: "平台没有上报过", ONLINE: "在线"}
_FIRST = {OFFLINE: 0, UNHEARD: 1, UNSEEN: 2, ONLINE: 3}


@dataclass(frozen=True, slots=True)
class ShownCamera:
    """A camera in use. `standing`: one of STANDINGS, since `since_ms`."""

    camera: Camera
    site: str
    place: str
    platform: str
    standing: str
    since_ms: int | None


@dataclass(frozen=True, slots=True)
class ShownPlatform:
    """A platform in use, how many of its cameras stand how, and why the last try failed."""

    platform: Platform
    adapter: str
    is_silent: bool
    problem: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Lead:
    """What a platform thinks it saw."""

    site_id: str
    site: str
    camera: str
    body: Mapping[str, Any]
    at_ms: int | None


@dataclass(frozen=True, slots=True)
class Monitoring:
    """The page 在线监控."""

    platforms: Sequence[ShownPlatform]
    cameras: Sequence[ShownCamera]
    leads: Sequence[Lead]


def monitoring(tx: Tx, viewer: Viewer) -> Monitoring:
    """All that this viewer may see."""
    seen = visible_sites(viewer)
    cameras = _shown(tx, sa.and_(seen, Camera.to_ms.is_(None)))
    query = sa.select(Platform).where(Platform.to_ms.is_(None)).order_by(Platform.name)
    counts: dict[str, Counter[str]] = {}
    for one in cameras:
        counts.setdefault(one.camera.platform_id, Counter())[one.standing] += 1
    sees_all = viewer.judges or may_administer(viewer)
    platforms = [
        _platform(tx, row, counts.get(row.id, {}))
        for row in tx.session.scalars(query)
        if sees_all or row.id in counts
    ]
    platforms.sort(key=lambda one: (not one.is_silent, one.platform.name))
    leads = _leads(tx, seen, cameras) if sees_evidence(viewer) else []
    return Monitoring(platforms, cameras, leads)


def site_cameras(tx: Tx, site_id: str) -> list[ShownCamera]:
    """The cameras in use at one site, what is wrong first. The caller has checked who asks."""
    return _shown(tx, sa.and_(Site.id == site_id, Camera.to_ms.is_(None)))


def _shown(tx: Tx, wanted: sa.ColumnElement[bool]) -> list[ShownCamera]:
    query = (
        sa.select(Camera, Site.name, Platform.name)
        .join(Site, Site.id == Camera.site_id)
        .join(Platform, Platform.id == Camera.platform_id)
        .where(wanted)
    )
    rows = tx.session.execute(query).all()
    sites = sorted({camera.site_id for camera, _, _ in rows})
    places = {place.id: place.name for some in places_of(tx.session, sites).values() for place in some}
    gap_ms = gap_of(tx) if rows else 0
    found = []
    for camera, site, platform in rows:
        is_unheard = camera.heard_ms is not None and tx.now_ms - camera.heard_ms > gap_ms
        standing = UNHEARD if is_unheard else camera.state
        since_ms = camera.heard_ms if is_unheard else camera.since_ms
        place = places.get(camera.place_id or "", "")
        found.append(ShownCamera(camera, site, place, platform, standing, since_ms))
    return sorted(
        found,
        key=lambda one: (
            _FIRST[one.standing],
            _FIRST[one.camera.state],
            one.site,
            one.camera.name,
            one.camera.code,
        ),
    )


def _platform(tx: Tx, row: Platform, counts: Mapping[str, int]) -> ShownPlatform:
    silence_ms = silence_of(tx.book, tx.now_ms)
    is_silent = silence_ms is not None and tx.now_ms - row.reported_ms >= silence_ms
    named = {one["code"]: str(one["name"]) for one in tx.book.rows.get(NOUN, ())}
    problem = PROBLEMS.get(row.problem, row.problem)
    return ShownPlatform(row, named.get(row.adapter, row.adapter), is_silent, problem, counts)


def _leads(tx: Tx, seen: sa.ColumnElement[bool], cameras: Sequence[ShownCamera]) -> list[Lead]:
    """The newest of the last days."""
    names = {one.camera.code: one.camera.name for one in cameras}
    sites = {one.camera.site_id: one.site for one in cameras}
    if not sites:
        return []
    columns = (Record.scope_id, Record.id, Record.seq, Record.body, Record.event_ms)
    query = sa.select(*columns).where(
        in_force_of(EVENT_KIND, list(sites)), Record.event_ms >= tx.now_ms - EVENT_DAYS_MS
    )
    newest = query.order_by(Record.event_ms.desc(), Record.seq.desc()).limit(EVENTS_SHOWN)
    found = []
    for row in tx.session.execute(newest).all():
        (text,) = read_bodies(tx.session, tx.seals, row.scope_id, [row])
        body = msgspec.json.decode(text)
        code = str(body.get(CAMERA_FIELD))
        found.append(Lead(row.scope_id, sites[row.scope_id], names.get(code, code), body, row.event_ms))
    return found
