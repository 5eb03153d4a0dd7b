"""Plan visits to sites, and put those of a day into an order in which one can go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from server.actions.flags.today import SiteToday, waiting_at
from server.actions.reference.check_codes import wrong
from server.base.problems import not_found
from server.models.access import Viewer, visible_sites
from server.models.office import Visit
from server.models.record import Record, in_force_of
from server.models.site import Site
from server.models.tx import Tx
from server.rules.calendar import add_days, local_date_of
from server.rules.route import route

SITES_A_DAY = 20
DAYS_AHEAD = 92


@dataclass(frozen=True, slots=True)
class Stop:
    """A visit in the order of the day. `metres`: from the stop before, as the crow flies; None: nobody knows where the site
    is. `last_ms`: when somebody was there last for an inspection; `waiting`: what waits there for the viewer."""

    visit: Visit
    site: Site
    metres: float | None
    last_ms: int | None
    waiting: SiteToday | None


def plan_visits(tx: Tx, viewer: Viewer, site_ids: Collection[str], local_date: str) -> int:
    """The viewer means to go to these sites on that date; gives how many were not planned before. Raises Problem 422."""
    today = local_date_of(tx.now_ms)
    if not today <= local_date <= add_days(today, DAYS_AHEAD):
        raise wrong("date", f"查访日期应在今天之后 {DAYS_AHEAD} 天之内。")
    seen = sa.select(Site.id).where(Site.id.in_(site_ids), visible_sites(viewer))
    planned = _planned(viewer, local_date, local_date)
    known = {visit.site_id for visit in tx.session.scalars(planned)}
    new = sorted(set(tx.session.scalars(seen)) - known)
    if len(known) + len(new) > SITES_A_DAY:
        raise wrong("flags", f"一天最多 {SITES_A_DAY} 处。")
    for site_id in new:
        visit = Visit(id=str(uuid7()), site_id=site_id, user_id=viewer.id, local_date=local_date)
        visit.made_ms = tx.now_ms
        tx.session.add(visit)
    return len(new)


def cancel_visit(tx: Tx, viewer: Viewer, visit_id: str) -> str:
    """The viewer does not go there after all; gives the date. Raises Problem 404."""
    visit = tx.session.get(Visit, visit_id)
    if visit is None or visit.user_id != viewer.id or visit.cancelled_ms is not None:
        raise not_found()
    visit.cancelled_ms = tx.now_ms
    return visit.local_date


def visits_of_day(session: Session, viewer: Viewer, local_date: str, now_ms: int) -> list[Stop]:
    """The stops of one day: first the site that was planned first, then along the way; sites without coordinates last."""
    query = _planned(viewer, local_date, local_date)
    rows = session.execute(
        query.add_columns(Site).join(Site, Site.id == Visit.site_id).where(visible_sites(viewer))
    ).all()
    visits = {visit.site_id: visit for visit, _ in rows}
    sites = {site.id: site for _, site in rows}
    spots = {
        site.id: (site.latitude_deg, site.longitude_deg)
        for site in sites.values()
        if site.latitude_deg is not None and site.longitude_deg is not None
    }
    start = next((site_id for site_id in visits if site_id in spots), None)
    way = route(start, spots) if start is not None else []
    metres: dict[str, float | None] = {**dict(way), **{one: None for one in sites if one not in spots}}
    last, waiting = _last_rounds(session, list(sites)), waiting_at(session, viewer, list(sites))
    return [
        Stop(visits[one], sites[one], far, last.get(one), waiting.get(one)) for one, far in metres.items()
    ]


def visits_between(session: Session, viewer: Viewer, first: str, last: str) -> dict[str, list[str]]:
    """The names of the sites to visit, by local date."""
    query = _planned(viewer, first, last).add_columns(Site.name).join(Site, Site.id == Visit.site_id)
    found: dict[str, list[str]] = {}
    for visit, name in session.execute(query.where(visible_sites(viewer))):
        found.setdefault(visit.local_date, []).append(name)
    return found


def _planned(viewer: Viewer, first: str, last: str) -> sa.Select[Visit]:
    return (
        sa.select(Visit)
        .where(
            Visit.user_id == viewer.id,
            Visit.local_date.between(first, last),
            Visit.cancelled_ms.is_(None),
        )
        .order_by(Visit.local_date, Visit.made_ms, Visit.id)
    )


def _last_rounds(session: Session, site_ids: Sequence[str]) -> dict[str, int]:
    query = sa.select(Record.scope_id, sa.func.max(Record.event_ms)).where(
        in_force_of("inspection_round", site_ids)
    )
    rows = session.execute(query.group_by(Record.scope_id))
    return {site_id: at_ms for site_id, at_ms in rows if at_ms is not None}
