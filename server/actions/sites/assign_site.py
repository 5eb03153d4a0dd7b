"""Assign a site to a user, and unassign it. The user's tablets learn of it through the user's own scope."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid5

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.devices.refresh_watermark import refresh_watermark
from server.actions.records.feed import Feed, Put, publish
from server.actions.reference.check_codes import wrong
from server.base.clock import to_iso
from server.base.problems import Problem
from server.base.seal import Seals
from server.models.audit import Deed, record_deed
from server.models.scope import REF, Scope, lock_scope, make_scope, scope_name
from server.models.site import Site, sites_called
from server.models.tx import Tx
from server.models.user import Assignment, User

_IDS = UUID("9a5a7a3e-5d0c-5f4e-9a77-0c6f0f4b1f10")  # the name space of assignment records


def assign_site(
    session: Session, seals: Seals, user: User, site: Site, now_ms: int, by: str | None = None
) -> Assignment:
    """From now on the site is this user's: access, and replication to the user's tablets. Doing it twice
    changes nothing."""
    for kind, scope_id in (("ref", REF), ("site", site.id), ("user", user.id)):
        make_scope(session, kind, scope_id)
    scope = _locked(session, user)
    assignment = session.get(Assignment, (site.id, user.id))
    if assignment is None:
        assignment = Assignment(site_id=site.id, user_id=user.id, since_ms=now_ms, ended_ms=None)
        session.add(assignment)
        _record(session, "site_assigned", user, site, by, now_ms)
    elif assignment.ended_ms is not None:
        assignment.since_ms, assignment.ended_ms = now_ms, None
        _record(session, "site_assigned", user, site, by, now_ms)
    session.flush()
    body = {"site": site.id, "scope": scope_name("site", site.id), "since": to_iso(assignment.since_ms)}
    publish(session, scope, seals, now_ms, [Put("assignment", assignment_id(site.id, user.id), body)])
    refresh_watermark(session, site.id, now_ms)
    return assignment


def unassign_site(
    session: Session, seals: Seals, user: User, site: Site, now_ms: int, by: str | None = None
) -> None:
    """The site is no longer this user's: its tablets push what they hold, then purge it. Raises Problem 404
    when it was not."""
    scope = _locked(session, user)
    assignment = session.get(Assignment, (site.id, user.id))
    if assignment is None or assignment.ended_ms is not None:
        raise Problem("not_assigned", f"{site.name} 没有分配给 {user.name}。")
    assignment.ended_ms = now_ms
    session.flush()
    feed = Feed(session, scope, seals, now_ms)
    feed.delete([assignment_id(site.id, user.id)])
    feed.flush()
    _record(session, "site_unassigned", user, site, by, now_ms)
    refresh_watermark(session, site.id, now_ms)


def hand_over(tx: Tx, user: User, successor: User, sites: Sequence[Site], by: str | None) -> None:
    """These sites go from one user to another at once: each is the successor's before it leaves the user. Raises Problem 404
    for a site that is not the user's, 422 for a successor who cannot have it."""
    if successor.id == user.id or not successor.active:
        raise wrong("successor", "请选另一位在用的用户。")
    for site in sorted(sites, key=lambda one: one.id):
        assign_site(tx.session, tx.seals, successor, site, tx.now_ms, by)
        unassign_site(tx.session, tx.seals, user, site, tx.now_ms, by)


def assigned_to(session: Session, user_id: str) -> list[tuple[Site, int]]:
    """The sites of a user, each with since when, by name."""
    query = (
        sa.select(Site, Assignment.since_ms)
        .join(Assignment, Assignment.site_id == Site.id)
        .where(Assignment.user_id == user_id, Assignment.ended_ms.is_(None))
    )
    return [(site, since_ms) for site, since_ms in session.execute(query.order_by(Site.name, Site.id))]


def assigned_at(session: Session, site_ids: Sequence[str]) -> dict[str, list[User]]:
    """Who has each of these sites, by name."""
    query = (
        sa.select(Assignment.site_id, User)
        .join(User, User.id == Assignment.user_id)
        .where(Assignment.site_id.in_(site_ids), Assignment.ended_ms.is_(None))
    )
    found: dict[str, list[User]] = {site_id: [] for site_id in site_ids}
    for site_id, user in session.execute(query.order_by(User.display_name, User.id)):
        found[site_id].append(user)
    return found


def find_site(session: Session, text: str) -> Site:
    """A site by its id, or by its name where only one has it. Raises Problem 404 or 409."""
    sites = sites_called(session, text)
    if not sites:
        raise Problem("unknown_site", f"没有编号或名称为 {text} 的地点。")
    if len(sites) > 1:
        raise Problem("ambiguous_site", f"有多个地点名为 {text}, 请用编号。")
    return sites[0]


def assignment_id(site_id: str, user_id: str) -> str:
    """The id of the assignment's record: making it twice makes it once."""
    return str(uuid5(_IDS, f"{site_id} {user_id}"))


def _locked(session: Session, user: User) -> Scope:
    scope = lock_scope(session, user.id)
    if scope is None:
        raise Problem("unknown_user", f"没有名为 {user.name} 的用户。")
    return scope


def _record(session: Session, what: str, user: User, site: Site, by: str | None, now_ms: int) -> None:
    record_deed(session, Deed(what, by, f"{site.name} · {user.display_name}", site.id), now_ms)
