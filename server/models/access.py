"""Who may see what: the only place where row-level access is decided (DOMAIN: Who).

Each function gives an SQL condition to put into a query's WHERE. An absent and a forbidden thing get the same
answer, because both are simply not found.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.models.flag import Flag
from server.models.reference import unit_reviews
from server.models.roster import Roster
from server.models.site import Site, SiteCompany
from server.models.user import ADMIN, OFFICIALS, Assignment, User
from server.rules.cameras import EVENT_KIND

Condition = sa.ColumnElement[bool]
EVERY_DISTRICT = "*"  # of a program that may see all sites


@dataclass(frozen=True, slots=True)
class Viewer:
    """The user of a request, with what access depends on; usable after its transaction has ended."""

    id: str
    name: str
    display_name: str
    role: str
    unit: str | None
    company: str | None
    districts: tuple[str, ...]
    judges: bool  # an official of a unit that reviews sites; never of a company (市政工程处有限公司)
    must_change: bool = False  # logged in with a one-time password: nothing but changing it is allowed
    stands_for: tuple[str, ...] = ()  # ids of colleagues who are away; `districts` has theirs too


def viewer_of(session: Session, user: User) -> Viewer:
    """`judges` follows the unit's row of reference data; a unit that nobody knows does not judge."""
    judges = user.role in OFFICIALS and unit_reviews(session, user.unit)
    columns = (user.id, user.name, user.display_name, user.role, user.unit, user.company)
    return Viewer(*columns, districts_of(user), judges, user.one_time_until_ms is not None)


def districts_of(user: User) -> tuple[str, ...]:
    """`district` holds codes joined by commas; empty means every district."""
    return tuple(code.strip() for code in (user.district or "").split(",") if code.strip())


def visible_sites(viewer: Viewer) -> Condition:
    """The condition on `Site` for the sites that this viewer may see. An unknown role sees nothing.

    Practice sites are seen by those who practise there: their inspectors, their contractors, and the officials that they
    are assigned to; by nobody else, so that they count in no other lists and figures.
    """
    seen = _by_role(viewer)
    if viewer.role not in OFFICIALS:
        return seen
    return sa.or_(
        sa.and_(seen, Site.practice.is_(False)), sa.and_(Site.practice, Site.id.in_(_assigned(viewer)))
    )


def _by_role(viewer: Viewer) -> Condition:
    match viewer.role:
        case "inspector" | "supervisor":
            return Site.id.in_(_assigned(viewer))
        case "contractor":
            # Contractors never see each other: only sites where their own company works.
            return Site.id.in_(sa.select(SiteCompany.site_id).where(SiteCompany.company == viewer.company))
        case "section" | "brigade" if not viewer.judges:
            # A company operates sites and never reviews: its own, and those that it is assigned.
            return sa.or_(Site.unit == viewer.unit, Site.id.in_(_assigned(viewer)))
        case "section":
            return Site.district.in_(viewer.districts) if viewer.districts else sa.true()
        case "brigade":
            return Site.id.in_(sa.select(Flag.scope_id))
        case "service":
            assigned = Site.id.in_(_assigned(viewer))
            is_everywhere = EVERY_DISTRICT in viewer.districts
            return sa.or_(Site.practice.is_(False), assigned) if is_everywhere else assigned
        case "admin":
            return sa.true()
        case _:
            return sa.false()


def visible_flags(viewer: Viewer) -> Condition:
    """The condition on `Flag`: flags of the sites that this viewer may see."""
    if viewer.role == "admin":
        return sa.true()
    if viewer.role == "brigade" and viewer.judges:
        others = sa.select(Site.id).where(Site.practice, Site.id.not_in(_assigned(viewer)))
        return Flag.scope_id.not_in(others)
    return Flag.scope_id.in_(sa.select(Site.id).where(visible_sites(viewer)))


def visible_companies(viewer: Viewer) -> Condition:
    """The condition on `SiteCompany`: a contractor sees that it works at a site, not who else does."""
    return SiteCompany.company == viewer.company if viewer.role == "contractor" else sa.true()


def sees_evidence(viewer: Viewer) -> bool:
    """Whether entries (who measured when, never the values) may be shown: not to an administrator."""
    return viewer.role != "admin"


def sees_signals(viewer: Viewer) -> bool:
    """Leads about records that may lie are for those who judge sites; whoever wrote them is not shown them."""
    return viewer.judges


def sees_kind(viewer: Viewer, kind: str) -> bool:
    """Whether records of this kind may be shown, apart from what is sealed: what a platform thinks it saw is a lead."""
    return kind != EVENT_KIND or sees_signals(viewer)


def sees_cases(viewer: Viewer) -> bool:
    """That somebody has a fever is health data: for those who judge sites, and for the inspectors of the site."""
    return viewer.role in ("section", "brigade", "inspector")


def may_settle(viewer: Viewer) -> bool:
    """Contested values and refused entries are read and settled by those who judge sites, and by the inspectors of the
    site."""
    return viewer.judges or viewer.role == "inspector"


def may_upload(viewer: Viewer) -> bool:
    """Rosters are uploaded and committed by the company whose people they are."""
    return viewer.role == "contractor" and viewer.company is not None


def may_see_people(viewer: Viewer) -> bool:
    """Rosters name people: not for an administrator."""
    return viewer.judges or viewer.role in ("contractor", "inspector")


def may_unmask(viewer: Viewer) -> bool:
    """Full numbers, with a reason that is kept: for those who judge sites."""
    return viewer.judges


def visible_rosters(viewer: Viewer) -> Condition:
    """The condition on `Roster`: a contractor's own company's, and for those who judge sites every one of theirs."""
    sites = Roster.site_id.in_(sa.select(Site.id).where(visible_sites(viewer)))
    match viewer.role:
        case "contractor":
            return sa.and_(sites, Roster.company == viewer.company)
        case "section" | "brigade" if viewer.judges:
            return sites
        case _:
            return sa.false()


def may_read_reports(viewer: Viewer) -> bool:
    """A report counts the whole city: for those who look after all of it. It names no site and no person."""
    return viewer.role == ADMIN or (viewer.judges and not viewer.districts)


def may_administer(viewer: Viewer) -> bool:
    """Users, devices and rules are the administrator's."""
    return viewer.role == ADMIN


def _assigned(viewer: Viewer) -> sa.Select[str]:
    return sa.select(Assignment.site_id).where(Assignment.user_id == viewer.id, Assignment.ended_ms.is_(None))
