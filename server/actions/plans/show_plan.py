"""A plan's text with what each measure has come to, from the city to the sentence to the site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.plans.read_plan import Sentence, known_plan, one_measure, sentences
from server.base.problems import not_found
from server.models.access import Viewer, visible_sites
from server.models.site import Site
from server.models.standing import STATES, Ranks, Standing, ranks_of, speaks_now, worst_of
from server.models.window import Window
from server.rules.calendar import local_date_of
from server.rules.rulebook import Rulebook

SITES_MAX = 300
WINDOWS_MAX = 200
NARROWED = {
    "district": "districts",
    "unit": "units",
    "kind": "site_kinds",
}  # a site's columns, with their nouns

Narrowed = Mapping[str, str]
Groups = Mapping[str, Mapping[str, Standing]]  # by column of a site and its value


class PlanSite(NamedTuple):
    """What the page needs of a site, named as its columns."""

    id: str
    name: str
    district: str
    unit: str
    kind: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A piece of the text, and how the sites stand with it; None for what is no measure."""

    sentence: Sentence
    standing: Standing | None


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """`plans`: the titles of all plans by their codes; `groups`: how the sites stand with the whole plan; `choices`: the
    values that there are to narrow it to."""

    code: str
    plans: Mapping[str, str]
    text: Sequence[Measured]
    groups: Groups
    choices: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class ShownMeasure:
    """One measure: `sites` with the state of each, the worst first; `more`: how many are not shown."""

    sentence: Sentence
    standing: Standing
    groups: Groups
    sites: Sequence[tuple[PlanSite, str]]
    more: int


def show_plan(
    session: Session, viewer: Viewer, book: Rulebook, plan: str | None, narrowed: Narrowed, now_ms: int
) -> ShownPlan:
    """A plan (None: the first one) over the sites that the viewer may see, narrowed to these values. Raises Problem 404."""
    today = local_date_of(now_ms)
    code, known = known_plan(book, plan, today)
    text = sentences(book, code, today)
    kinds = _kinds(text)
    seen = [site for site in _seen(session, viewer) if site.kind in kinds]
    sites = [site for site in seen if _fits(site, narrowed)]
    asked = sorted({code for one in text for code in one.asked})
    ranks = ranks_of(session, _query(viewer, narrowed), asked, now_ms)
    shown = [Measured(one, _standing(one, sites, ranks) if one.duties else None) for one in text]
    choices = {name: sorted({getattr(site, name) for site in seen}) for name in NARROWED}
    return ShownPlan(code, known, shown, _groups(text, sites, ranks), choices)


def show_measure(
    session: Session, viewer: Viewer, book: Rulebook, code: str, narrowed: Narrowed, now_ms: int
) -> ShownMeasure:
    """One measure and its sites. Raises Problem 404."""
    one = one_measure(book, code, local_date_of(now_ms))
    sites = [site for site in _seen(session, viewer) if _fits(site, narrowed)]
    ranks = ranks_of(session, _query(viewer, narrowed), one.asked, now_ms)
    ranked = [(rank, site) for site in sites if (rank := worst_of(ranks.get(site.id, {}), one.asked))]
    ranked.sort(key=lambda pair: (pair[0], pair[1].district, pair[1].name, pair[1].id))
    named = [(site, STATES[rank]) for rank, site in ranked[:SITES_MAX]]
    standing = _standing(one, sites, ranks)
    return ShownMeasure(one, standing, _groups([one], sites, ranks), named, len(ranked) - len(named))


def windows_of_measure(
    session: Session, viewer: Viewer, book: Rulebook, code: str, site_id: str, now_ms: int
) -> tuple[Sentence, Site, Sequence[Window]]:
    """What one site was asked by a measure, and what it did. Raises Problem 404."""
    one = one_measure(book, code, local_date_of(now_ms))
    site = session.scalar(sa.select(Site).where(Site.id == site_id, visible_sites(viewer)))
    if site is None:
        raise not_found()
    query = sa.select(Window).where(
        Window.scope_id == site_id, Window.duty.in_(one.asked), speaks_now(now_ms)
    )
    rows = session.scalars(query.order_by(Window.opens_ms.desc(), Window.duty, Window.id).limit(WINDOWS_MAX))
    return one, site, list(rows)


def _query(viewer: Viewer, narrowed: Narrowed) -> sa.Select[str]:
    query = sa.select(Site.id).where(visible_sites(viewer), Site.practice.is_(False))
    for name, value in narrowed.items():
        query = query.where(getattr(Site, name) == value)
    return query


def _seen(session: Session, viewer: Viewer) -> list[PlanSite]:
    columns = [getattr(Site, name) for name in PlanSite._fields]
    query = sa.select(*columns).where(Site.id.in_(_query(viewer, {})))
    return [PlanSite(*row) for row in session.execute(query)]


def _fits(site: PlanSite, narrowed: Narrowed) -> bool:
    return all(getattr(site, name) == value for name, value in narrowed.items())


def _standing(one: Sentence, sites: Iterable[PlanSite], ranks: Ranks) -> Standing:
    """How the sites of the kinds that a measure is for stand with it."""
    kinds, asked, found = one.site_kinds, one.asked, Standing()
    for site in sites:
        if site.kind in kinds:
            found.sites += 1
            rank = worst_of(ranks.get(site.id, {}), asked)
            if rank is not None:
                found.add(rank)
    return found


def _kinds(text: Sequence[Sentence]) -> frozenset[str]:
    return frozenset().union(*(one.site_kinds for one in text))


def _groups(text: Sequence[Sentence], sites: Iterable[PlanSite], ranks: Ranks) -> Groups:
    kinds = _kinds(text)
    groups: dict[str, dict[str, Standing]] = {name: {} for name in NARROWED}
    for site in sites:
        if site.kind not in kinds:
            continue
        rank = min(ranks.get(site.id, {}).values(), default=None)
        for name, some in groups.items():
            standing = some.setdefault(getattr(site, name), Standing())
            standing.sites += 1
            if rank is not None:
                standing.add(rank)
    return {name: dict(sorted(some.items(), key=_worst_first)) for name, some in groups.items()}


def _worst_first(item: tuple[str, Standing]) -> tuple[int, int, int, str]:
    name, standing = item
    return (-standing.missed, -standing.silent, -standing.late, name)
