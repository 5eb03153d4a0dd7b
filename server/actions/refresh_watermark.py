"""A scope's watermark after its quorum changed: a device revoked, a site assigned or taken back."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.meet_windows import watermark_moved
from server.models.scope import lock_scope
from server.models.user import Assignment
from server.models.watermark import scope_watermark


def refresh_watermark(session: Session, site_id: str, now_ms: int) -> None:
    """Take the least of the assigned, active devices anew, and wake the windows that it decides."""
    session.flush()
    scope = lock_scope(session, site_id)
    if scope is None:
        return
    before, scope.watermark_ms = scope.watermark_ms, scope_watermark(session, site_id)
    if scope.watermark_ms != before:
        watermark_moved(session, scope, before, scope.watermark_ms, now_ms)


def refresh_watermarks_of(session: Session, user_id: str, now_ms: int) -> None:
    """The same for every site of a user, in the one order in which everybody locks scopes."""
    query = sa.select(Assignment.site_id).where(Assignment.user_id == user_id, Assignment.ended_ms.is_(None))
    for site_id in sorted(session.scalars(query)):
        refresh_watermark(session, site_id, now_ms)
