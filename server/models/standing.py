"""How sites stand with what is asked of them now: counts over windows, each in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.models.site import Site
from server.models.window import Window
from server.rules.calendar import DAY_MS

NOW_MS = DAY_MS  # a window still says how a site stands for so long after it closed
_REACH_MS = 2 * DAY_MS  # how long before that a window of slots may have opened
MISSED, SILENT, LATE, MET, OPEN = range(1, 6)  # a site stands as its worst window; OPEN: none is due yet
STATES = {MISSED: "missed", SILENT: "silent", LATE: "review", MET: "met", OPEN: "open"}
_OF_STATE = {"missed": MISSED, "silent": SILENT, "met": MET, "open": OPEN}
_LATE_STATES = ("done_late", "backfilled", "review")


@dataclass(slots=True)
class Standing:
    """Counts of sites. `sites`: those that such a measure is for; the others of them are not asked yet."""

    sites: int = 0
    missed: int = 0
    silent: int = 0
    late: int = 0
    met: int = 0
    open: int = 0

    @property
    def asked(self) -> int:
        return self.missed + self.silent + self.late + self.met + self.open

    @property
    def unasked(self) -> int:
        return max(0, self.sites - self.asked)

    def add(self, rank: int, count: int) -> None:
        name = {MISSED: "missed", SILENT: "silent", LATE: "late", MET: "met"}.get(rank, "open")
        setattr(self, name, getattr(self, name) + count)


def rank() -> sa.ColumnElement[int]:
    """A window's state as a number, the worst lowest."""
    return sa.case(
        *((Window.state == state, number) for state, number in _OF_STATE.items()),
        (Window.state.in_(_LATE_STATES), LATE),
        else_=OPEN,
    )


def speaks_now(now_ms: int) -> sa.ColumnElement[bool]:
    """Whether a window says how a site stands now: it has opened, and closed no longer than a day ago."""
    return sa.and_(
        Window.opens_ms.between(now_ms - NOW_MS - _REACH_MS, now_ms),
        Window.closes_ms > now_ms - NOW_MS,
        Window.state.not_in(("void", "excused")),
    )


def worst_by_measure(
    session: Session, sites: sa.Select[str], duties: Mapping[str, Iterable[str]], now_ms: int
) -> dict[str, Standing]:
    """By measure, how many of these sites stand how. `duties`: the codes of each measure's duties."""
    pairs = [(measure, duty) for measure, codes in duties.items() for duty in codes]
    if not pairs:
        return {}
    each = _each_duty(sites, {duty for _, duty in pairs}, now_ms)
    columns = (sa.column("measure", sa.String), sa.column("duty", sa.String))
    asked = sa.values(*columns, name="named").data(pairs).cte("asked")
    worst = (
        sa.select(asked.c.measure, each.c.scope_id, sa.func.min(each.c.rank).label("rank"))
        .join(asked, asked.c.duty == each.c.duty)
        .group_by(asked.c.measure, each.c.scope_id)
        .subquery()
    )
    query = sa.select(worst.c.measure, worst.c.rank, sa.func.count()).group_by(worst.c.measure, worst.c.rank)
    found: dict[str, Standing] = {}
    for measure, number, count in session.execute(query):
        found.setdefault(measure, Standing()).add(number, count)
    return found


def worst_by(
    session: Session,
    sites: sa.Select[str],
    duties: Iterable[str],
    columns: Iterable[str],
    now_ms: int,
) -> dict[str, dict[str, Standing]]:
    """By each of these columns of a site and their values, how many sites stand how with any of these duties."""
    each = _each_duty(sites, set(duties), now_ms)
    worst = (
        sa.select(each.c.scope_id, sa.func.min(each.c.rank).label("rank"))
        .group_by(each.c.scope_id)
        .subquery()
    )
    names = tuple(columns)
    parts = [getattr(Site, name) for name in names]
    query = sa.select(*parts, worst.c.rank, sa.func.count()).join(Site, Site.id == worst.c.scope_id)
    found: dict[str, dict[str, Standing]] = {name: {} for name in names}
    for *values, number, count in session.execute(query.group_by(*parts, worst.c.rank)):
        for name, value in zip(names, values, strict=True):
            found[name].setdefault(value, Standing()).add(number, count)
    return found


def worst_of_sites(
    session: Session, sites: sa.Select[str], duties: Iterable[str], now_ms: int, limit: int
) -> list[tuple[Site, int]]:
    """Each of these sites with how it stands with these duties, the worst first."""
    each = _each_duty(sites, set(duties), now_ms)
    worst = (
        sa.select(each.c.scope_id, sa.func.min(each.c.rank).label("rank"))
        .group_by(each.c.scope_id)
        .subquery()
    )
    query = sa.select(Site, worst.c.rank).join(worst, worst.c.scope_id == Site.id)
    rows = session.execute(query.order_by(worst.c.rank, Site.district, Site.name, Site.id).limit(limit))
    return [(site, number) for site, number in rows]


def _each_duty(sites: sa.Select[str], duties: set[str], now_ms: int) -> sa.Subquery:
    """Each of these sites' worst window of each duty."""
    return (
        sa.select(Window.scope_id, Window.duty, sa.func.min(rank()).label("rank"))
        .where(Window.scope_id.in_(sites), Window.duty.in_(sorted(duties)), speaks_now(now_ms))
        .group_by(Window.scope_id, Window.duty)
        .subquery()
    )
