"""What is kept of people's health at which sites, until when, and the proofs of what was erased."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.erasure.erase_health import is_needed
from server.actions.erasure.health_proof import proof_facts
from server.base.seal import Seals
from server.models.access import Viewer, visible_sites
from server.models.health import HealthErasure
from server.models.scope import Scope
from server.models.site import Site
from server.rules.health import DAYS, erased_from, health_kinds
from server.rules.health_proof import chain_faults, proof_hash
from server.rules.rulebook import Rulebook

SHOWN_MAX = 300


class Kept(NamedTuple):
    """A kind of sites: on which day its duties ended and from which day on its health data is erased (empty: they go on),
    how many sites, at how many of them an open flag or case still needs it, and at how many it was erased."""

    kind: str
    ended_on: str
    erased_from: str
    sites: int
    needed: int
    erased: int


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof with its site's name. `hash`: by which the next one and the archive name it; `holds`: whether its signature
    and the chain of the site's proofs do."""

    site_id: str
    site: str
    row: HealthErasure
    hash: str
    holds: bool


@dataclass(frozen=True, slots=True)
class ShownHealth:
    """`kinds`: the kinds of records that are erased; `days`: how long they are kept after the end; None without the rule."""

    kinds: Sequence[str]
    days: float | None
    kept: Sequence[Kept]
    proofs: Sequence[Proof]


def show_health(session: Session, seals: Seals, viewer: Viewer, book: Rulebook, today: str) -> ShownHealth:
    """Over the sites that the viewer may see; of proofs the latest."""
    try:
        days: float | None = book.number(DAYS, today)
    except LookupError:
        days = None
    kinds = sorted(health_kinds(book.kinds.kinds))
    return ShownHealth(kinds, days, _kept(session, viewer, book, today), _proofs(session, seals, viewer))


def _kept(session: Session, viewer: Viewer, book: Rulebook, today: str) -> list[Kept]:
    ended = erased_from(book, today)
    done = sa.exists().where(HealthErasure.scope_id == Site.id, HealthErasure.done_ms.is_not(None))
    columns: tuple[Any, ...] = (
        Site.kind,
        sa.func.count(),
        *(sa.func.count().filter(one) for one in (is_needed(book), done)),
    )
    rows = session.execute(sa.select(*columns).where(visible_sites(viewer)).group_by(Site.kind))
    found = []
    for row in rows:
        kind, *counts = tuple(row)
        found.append(Kept(str(kind), *ended.get(str(kind), ("", "")), *counts))
    return sorted(found, key=lambda one: (one.erased_from or "9", one.kind))


def _proofs(session: Session, seals: Seals, viewer: Viewer) -> list[Proof]:
    key = seals.signing_key.public_key().public_bytes_raw()
    columns = (HealthErasure, Site.name, Scope)
    query = sa.select(*columns).join(Site, Site.id == HealthErasure.scope_id)
    query = query.join(Scope, Scope.scope_id == Site.id)
    mine = sa.and_(visible_sites(viewer), HealthErasure.done_ms.is_not(None))
    newest = sa.select(HealthErasure.scope_id).join(Site, Site.id == HealthErasure.scope_id).where(mine)
    newest = newest.order_by(HealthErasure.done_ms.desc(), HealthErasure.scope_id).limit(SHOWN_MAX)
    named = HealthErasure.scope_id.in_(session.scalars(newest).all())
    chains: dict[str, list[tuple[HealthErasure, str, dict[str, object]]]] = {}
    for row, name, scope in session.execute(query.where(mine, named).order_by(HealthErasure.number)):
        chains.setdefault(row.scope_id, []).append((row, name, proof_facts(scope.name, row)))
    found = []
    for site_id, chain in chains.items():
        broken = {number for number, _ in chain_faults(key, [facts for *_, facts in chain])}
        for row, name, facts in chain:
            found.append(Proof(site_id, name, row, proof_hash(facts), row.number not in broken))
    found.sort(key=lambda one: (-(one.row.done_ms or 0), one.site, one.row.number))
    return found[:SHOWN_MAX]
