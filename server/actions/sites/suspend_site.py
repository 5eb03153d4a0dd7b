"""Suspend the work at a site (停工) by somebody's approval, and resume it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from server.actions.sites.register_site import publish_site
from server.base.clock import to_iso
from server.base.problems import Problem
from server.base.seal import Seals
from server.models.audit import Deed, record_deed
from server.models.scope import lock_scope
from server.models.site import Site, Suspension, suspensions_of


@dataclass(frozen=True, slots=True)
class NewSuspension:
    """An approved pause from `from_ms` up to `to_ms`, open-ended without it."""

    from_ms: int
    approved_by: str
    reason: str
    to_ms: int | None = None


def suspend_site(
    session: Session, seals: Seals, now_ms: int, site: Site, new: NewSuspension, by: str | None = None
) -> Suspension:
    """What opens at the site in [from_ms, to_ms) is excused. An approval that
    comes late counts too: the next tick plans the windows again. Raises Problem 422 when it ends before it
    begins."""
    if new.to_ms is not None and new.to_ms <= new.from_ms:
        raise Problem("body_invalid")
    _locked(session, site)
    row = Suspension(site_id=site.id, id=str(uuid7()), from_ms=new.from_ms, to_ms=new.to_ms)
    row.approved_by, row.reason = new.approved_by, new.reason
    session.add(row)
    _plan_again(session, seals, now_ms, site)
    changes = {"from": (None, to_iso(new.from_ms)[:10]), "to": (None, new.to_ms and to_iso(new.to_ms)[:10])}
    changes["approved_by"] = (None, new.approved_by)
    deed = Deed("site_suspended", by, site.name, site.id, changes, new.reason)
    record_deed(session, deed, now_ms)
    return row


def resume_site(
    session: Session,
    seals: Seals,
    now_ms: int,
    site: Site,
    by: str | None = None,
    *,
    at_ms: int | None = None,
) -> int:
    """Work goes on from `at_ms` (now): suspensions that last end then. One that would not have begun by then
    ends as it begins, and excuses nothing. How many ended; doing it twice ends none the second time."""
    _locked(session, site)
    end_ms = now_ms if at_ms is None else at_ms
    ended = 0
    for row in suspensions_of(session, [site.id])[site.id]:
        if row.to_ms is None or row.to_ms > max(end_ms, row.from_ms):
            row.to_ms = max(end_ms, row.from_ms)
            ended += 1
    if ended:
        _plan_again(session, seals, now_ms, site)
        record_deed(session, Deed("site_resumed", by, site.name, site.id), now_ms)
    return ended


def _locked(session: Session, site: Site) -> None:
    """The scope's row is always locked first: the planning of the site's windows waits for it."""
    lock_scope(session, site.id)
    session.refresh(site)


def _plan_again(session: Session, seals: Seals, now_ms: int, site: Site) -> None:
    site.planned_stamp = ""
    publish_site(session, seals, now_ms, site)
