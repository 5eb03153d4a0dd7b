"""Which devices report in a scope, and what follows when that changes: a device is revoked, a site is assigned or
unassigned, or a device was not heard from for long."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.reference.load_reference import rules_in_force
from server.models.device import Device, StreamHead
from server.models.scope import Scope, lock_scope
from server.models.watermark import counted_devices
from server.models.window import wake_undecided
from server.rules.calendar import local_date_of
from server.rules.duties.reporting import Reporting, reporting
from server.rules.rulebook import Rulebook


def reporting_of(
    session: Session, scope_ids: Sequence[str], book: Rulebook, now_ms: int
) -> dict[str, Reporting]:
    """The reports of these scopes as they are now, by scope. One statement."""
    classes = book.device_classes(local_date_of(now_ms))
    counted = counted_devices(session, scope_ids)
    return {scope_id: reporting(devices, classes, now_ms) for scope_id, devices in counted.items()}


def set_watermark(session: Session, scope: Scope, book: Rulebook, now_ms: int) -> Reporting:
    """Record through when everything that duties ask for is complete, as people are shown it."""
    reports = reporting_of(session, [scope.scope_id], book, now_ms)[scope.scope_id]
    scope.watermark_ms = watermark_of(reports, book)
    return reports


def watermark_of(reports: Reporting, book: Rulebook) -> int | None:
    """Through when everything that duties ask for is complete; None where nobody reports."""
    kinds = {kind for rule in book.duties for kind in book.evidence_kinds(rule.code)}
    return reports.watermark(kinds) if reports.reporters else None


def refresh_watermark(session: Session, site_id: str, now_ms: int) -> None:
    """The devices that report at a site have changed: make the windows due that this may decide."""
    session.flush()
    scope = lock_scope(session, site_id)
    if scope is None:
        return
    set_watermark(session, scope, rules_in_force(session), now_ms)
    wake_undecided(session, site_id, now_ms)


def refresh_watermarks_of(session: Session, user_id: str, now_ms: int) -> None:
    """The same for every site where a user's devices count, in the one order in which everybody locks scopes."""
    query = (
        sa.select(StreamHead.scope_id)
        .join(Device, Device.id == StreamHead.device_id)
        .where(Device.user_id == user_id, StreamHead.left_ms.is_(None))
    )
    for site_id in sorted(set(session.scalars(query))):
        refresh_watermark(session, site_id, now_ms)


def close_forks(session: Session, site_id: str, now_ms: int) -> None:
    """A user has looked at the forked streams of a site and closed them: what their devices declare from now on counts
    again. The mark of the fork stays."""
    forked = sa.update(StreamHead).where(
        StreamHead.scope_id == site_id, StreamHead.forked, StreamHead.fork_closed_ms.is_(None)
    )
    session.execute(forked.values(fork_closed_ms=now_ms))
    refresh_watermark(session, site_id, now_ms)
