"""Sites, the companies on them, and approved suspensions. Their places are in place.py."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.base.db import Base, Id

GENERAL_CONTRACTOR = "009"
COMPANY_ROLES = {
    GENERAL_CONTRACTOR: "总承包",
    "001": "专业分包",
    "006": "劳务分包",
    "007": "监理",
    "008": "建设单位",
}
ALERTS = {"normal": "常态", "raised": "提高"}
STAGES = {"preparing": "筹备", "building": "在建", "stopped": "停工", "completed": "完工"}


class Site(Base):
    """A place under inspection; its id is its scope's. Nothing here assumes that it is a building site
    (`kind`)."""

    __tablename__ = "site"
    __table_args__ = (
        sa.Index("ix_site_planned_until", "planned_until"),  # the tick: whose windows end soon
        sa.Index("ix_site_watched_on", "watched_on"),  # the tick: whose records were not looked at today
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    kind: Mapped[str] = mapped_column(sa.String(24))
    district: Mapped[str] = mapped_column(sa.String(9), index=True)
    address: Mapped[str | None] = mapped_column(sa.String(200))
    # WGS 84, in degrees; both or neither.
    latitude_deg: Mapped[float | None] = mapped_column(sa.Float)
    longitude_deg: Mapped[float | None] = mapped_column(sa.Float)
    unit: Mapped[str] = mapped_column(sa.String(32))  # the section (科室) that receives its flags first
    stage: Mapped[str] = mapped_column(
        sa.String(16)
    )  # preparing 筹备, building 在建, stopped 停工, completed 完工
    alert: Mapped[str] = mapped_column(sa.String(8), default="normal")  # normal, raised
    inhabited: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    # For practising: everything works there, and nothing of it counts anywhere (models/access.py).
    practice: Mapped[bool] = mapped_column(sa.Boolean, default=False, server_default=sa.false())
    made_ms: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # nothing is asked of the time before
    planned_until: Mapped[str] = mapped_column(
        sa.String(10), default=""
    )  # local date through which windows exist
    # The rulebook by which they were planned last; another one, or none, and the tick plans them again.
    planned_stamp: Mapped[str] = mapped_column(sa.String(32), default="")
    # The local date on which its records were last looked through for signals.
    watched_on: Mapped[str] = mapped_column(sa.String(10), default="", server_default="")


class SiteCompany(Base):
    """A company at a site and its role there (009 总承包, 001 专业分包, 006 劳务分包 …)."""

    __tablename__ = "site_company"

    site_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("site.id"), primary_key=True)
    company: Mapped[str] = mapped_column(sa.String(18), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(sa.String(3))


class Company(Base):
    """A company by its 统一社会信用代码."""

    __tablename__ = "company"

    code: Mapped[str] = mapped_column(sa.String(18), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100))


class Suspension(Base):
    """An approved pause (停工) of a site's work, from when to when; open-ended while `to_ms` is None."""

    __tablename__ = "suspension"

    site_id: Mapped[str] = mapped_column(Id, sa.ForeignKey("site.id"), primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    from_ms: Mapped[int] = mapped_column(sa.BigInteger)
    to_ms: Mapped[int | None] = mapped_column(sa.BigInteger)
    approved_by: Mapped[str] = mapped_column(sa.String(100))
    reason: Mapped[str] = mapped_column(sa.String(200))


def count_sites(session: Session) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(Site)) or 0


def all_sites(session: Session) -> Sequence[Site]:
    """Every site, by district and name."""
    return session.scalars(sa.select(Site).order_by(Site.district, Site.name, Site.id)).all()


def all_companies(session: Session) -> list[tuple[str, str]]:
    """Every company: (code, name), by name."""
    query = sa.select(Company.code, Company.name).order_by(Company.name, Company.code)
    return [(code, name) for code, name in session.execute(query)]


def sites_named(session: Session, name: str) -> Sequence[Site]:
    """The sites of this name, by id: two sites may have the same name."""
    if "\0" in name:  # no text that PostgreSQL can be asked for
        return []
    return session.scalars(sa.select(Site).where(Site.name == name).order_by(Site.id)).all()


def sites_called(session: Session, text: str) -> list[Site]:
    """The site of this id, or the sites of this name."""
    try:
        site = session.get(Site, str(UUID(text)))
    except ValueError:
        return list(sites_named(session, text.strip()))
    return [] if site is None else [site]


SITES = sa.select(Site).where(Site.id.in_(sa.bindparam("site_ids", expanding=True)))
_SUSPENSIONS = (
    sa.select(Suspension)
    .where(Suspension.site_id.in_(sa.bindparam("site_ids", expanding=True)))
    .order_by(Suspension.from_ms, Suspension.id)
)


_CONTRACTORS = (
    sa.select(SiteCompany.site_id, sa.func.min(SiteCompany.company))
    .where(
        SiteCompany.site_id.in_(sa.bindparam("site_ids", expanding=True)),
        SiteCompany.role == GENERAL_CONTRACTOR,
    )
    .group_by(SiteCompany.site_id)
)


def contractors_of(session: Session, site_ids: Sequence[str]) -> dict[str, str]:
    """The general contractor of each of these sites that has one: the first by its code. One statement."""
    rows = session.execute(_CONTRACTORS, {"site_ids": site_ids})
    return {str(site_id): str(company) for site_id, company in rows}


def suspensions_of(session: Session, site_ids: Sequence[str]) -> dict[str, list[Suspension]]:
    """Each site's suspensions, earliest first. One statement."""
    found: dict[str, list[Suspension]] = {site_id: [] for site_id in site_ids}
    for row in session.scalars(_SUSPENSIONS, {"site_ids": site_ids}):
        found[row.site_id].append(row)
    return found
