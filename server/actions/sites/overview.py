"""The city in summary: what those who judge sites look at before they go there."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.devices.own_device import PLATFORM
from server.actions.signals.list_signals import signal_counts
from server.models.access import Viewer, visible_flags, visible_sites
from server.models.device import Device, StreamHead
from server.models.flag import Flag
from server.models.site import Site
from server.models.user import User
from server.models.window import Window
from server.rules.calendar import DAY_MS, add_days, local_date_of, midnight_ms
from server.rules.flags.escalation import SILENT

DAYS = 14
_WEEK = 7
_WORST = 10
_LATE = ("done_late", "backfilled", "review")
_JUDGED = ("met", *_LATE, "missed", "silent")


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
class DayCount:
    """How many windows of one local date came to what. `late`: done or entered late, or waiting for a review."""

    local_date: str
    met: int
    late: int
    silent: int
    missed: int

    @property
    def judged(self) -> int:
        return self.met + self.late + self.silent + self.missed


@dataclass(frozen=True, slots=True)
class QuietDevice:
    """A tablet that was not heard from for a day, and the sites that it serves."""

    name: str
    person: str
    heard_ms: int
    sites: list[Site]


@dataclass(frozen=True, slots=True)
class Overview:
    """`districts`: the one that met least of its windows first; `worst`: sites with the most missed windows of the week,
    with how many signals; `quiet`: tablets not heard from for a day."""

    districts: list[District]
    trend: list[DayCount]
    worst: list[tuple[Site, int, int]]
    quiet: list[QuietDevice]


def overview(session: Session, viewer: Viewer, now_ms: int) -> Overview:
    """The sites that the viewer may see, by district."""
    today = local_date_of(now_ms)
    seen = sa.select(Site.id).where(visible_sites(viewer), Site.practice.is_(False))
    week_ms = midnight_ms(add_days(today, -_WEEK))
    return Overview(
        _districts(session, viewer, seen, week_ms),
        days_of(session, seen, now_ms),
        _worst(session, viewer, seen, week_ms, add_days(today, -_WEEK)),
        _quiet(session, seen, now_ms),
    )


def _districts(session: Session, viewer: Viewer, seen: sa.Select[str], week_ms: int) -> list[District]:
    sites = sa.select(Site.district, sa.func.count()).where(Site.id.in_(seen)).group_by(Site.district)
    severe = sa.func.count().filter(Flag.severity == "severe")
    silent = sa.func.count().filter(Flag.duty == SILENT)
    flags = (
        sa.select(Site.district, sa.func.count(), severe, silent)
        .join(Site, Site.id == Flag.scope_id)
        .where(Flag.closed_ms.is_(None), visible_flags(viewer), Site.practice.is_(False))
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
    found = [
        District(code, count, *of_flags.get(code, (0, 0, 0)), *of_windows.get(code, (0, 0)))
        for code, count in session.execute(sites)
    ]
    return sorted(found, key=lambda one: (one.share is None, one.share or 0.0, one.code))


def days_of(session: Session, sites: sa.Select[str], now_ms: int) -> list[DayCount]:
    """How the windows of these sites were judged on each of the last DAYS, oldest first."""

    def counted(*states: str) -> sa.ColumnElement[int]:
        return sa.func.count().filter(Window.state.in_(states))

    from_ms = midnight_ms(add_days(local_date_of(now_ms), 1 - DAYS))
    query = (
        sa.select(Window.local_date, counted("met"), counted(*_LATE), counted("silent"), counted("missed"))
        .where(
            Window.scope_id.in_(sites), Window.opens_ms.between(from_ms, now_ms), Window.state.in_(_JUDGED)
        )
        .group_by(Window.local_date)
        .order_by(Window.local_date)
    )
    return [DayCount(*row) for row in session.execute(query)]


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
    rows = session.execute(ranked).all()
    ids = [row[0] for row in rows]
    sites = {site.id: site for site in session.scalars(sa.select(Site).where(Site.id.in_(ids)))}
    signals = signal_counts(session, viewer, ids, week)
    return [(sites[site_id], count, signals.get(site_id, 0)) for site_id, count in rows]


def _quiet(session: Session, seen: sa.Select[str], now_ms: int) -> list[QuietDevice]:
    """One row a tablet, the one silent for the longest first; what it said last of any of its sites counts."""
    heard = (
        sa.select(StreamHead.device_id, sa.func.max(StreamHead.heard_ms).label("heard_ms"))
        .where(StreamHead.scope_id.in_(seen))
        .group_by(StreamHead.device_id)
        .subquery()
    )
    query = (
        sa.select(Device.id, Device.name, User.display_name, heard.c.heard_ms)
        .join(heard, heard.c.device_id == Device.id)
        .join(User, User.id == Device.user_id)
        .where(Device.state == "active", Device.platform != PLATFORM, heard.c.heard_ms < now_ms - DAY_MS)
        .order_by(heard.c.heard_ms, Device.id)
        .limit(_WORST)
    )
    rows = session.execute(query).all()
    served = (
        sa.select(StreamHead.device_id, Site)
        .join(Site, Site.id == StreamHead.scope_id)
        .where(StreamHead.device_id.in_([row[0] for row in rows]), Site.id.in_(seen))
        .order_by(Site.name)
    )
    sites: dict[str, list[Site]] = {}
    for device_id, site in session.execute(served):
        sites.setdefault(device_id, []).append(site)
    return [QuietDevice(name, person, heard_ms, sites[key]) for key, name, person, heard_ms in rows]
