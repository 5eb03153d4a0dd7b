"""Search everywhere at once: sites, flags by their number, papers by theirs (文号), a person by the whole
certificate number. What is sealed is found by its digest alone; that somebody looked is kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from schemas.certificates import CERTIFICATE_TYPES
from server.actions.accounts.limit_rate import limit_rate
from server.actions.papers.read_papers import papers_numbered
from server.actions.records.registers import certificate_digest
from server.actions.rosters.list_people import LOOKUPS_PER_HOUR, ShownPerson, one_person
from server.models.access import Viewer, may_see_people, visible_companies, visible_flags, visible_sites
from server.models.audit import Deed, record_deed
from server.models.flag import Flag
from server.models.paper import Paper
from server.models.record import IN_FORCE, Record, Worker
from server.models.site import Company, Site, SiteCompany
from server.models.tx import Tx
from server.rules.calendar import midnight_ms
from server.rules.plain_text import cleaned
from server.rules.rosters.words import plain

TEXT_MAX = 60  # characters
FOUND_MAX = 30  # of each sort
_HOUR_MS = 3_600_000
_FLAG_NUMBER = re.compile(r"(20\d\d)-([0-9a-f]{8})(?:-(\d{1,9}))?")
_CERTIFICATE = re.compile(r"(?=(?:[a-z]*[0-9]){6})[0-9a-z]{8,20}")
_HAS_DIGIT = re.compile(r"\d")  # every number of a paper has some
_PHONE = re.compile(r"1[3-9][0-9]{9}")


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """Somebody on the roster of a site, numbers masked."""

    site: Site
    person: ShownPerson


@dataclass(frozen=True, slots=True)
class Found:
    """`event`: the number of the event that a document's number names. `is_number`: it was taken for a certificate's number,
    and nothing else was looked for; `is_phone`: for a telephone's, which is not found from here."""

    text: str
    sites: Sequence[Site] = ()
    papers: Sequence[tuple[Paper, Site]] = ()
    flags: Sequence[tuple[Flag, Site]] = ()
    event: int | None = None
    people: list[FoundPerson] = field(default_factory=list)
    is_number: bool = False
    is_phone: bool = False


def search_all(tx: Tx, viewer: Viewer, text: str) -> Found:
    """What the viewer may see of what this text finds. Raises Problem 429 for too many searches by whole numbers."""
    asked = cleaned(text)[:TEXT_MAX].replace("\n", " ")
    wanted = plain(asked)
    if not wanted:
        return Found(asked)
    number = _FLAG_NUMBER.fullmatch(wanted)
    if number is not None:
        event = int(number[3]) if number[3] is not None else None
        return Found(asked, flags=_flags(tx, viewer, number[1], number[2]), event=event)
    if _PHONE.fullmatch(wanted):
        return Found(asked, is_phone=True)
    if _CERTIFICATE.fullmatch(wanted) and may_see_people(viewer):
        companies = _sites(tx, viewer, asked, wanted) if len(wanted) == _COMPANY_CODE else []
        return Found(asked, sites=companies, people=_people(tx, viewer, wanted), is_number=True)
    papers = papers_numbered(tx.session, viewer, asked, FOUND_MAX) if _HAS_DIGIT.search(wanted) else []
    return Found(asked, sites=_sites(tx, viewer, asked, wanted), papers=papers)


_COMPANY_CODE = 18  # characters of a 统一社会信用代码, as many as a certificate's


def _flags(tx: Tx, viewer: Viewer, year: str, tail: str) -> list[tuple[Flag, Site]]:
    """The flags of this number: opened in that year, with an id that ends so."""
    opened = Flag.opened_ms.between(midnight_ms(f"{year}-01-01"), midnight_ms(f"{int(year) + 1}-01-01") - 1)
    query = (
        sa.select(Flag, Site)
        .join(Site, Site.id == Flag.scope_id)
        .where(opened, sa.cast(Flag.id, sa.String).like(f"%{tail}"), visible_flags(viewer))
        .order_by(Flag.opened_ms.desc(), Flag.id)
        .limit(FOUND_MAX)
    )
    return [(flag, site) for flag, site in tx.session.execute(query)]


def _sites(tx: Tx, viewer: Viewer, text: str, wanted: str) -> list[Site]:
    """By name or address, or by the name or the code of a company there that the viewer may know of."""
    working = (
        sa.select(SiteCompany.site_id)
        .outerjoin(Company, Company.code == SiteCompany.company)
        .where(
            visible_companies(viewer),
            sa.or_(Company.name.contains(text, autoescape=True), SiteCompany.company == wanted.upper()),
        )
    )
    words = [column.contains(text, autoescape=True) for column in (Site.name, Site.address)]
    query = (
        sa.select(Site)
        .where(visible_sites(viewer), sa.or_(*words, Site.id.in_(working)))
        .order_by(Site.district, Site.name, Site.id)
        .limit(FOUND_MAX)
    )
    return list(tx.session.scalars(query))


def _people(tx: Tx, viewer: Viewer, wanted: str) -> list[FoundPerson]:
    """Whoever has this certificate number, at every site that the viewer may see: counted, and kept with who asked."""
    session, number = tx.session, wanted.upper()
    limit_rate(session, f"lookup|{viewer.id}", LOOKUPS_PER_HOUR, _HOUR_MS, tx.now_ms)
    states = [{"certificate_type": one, "certificate_number": number} for one in CERTIFICATE_TYPES]
    query = (
        sa.select(Worker.id, Site)
        .join(Site, Site.id == Worker.scope_id)
        .join(Record, sa.and_(Record.scope_id == Worker.scope_id, Record.id == Worker.id))
        .where(
            Worker.certificate_digest.in_([certificate_digest(tx.seals, state) for state in states]),
            visible_sites(viewer),
            IN_FORCE,
            Worker.company == viewer.company if viewer.role == "contractor" else sa.true(),
        )
        .order_by(Worker.exited_on.is_not(None), Site.name, Worker.id)
        .limit(FOUND_MAX)
    )
    rows = session.execute(query).all()
    record_deed(session, Deed("looked_up", viewer.id, f"全市查找, 找到 {len(rows)} 处"), tx.now_ms)
    return [FoundPerson(site, one_person(session, tx.seals, viewer, site.id, key)) for key, site in rows]
