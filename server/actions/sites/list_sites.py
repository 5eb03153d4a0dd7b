"""What a viewer sees of sites and their windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.limits import SITE_NAME_MAX
from server.base.clock import SHANGHAI
from server.base.problems import Problem, not_found
from server.models.access import Viewer, visible_companies, visible_sites
from server.models.flag import Flag
from server.models.paging import After, Page, Slice, cut, read_cursor
from server.models.place import Place, places_of
from server.models.scope import Scope
from server.models.site import Company, Site, SiteCompany
from server.models.window import Window
from server.rules.calendar import midnight_ms
from server.rules.plain_text import cleaned

SPAN_DAYS_MAX = 93
DAYS_BACK = 6  # with today, a week
DAYS_AHEAD = 1


@dataclass(frozen=True, slots=True)
class ShownSite:
    """A site, how far its tablets have reported in, and what is open against it."""

    site: Site
    watermark_ms: int | None
    open_flags: int
    places: list[dict[str, Any]] = field(default_factory=list)
    companies: list[dict[str, Any]] = field(default_factory=list)


def page_of_sites(session: Session, viewer: Viewer, cursor: str | None, limit: int) -> Page[ShownSite]:
    """The sites that the viewer may see, oldest first. Raises Problem 422 for a bad cursor."""
    after = read_cursor(cursor)
    query = _shown_sites().where(visible_sites(viewer)).order_by(Site.id).limit(limit + 1)
    if after is not None:
        query = query.where(Site.id > after.id)
    page = cut(session.execute(query).all(), limit, lambda row: After(0, row[0].id))
    return Page(_shown(session, viewer, page.items), page.next)


def sites_found(
    session: Session, viewer: Viewer, asked: Mapping[str, str], part: Slice
) -> tuple[list[ShownSite], int]:
    """The viewer's sites of a `district` or `stage`, or with a `text` in name or address, by district and name; and how many
    there are."""
    query = _shown_sites().where(visible_sites(viewer))
    for name, column in (("district", Site.district), ("stage", Site.stage)):
        if asked.get(name, "").isalnum():
            query = query.where(column == asked[name])
    text = cleaned(asked.get("text", ""))[:SITE_NAME_MAX]
    if text:
        words = (column.contains(text, autoescape=True) for column in (Site.name, Site.address))
        query = query.where(sa.or_(*words))
    total = session.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(Site.district, Site.name, Site.id).offset(part.start).limit(part.limit)
    rows = session.execute(ordered).all()
    return _shown(session, viewer, rows), total


def one_site(session: Session, viewer: Viewer, site_id: str) -> ShownSite:
    """One site. Raises Problem 404 when it is absent or not this viewer's."""
    row = session.execute(_shown_sites().where(Site.id == site_id, visible_sites(viewer))).one_or_none()
    if row is None:
        raise not_found()
    return _shown(session, viewer, [row])[0]


def companies_seen(session: Session, viewer: Viewer) -> list[tuple[str, str]]:
    """The companies at this viewer's sites: (code, name), by name."""
    query = (
        sa.select(Company.code, Company.name)
        .join(SiteCompany, SiteCompany.company == Company.code)
        .join(Site, Site.id == SiteCompany.site_id)
        .where(visible_sites(viewer), visible_companies(viewer))
        .distinct()
        .order_by(Company.name, Company.code)
    )
    return [(code, name) for code, name in session.execute(query)]


class Days(NamedTuple):
    """From one local date to another, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Span:
    """The local dates that somebody asks for, both included; either may be left open."""

    first: date | None = None
    last: date | None = None

    def settled(self, now_ms: int) -> Days:
        """Both ends: a week up to tomorrow where none is given. Raises Problem 422 for a span that cannot
        be."""
        today = datetime.fromtimestamp(now_ms / 1000, SHANGHAI).date()
        last = self.last or (
            self.first + timedelta(DAYS_BACK) if self.first else today + timedelta(DAYS_AHEAD)
        )
        first = self.first or last - timedelta(DAYS_BACK + DAYS_AHEAD)
        if not first <= last <= first + timedelta(SPAN_DAYS_MAX):
            message = f"起止日期颠倒, 或者超过 {SPAN_DAYS_MAX} 天。"
            raise Problem("invalid_input", message, errors={"to": [message]})
        return Days(first, last)


def page_of_windows(
    session: Session, viewer: Viewer, site_id: str, days: Days, cursor: str | None, limit: int
) -> Page[Window]:
    """The windows of one site by local date, in the order in which they open. Raises Problem 404 or 422."""
    first, last = days
    after = read_cursor(cursor)
    one_site(session, viewer, site_id)
    query = (
        sa.select(Window)
        .where(
            Window.scope_id == site_id,
            # A day of slack on both sides of the index: a night shift belongs to the date on which it began.
            Window.opens_ms.between(
                midnight_ms((first - timedelta(1)).isoformat()),
                midnight_ms((last + timedelta(2)).isoformat()),
            ),
            Window.local_date.between(first.isoformat(), last.isoformat()),
        )
        .order_by(Window.opens_ms, Window.id)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(sa.tuple_(Window.opens_ms, Window.id) > sa.tuple_(after.ms, _id(after.id)))
    return cut(session.scalars(query).all(), limit, lambda window: After(window.opens_ms, window.id))


def _id(value: str) -> sa.BindParameter[str]:
    """An id that PostgreSQL must compare as one."""
    return sa.bindparam(None, value, type_=Window.id.type)


def _shown_sites() -> sa.Select[Site, int | None, int]:
    open_flags = (
        sa.select(sa.func.count()).where(Flag.scope_id == Site.id, Flag.closed_ms.is_(None)).scalar_subquery()
    )
    return sa.select(Site, Scope.watermark_ms, open_flags).outerjoin(Scope, Scope.scope_id == Site.id)


def _shown(session: Session, viewer: Viewer, rows: Sequence[Any]) -> list[ShownSite]:
    site_ids = [row[0].id for row in rows]
    companies, places = _companies(session, viewer, site_ids), places_of(session, site_ids)
    return [
        ShownSite(
            site, watermark_ms, open_flags, list(map(_place, places[site.id])), companies.get(site.id, [])
        )
        for site, watermark_ms, open_flags in rows
    ]


def _place(place: Place) -> dict[str, Any]:
    shown = {name: getattr(place, name) for name in ("id", "kind", "name", "from_ms", "to_ms")}
    return {**shown, "earlier": [name for name, _ in place.names[:-1]]}


def _companies(session: Session, viewer: Viewer, site_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    query = (
        sa.select(SiteCompany.site_id, SiteCompany.company, SiteCompany.role, Company.name)
        .outerjoin(Company, Company.code == SiteCompany.company)
        .where(SiteCompany.site_id.in_(site_ids), visible_companies(viewer))
        .order_by(SiteCompany.role.desc(), SiteCompany.company)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in session.execute(query):
        shown = {"code": row.company, "name": row.name or row.company, "role": row.role}
        found.setdefault(row.site_id, []).append(shown)
    return found
