"""Figures side by side, by district, unit, contractor, inspector, duty or site: sites, flags and windows of a period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.models.access import Viewer, visible_flags, visible_sites
from server.models.flag import Flag, FlagStep
from server.models.site import GENERAL_CONTRACTOR, Company, Site, SiteCompany
from server.models.user import Assignment, User
from server.models.window import Window
from server.rules.calendar import DAY_MS, add_days, local_date_of, midnight_ms
from server.rules.flags.moves import CONTRACTOR

DAYS_MAX = 92
_WEEK = 7
_LATE = ("done_late", "backfilled", "review")


@dataclass(frozen=True, slots=True)
class By:
    """By what figures are put side by side. `noun`: of the reference data that names the codes; without, the rows bring
    their names. `note`: how something counts that belongs to several."""

    title: str
    noun: str = ""
    note: str = ""


BYS: Mapping[str, By] = {
    "district": By("区县", "districts"),
    "unit": By("主管科室", "units"),
    "company": By("总承包企业", note="一个地点有几家总承包的, 每家各计一次。"),
    "inspector": By("检查员", note="一个地点分配给几人的, 每人各计一次。"),
    "site": By("地点"),
    "duty": By("职责", "duties"),
}
_OF_COMPANIES = ("site", "duty")  # what a contractor compares: nothing that names others


@dataclass(slots=True)
class Figures:
    """One row. `opened`, `closed`: flags of the period; `live`, `severe`, `overdue`: flags now; `closed_days`: of those
    closed in the period the mean time from opening to closing. Windows: how many of the period were judged how."""

    code: str
    name: str = ""
    sites: int = 0
    opened: int = 0
    closed: int = 0
    live: int = 0
    severe: int = 0
    overdue: int = 0
    closed_days: float | None = None
    met: int = 0
    late: int = 0
    missed: int = 0
    silent: int = 0

    @property
    def judged(self) -> int:
        return self.met + self.late + self.missed + self.silent

    @property
    def share(self) -> float | None:
        """How many of the windows were met in time; None when none was judged."""
        return self.met / self.judged if self.judged else None


def bys_of(viewer: Viewer) -> Mapping[str, By]:
    """By what this viewer may put figures side by side. Officials have many sites, and lists of them."""
    is_company = viewer.role == CONTRACTOR
    return {code: by for code, by in BYS.items() if (code in _OF_COMPANIES if is_company else code != "site")}


def period_of_figures(first: str | None, last: str | None, now_ms: int) -> tuple[str, str]:
    """The local dates, both included: the last week where none are given, never more than DAYS_MAX days."""
    end = last or local_date_of(now_ms)
    begin = first or add_days(end, 1 - _WEEK)
    if begin > end:
        begin, end = end, begin
    return max(begin, add_days(end, 1 - DAYS_MAX)), end


def figures_by(
    session: Session, viewer: Viewer, by: str, period: tuple[str, str], now_ms: int
) -> list[Figures]:
    """A row for each of what `by` names, of the sites that the viewer may see: the one with most that is overdue first. A
    fixed number of statements."""
    from_ms, to_ms = midnight_ms(period[0]), midnight_ms(add_days(period[1], 1))
    rows: dict[str, Figures] = {}
    seen = sa.and_(visible_sites(viewer), Site.practice.is_(False))
    row_of = _rows(session, rows, by, seen)
    if by != "duty":
        counted = sa.select(_key(by, Site), sa.func.count(sa.distinct(Site.id))).select_from(Site)
        for code, count in session.execute(
            _joined(counted, by, Site.id).where(seen).group_by(_key(by, Site))
        ):
            row_of(code).sites = count
    own = sa.and_(visible_flags(viewer), Site.practice.is_(False))
    _count_flags(session, row_of, by, own, (from_ms, to_ms))
    if viewer.role == CONTRACTOR:  # what others have not done in time is not hers
        hers = sa.or_(Flag.company.is_(None), Flag.company == viewer.company)
        _count_overdue(session, row_of, by, sa.and_(own, hers, FlagStep.unit == CONTRACTOR), now_ms)
    else:
        _count_overdue(session, row_of, by, own, now_ms)
    _count_windows(session, row_of, by, seen, (from_ms, min(to_ms, now_ms)))
    found = [row for row in rows.values() if row.sites or row.opened or row.closed or row.live or row.judged]
    return sorted(
        found,
        key=lambda row: (-row.overdue, -row.live, row.share if row.share is not None else 1.0, row.name),
    )


def _key(by: str, rows: Any) -> Any:
    """What a row belongs to. `rows`: Site, Flag or Window, which the duty is read from."""
    keys: dict[str, Callable[[], Any]] = {
        "district": lambda: Site.district,
        "unit": lambda: Site.unit,
        "company": lambda: SiteCompany.company,
        "inspector": lambda: sa.cast(Assignment.user_id, sa.String),
        "duty": lambda: rows.duty,
        "site": lambda: sa.cast(Site.id, sa.String),
    }
    return keys[by]()


def _joined(query: Any, by: str, site_id: Any) -> Any:
    """The query, which has the site, with what its rows belong to."""
    if by == "company":
        mine = sa.and_(SiteCompany.site_id == site_id, SiteCompany.role == GENERAL_CONTRACTOR)
        return query.join(SiteCompany, mine)
    if by == "inspector":
        return query.join(Assignment, sa.and_(Assignment.site_id == site_id, Assignment.ended_ms.is_(None)))
    return query


def _rows(
    session: Session, rows: dict[str, Figures], by: str, seen: sa.ColumnElement[bool]
) -> Callable[[Any], Figures]:
    """Gives the row of a code, a new one where there was none; with the names of companies, inspectors and sites."""
    names: dict[str, str] = defaultdict(str)
    if by == "company":
        names.update({row.code: row.name for row in session.execute(sa.select(Company.code, Company.name))})
    if by == "site":
        names.update({row.id: row.name for row in session.execute(sa.select(Site.id, Site.name).where(seen))})
    if by == "inspector":
        users = sa.select(User.id, User.display_name).where(User.role == "inspector")
        names.update({row.id: row.display_name for row in session.execute(users)})

    def row_of(code: Any) -> Figures:
        return rows.setdefault(str(code), Figures(str(code), names[str(code)] or str(code)))

    return row_of


def _count_flags(
    session: Session,
    row_of: Callable[[Any], Figures],
    by: str,
    own: sa.ColumnElement[bool],
    between: tuple[int, int],
) -> None:
    first, last = between
    opened = sa.and_(Flag.opened_ms >= first, Flag.opened_ms < last)
    closed = sa.and_(Flag.closed_ms >= first, Flag.closed_ms < last)
    live = Flag.closed_ms.is_(None)
    counts = [
        sa.func.count().filter(which)
        for which in (opened, closed, live, sa.and_(live, Flag.severity == "severe"))
    ]
    lasted = sa.func.avg((Flag.closed_ms - Flag.opened_ms) / float(DAY_MS)).filter(closed)
    query = sa.select(_key(by, Flag), *counts, lasted).select_from(Flag).join(Site, Site.id == Flag.scope_id)
    query = _joined(query, by, Site.id).where(own, sa.or_(opened, closed, live)).group_by(_key(by, Flag))
    for code, new, done, now, severe, days in session.execute(query):
        row = row_of(code)
        row.opened, row.closed, row.live, row.severe = new, done, now, severe
        row.closed_days = float(days) if days is not None else None


def _count_overdue(
    session: Session, row_of: Callable[[Any], Figures], by: str, own: sa.ColumnElement[bool], now_ms: int
) -> None:
    late = sa.and_(FlagStep.asks, FlagStep.done_ms.is_(None), FlagStep.due_ms <= now_ms)
    query = (
        sa.select(_key(by, Flag), sa.func.count(sa.distinct(Flag.id)))
        .select_from(FlagStep)
        .join(Flag, sa.and_(Flag.scope_id == FlagStep.scope_id, Flag.id == FlagStep.flag_id))
        .join(Site, Site.id == Flag.scope_id)
        .where(late, Flag.closed_ms.is_(None), own)
    )
    for code, count in session.execute(_joined(query, by, Site.id).group_by(_key(by, Flag))):
        row_of(code).overdue = count


def _count_windows(
    session: Session,
    row_of: Callable[[Any], Figures],
    by: str,
    seen: sa.ColumnElement[bool],
    between: tuple[int, int],
) -> None:
    counts = [
        sa.func.count().filter(Window.state.in_(states))
        for states in (("met",), _LATE, ("missed",), ("silent",))
    ]
    query = sa.select(_key(by, Window), *counts).select_from(Window).join(Site, Site.id == Window.scope_id)
    query = _joined(query, by, Site.id).where(
        Window.scope_id.in_(sa.select(Site.id).where(seen)),
        Window.opens_ms >= between[0],
        Window.opens_ms < between[1],
    )
    for code, *found in session.execute(query.group_by(_key(by, Window))):
        row = row_of(code)
        row.met, row.late, row.missed, row.silent = found
