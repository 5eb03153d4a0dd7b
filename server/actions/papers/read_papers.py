"""Papers that a viewer may see, and what the rows say of a kind on a date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.flags.owner import owner_of
from server.base.problems import Problem, not_found
from server.models.access import Viewer, visible_flags
from server.models.flag import Flag, FlagEvent, of_flag
from server.models.paging import After, Page, cut, read_cursor
from server.models.paper import STATES, Paper, PaperService
from server.models.site import GENERAL_CONTRACTOR, Company, Site, SiteCompany
from server.models.tx import Tx
from server.rules.flags.moves import CONTRACTOR, MOVES, party
from server.rules.flags.words import moment
from server.rules.from_rows import Row, holds, in_force
from server.rules.papers.uses import USES, fits
from server.rules.papers.writing import typed_number
from server.rules.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class PaperFile:
    """A paper with its flag, its site and its services, the first one first."""

    paper: Paper
    flag: Flag
    site: Site
    services: Sequence[PaperService]


@dataclass(frozen=True, slots=True)
class Registered:
    """A paper as lists show it: with its site, and the name of the party."""

    paper: Paper
    site: Site
    party: str


_NEWEST = (Paper.made_ms.desc(), Paper.id.desc())


def kind_row(book: Rulebook, kind: str, date: str) -> Row:
    """The template in force. Raises Problem 404 without one."""
    row = in_force(book.rows["paper_kinds"], kind, date)
    if row is None:
        raise not_found()
    return row


def known_fact(book: Rulebook, code: str, date: str) -> str:
    """What is known of the bureau; empty where nobody has said it."""
    row = in_force(book.rows["bureau_facts"], code, date)
    return str((row or {}).get("value") or "")


def officers_in_force(book: Rulebook, date: str) -> list[Row]:
    return sorted(
        (row for row in book.rows["officers"] if holds(row, date)), key=lambda row: str(row["name"])
    )


def bases_for(book: Rulebook, duty: str, powers: Sequence[str], date: str) -> list[Row]:
    """What a paper about a flag of this duty may rest on: its own bases first, then those of any."""
    rows = [row for row in book.rows["bases"] if holds(row, date) and row["power"] in powers]
    fit = [row for row in rows if not row["duties"] or duty in row["duties"]]
    return sorted(fit, key=lambda row: (not row["duties"], row["hazard"], row["code"]))


def party_of(tx: Tx, viewer: Viewer, flag: Flag, site: Site) -> str | None:
    return party(viewer.role, viewer.unit, owner_of(flag, site, tx.book), tx.book.reviews())


def may_write(tx: Tx, viewer: Viewer, flag: Flag, site: Site, row: Row) -> bool:
    """Whether the viewer drafts this kind for this flag: as its template says, and a company only for itself."""
    mine = party_of(tx, viewer, flag, site)
    if mine == CONTRACTOR and flag.company not in (None, viewer.company):
        return False
    return mine in row["writers"]


def writable_kinds(tx: Tx, viewer: Viewer, flag: Flag, site: Site, date: str) -> list[Row]:
    """The kinds that the viewer may draft for the flag as it is now, in the order of the workflow."""
    events = sa.select(FlagEvent.action).where(of_flag(FlagEvent, flag), FlagEvent.action.in_(tuple(MOVES)))
    done = set(tx.session.scalars(events))
    rows = (in_force(tx.book.rows["paper_kinds"], kind, date) for kind in USES if fits(kind, done))
    return [row for row in rows if row is not None and may_write(tx, viewer, flag, site, row)]


def paper_of(session: Session, viewer: Viewer, paper_id: str) -> PaperFile:
    """Raises Problem 404 for one that is absent or not this viewer's."""
    query = (
        sa.select(Paper, Flag, Site)
        .join(Flag, sa.and_(Flag.scope_id == Paper.scope_id, Flag.id == Paper.flag_id))
        .join(Site, Site.id == Paper.scope_id)
        .where(Paper.id == paper_id, visible_flags(viewer), _visible(viewer))
    )
    row = session.execute(query).one_or_none()
    if row is None:
        raise not_found()
    services = sa.select(PaperService).where(PaperService.paper_id == paper_id).order_by(PaperService.n)
    return PaperFile(row[0], row[1], row[2], list(session.scalars(services)))


def papers_of(session: Session, viewer: Viewer, flag: Flag) -> list[Paper]:
    """The papers of a flag that the viewer may see, the first one first."""
    query = sa.select(Paper).where(
        Paper.scope_id == flag.scope_id, Paper.flag_id == flag.id, _visible(viewer)
    )
    return list(session.scalars(query.order_by(Paper.made_ms, Paper.id)))


def paper_rows(papers: Sequence[Paper]) -> list[list[str]]:
    """What the flag's file says of its papers that were signed, void ones too."""
    return [
        [
            paper.title,
            paper.number or "—",
            STATES[paper.state],
            moment(paper.signed_ms),
            moment(paper.served_ms),
            paper.void_reason or "—",
        ]
        for paper in papers
        if paper.state != "draft"
    ]


def register(
    session: Session, viewer: Viewer, chosen: Mapping[str, str], start: int, limit: int
) -> tuple[list[tuple[Paper, Site, str]], int]:
    """Papers of all flags that the viewer may see, newest first, with site and party; and how many there are. `chosen`:
    kind, state (also `unserved`), number (a part of it)."""
    query = _registered(viewer, chosen)
    total = session.scalar(query.with_only_columns(sa.func.count())) or 0
    page = query.order_by(*_NEWEST).offset(start).limit(limit)
    return [(paper, site, name or "") for paper, site, name in session.execute(page)], total


def page_of_papers(
    session: Session, viewer: Viewer, chosen: Mapping[str, str], cursor: str | None, limit: int
) -> Page[Registered]:
    """The same by cursor. Raises Problem 422 for a bad cursor."""
    query, after = _registered(viewer, chosen).order_by(*_NEWEST).limit(limit + 1), read_cursor(cursor)
    if after is not None:
        last_id = sa.bindparam(None, after.id, type_=Paper.id.type)
        query = query.where(sa.tuple_(Paper.made_ms, Paper.id) < sa.tuple_(after.ms, last_id))
    page = cut(session.execute(query).all(), limit, lambda row: After(row[0].made_ms, row[0].id))
    return Page([Registered(paper, site, name or "") for paper, site, name in page.items], page.next)


def papers_numbered(session: Session, viewer: Viewer, text: str, limit: int) -> list[tuple[Paper, Site]]:
    """Papers whose number has this in it, newest first."""
    query = _registered(viewer, {"number": text}).order_by(*_NEWEST).limit(limit)
    return [(paper, site) for paper, site, _ in session.execute(query)]


def _registered(viewer: Viewer, chosen: Mapping[str, str]) -> sa.Select[Paper, Site, str]:
    query = (
        sa.select(Paper, Site, Company.name)
        .join(Flag, sa.and_(Flag.scope_id == Paper.scope_id, Flag.id == Paper.flag_id))
        .join(Site, Site.id == Paper.scope_id)
        .outerjoin(Company, Company.code == Paper.company)
        .where(visible_flags(viewer), _visible(viewer))
    )
    if chosen.get("kind"):
        query = query.where(Paper.kind == chosen["kind"])
    state = chosen.get("state")
    if state == "unserved":
        served = [kind for kind, use in USES.items() if use.served]
        query = query.where(Paper.state == "signed", Paper.served_ms.is_(None), Paper.kind.in_(served))
    elif state:
        query = query.where(Paper.state == state)
    number = typed_number(chosen.get("number") or "")
    return query.where(Paper.number.contains(number, autoescape=True)) if number else query


def _visible(viewer: Viewer) -> sa.ColumnElement[bool]:
    """A company sees what it wrote itself, and what was signed for it, also when that was voided since: what takes effect
    when it is served, from then on. An administrator sees none: papers say what was found."""
    if viewer.role == "admin":
        return sa.false()
    if viewer.role != CONTRACTOR:
        return sa.true()
    shown = {kind: use.served for kind, use in USES.items() if use.to_party}
    at_once = [kind for kind, served in shown.items() if not served]
    reached = sa.or_(
        Paper.kind.in_(at_once), sa.and_(Paper.kind.in_(list(shown)), Paper.served_ms.is_not(None))
    )
    theirs = sa.and_(Paper.signed_ms.is_not(None), Paper.company == viewer.company, reached)
    return sa.or_(Paper.made_by == viewer.id, theirs)


def company_of(session: Session, flag: Flag) -> tuple[str | None, str]:
    """To whom the flag's papers are addressed: (code, name)."""
    code = flag.company
    if code is None:
        here = sa.select(SiteCompany.company).where(
            SiteCompany.site_id == flag.scope_id, SiteCompany.role == GENERAL_CONTRACTOR
        )
        code = session.scalar(here.order_by(SiteCompany.company).limit(1))
    company = session.get(Company, code) if code else None
    return code, company.name if company is not None else (code or "")


def faulty(errors: Mapping[str, Any], detail: str = "请按提示修改。") -> Problem:
    return Problem("invalid_input", detail, errors=dict(errors))
