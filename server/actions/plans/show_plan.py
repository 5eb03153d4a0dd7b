"""A plan's text with what each measure has come to, from the city to the sentence to the site."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.plans.read_plan import Sentence, one_measure, plans, sentences
from server.base.problems import not_found
from server.models.access import Viewer, visible_sites
from server.models.site import Site
from server.models.standing import STATES, Standing, speaks_now, worst_by, worst_by_measure, worst_of_sites
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


@dataclass(frozen=True, slots=True)
class Measured:
    """A piece of the text, and how the sites stand with it; None for what is no measure."""

    sentence: Sentence
    standing: Standing | None


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """`groups`: by column of a site and its value, how many sites stand how with the whole plan; `choices`: the values that
    there are."""

    code: str
    codes: Sequence[str]
    text: Sequence[Measured]
    groups: Mapping[str, Mapping[str, Standing]]
    choices: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class ShownMeasure:
    """One measure: `sites` with the state of each, the worst first; `more`: how many are not shown."""

    sentence: Sentence
    standing: Standing
    groups: Mapping[str, Mapping[str, Standing]]
    sites: Sequence[tuple[Site, str]]
    more: int


def show_plan(
    session: Session,
    viewer: Viewer,
    book: Rulebook,
    plan: str | None,
    narrowed: Mapping[str, str],
    now_ms: int,
) -> ShownPlan:
    """A plan (None: the first one) over the sites that the viewer may see, narrowed to these values. Raises Problem 404."""
    today = local_date_of(now_ms)
    known = plans(book, today)
    if not known or plan not in (None, *known):
        raise not_found()
    text = sentences(book, plan or known[0], today)
    counts = _sites_by(session, viewer)
    sites = _sites(viewer, narrowed)
    standings = worst_by_measure(session, sites, {one.code: one.asked for one in text}, now_ms)
    shown = []
    for one in text:
        standing = None
        if one.duties:
            standing = standings.get(one.code, Standing())
            standing.sites = _for(one, counts, narrowed)
        shown.append(Measured(one, standing))
    asked = {code for one in text for code in one.asked}
    groups = _groups(session, viewer, narrowed, asked, text, now_ms)
    choices = {name: sorted({values[at] for values in counts}) for at, name in enumerate(NARROWED)}
    return ShownPlan(plan or known[0], known, shown, groups, choices)


def show_measure(
    session: Session, viewer: Viewer, book: Rulebook, code: str, narrowed: Mapping[str, str], now_ms: int
) -> ShownMeasure:
    """One measure and its sites. Raises Problem 404."""
    one = one_measure(book, code, local_date_of(now_ms))
    sites = _sites(viewer, narrowed)
    groups = _groups(session, viewer, narrowed, one.asked, [one], now_ms)
    standing = Standing(sites=_for(one, _sites_by(session, viewer), narrowed))
    for group in groups["kind"].values():
        for name in ("missed", "silent", "late", "met", "open"):
            setattr(standing, name, getattr(standing, name) + getattr(group, name))
    found = worst_of_sites(session, sites, one.asked, now_ms, SITES_MAX)
    named = [(site, STATES[number]) for site, number in found]
    return ShownMeasure(one, standing, groups, named, max(0, standing.asked - len(named)))


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


def _sites(viewer: Viewer, narrowed: Mapping[str, str]) -> sa.Select[str]:
    query = sa.select(Site.id).where(visible_sites(viewer), Site.practice.is_(False))
    for name, value in narrowed.items():
        query = query.where(getattr(Site, name) == value)
    return query


def _sites_by(session: Session, viewer: Viewer) -> dict[tuple[str, ...], int]:
    """How many sites there are, by district, unit and kind."""
    parts = [getattr(Site, name) for name in NARROWED]
    seen = _sites(viewer, {})
    query = sa.select(*parts, sa.func.count()).where(Site.id.in_(seen)).group_by(*parts)
    return {tuple(values): count for *values, count in session.execute(query)}


def _for(one: Sentence, counts: Mapping[tuple[str, ...], int], narrowed: Mapping[str, str]) -> int:
    """How many sites a measure is for, by their kinds."""
    kinds = {kind for duty in one.duties for kind in duty.site_kinds}
    return sum(count for values, count in counts.items() if values[2] in kinds and _fits(values, narrowed))


def _fits(values: tuple[str, ...], narrowed: Mapping[str, str]) -> bool:
    said = dict(zip(NARROWED, values, strict=True))
    return all(said[name] == value for name, value in narrowed.items())


def _groups(
    session: Session,
    viewer: Viewer,
    narrowed: Mapping[str, str],
    duties: Iterable[str],
    text: Sequence[Sentence],
    now_ms: int,
) -> dict[str, dict[str, Standing]]:
    groups = worst_by(session, _sites(viewer, narrowed), duties, NARROWED, now_ms)
    kinds = {kind for one in text for duty in one.duties for kind in duty.site_kinds}
    for values, count in _sites_by(session, viewer).items():
        if values[2] in kinds and _fits(values, narrowed):
            for name, value in zip(NARROWED, values, strict=True):
                groups[name].setdefault(value, Standing()).sites += count
    return {name: dict(sorted(some.items(), key=_worst_first)) for name, some in groups.items()}


def _worst_first(item: tuple[str, Standing]) -> tuple[int, int, int, str]:
    name, standing = item
    return (-standing.missed, -standing.silent, -standing.late, name)
