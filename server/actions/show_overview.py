"""The city at a glance, and one site's file: what those who judge sites look at before they go there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.show_flags import streams_of
from server.actions.show_signals import signal_counts, signals_of
from server.actions.show_sites import ShownSite, one_site
from server.models.access import Viewer, visible_flags, visible_sites
from server.models.device import Device, StreamHead
from server.models.flag import Flag
from server.models.record import Worker
from server.models.site import Site
from server.models.window import Window
from server.rules.calendar import DAY_MS, add_days, local_date_of, midnight_ms
from server.rules.escalation import SILENT

DAYS = 14
_WEEK = 7
_WORST = 10
_JUDGED = ("met", "done_late", "backfilled", "missed", "silent", "review")
_GRID_MAX = 3000


@dataclass(frozen=True, slots=True)
class District:
    """One district's week: its sites, live flags, and how its windows were judged."""

    code: str
    sites: int
    flags: int
    severe: int
    silent: int
    met: int
    judged: int

    @property
    def share(self) -> float | None:
        """How many of the windows were met in time; None when none was judged."""
        return self.met / self.judged if self.judged else None


@dataclass(frozen=True, slots=True)
class Overview:
    """`trend`: (local date, met, missed, silent, judged) of the last days; `worst`: sites with the most missed
    windows of the week, with how many signals; `quiet`: tablets not heard from for a day."""

    districts: list[District]
    trend: list[tuple[str, int, int, int, int]]
    worst: list[tuple[Site, int, int]]
    quiet: list[tuple[Device, Site, int]]


@dataclass(frozen=True, slots=True)
class SiteFile:
    """One site: its windows of the last days, live flags, tablets, people and signals."""

    shown: ShownSite
    windows: Sequence[Window]
    flags: Sequence[Flag]
    streams: list[dict[str, Any]]
    signals: list[tuple[str, str, str]]
    people: int


def overview(session: Session, viewer: Viewer, now_ms: int) -> Overview:
    """The sites that the viewer may see, by district."""
    today = local_date_of(now_ms)
    seen = sa.select(Site.id).where(visible_sites(viewer))
    week_ms = midnight_ms(add_days(today, -_WEEK))
    return Overview(
        _districts(session, viewer, seen, week_ms),
        _trend(session, seen, midnight_ms(add_days(today, 1 - DAYS)), now_ms),
        _worst(session, viewer, seen, week_ms, add_days(today, -_WEEK)),
        _quiet(session, seen, now_ms),
    )


def site_file(session: Session, viewer: Viewer, site_id: str, now_ms: int) -> SiteFile:
    """One site's file. Raises Problem 404 when it is absent or not this viewer's."""
    shown = one_site(session, viewer, site_id)
    from_day = add_days(local_date_of(now_ms), 1 - DAYS)
    windows = sa.select(Window).where(
        Window.scope_id == site_id,
        Window.opens_ms.between(midnight_ms(from_day), now_ms),
        Window.state != "void",
    )
    flags = sa.select(Flag).where(Flag.scope_id == site_id, Flag.closed_ms.is_(None), visible_flags(viewer))
    here = sa.and_(Worker.scope_id == site_id, Worker.exited_on.is_(None))
    return SiteFile(
        shown,
        list(session.scalars(windows.order_by(Window.opens_ms.desc()).limit(_GRID_MAX))),
        list(session.scalars(flags.order_by(Flag.opened_ms.desc()))),
        streams_of(session, site_id),
        signals_of(session, viewer, site_id, from_day),
        session.scalar(sa.select(sa.func.count()).select_from(Worker).where(here)) or 0,
    )


def _districts(session: Session, viewer: Viewer, seen: sa.Select[str], week_ms: int) -> list[District]:
    sites = sa.select(Site.district, sa.func.count()).where(Site.id.in_(seen)).group_by(Site.district)
    severe = sa.func.count().filter(Flag.severity == "severe")
    silent = sa.func.count().filter(Flag.duty == SILENT)
    flags = (
        sa.select(Site.district, sa.func.count(), severe, silent)
        .join(Site, Site.id == Flag.scope_id)
        .where(Flag.closed_ms.is_(None), visible_flags(viewer))
        .group_by(Site.district)
    )
    windows = (
        sa.select(Site.district, sa.func.count().filter(Window.state == "met"), sa.func.count())
        .join(Site, Site.id == Window.scope_id)
        .where(Window.scope_id.in_(seen), Window.opens_ms >= week_ms, Window.state.in_(_JUDGED))
        .group_by(Site.district)
    )
    of_flags = {row[0]: tuple(row[1:]) for row in session.execute(flags)}
    of_windows = {row[0]: tuple(row[1:]) for row in session.execute(windows)}
    return [
        District(code, count, *of_flags.get(code, (0, 0, 0)), *of_windows.get(code, (0, 0)))
        for code, count in session.execute(sites.order_by(Site.district))
    ]


def _trend(
    session: Session, seen: sa.Select[str], from_ms: int, now_ms: int
) -> list[tuple[str, int, int, int, int]]:
    def counted(state: str) -> sa.ColumnElement[int]:
        return sa.func.count().filter(Window.state == state)

    query = (
        sa.select(Window.local_date, counted("met"), counted("missed"), counted("silent"), sa.func.count())
        .where(Window.scope_id.in_(seen), Window.opens_ms.between(from_ms, now_ms), Window.state.in_(_JUDGED))
        .group_by(Window.local_date)
        .order_by(Window.local_date)
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in session.execute(query)]


def _worst(
    session: Session, viewer: Viewer, seen: sa.Select[str], week_ms: int, week: str
) -> list[tuple[Site, int, int]]:
    missed = sa.func.count().label("missed")
    ranked = (
        sa.select(Window.scope_id, missed)
        .where(Window.scope_id.in_(seen), Window.opens_ms >= week_ms, Window.state == "missed")
        .group_by(Window.scope_id)
        .order_by(missed.desc(), Window.scope_id)
        .limit(_WORST)
    )
    told = session.execute(ranked).all()
    ids = [row[0] for row in told]
    sites = {site.id: site for site in session.scalars(sa.select(Site).where(Site.id.in_(ids)))}
    signals = signal_counts(session, viewer, ids, week)
    return [(sites[site_id], count, signals.get(site_id, 0)) for site_id, count in told]


def _quiet(session: Session, seen: sa.Select[str], now_ms: int) -> list[tuple[Device, Site, int]]:
    query = (
        sa.select(Device, Site, StreamHead.heard_ms)
        .join(StreamHead, StreamHead.device_id == Device.id)
        .join(Site, Site.id == StreamHead.scope_id)
        .where(Site.id.in_(seen), Device.state == "active", StreamHead.heard_ms < now_ms - DAY_MS)
        .order_by(StreamHead.heard_ms)
        .limit(_WORST * 2)
    )
    return [(device, site, heard_ms) for device, site, heard_ms in session.execute(query)]
