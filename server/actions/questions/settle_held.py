"""Entries that a user decides about: written before their device was stopped, or after it had to hand its site over.
They are in the log and have no effect until a user applies them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.devices.refresh_watermark import reporting_of
from server.actions.questions.settle_questions import (
    DISMISSED,
    LIST_MAX,
    require_settler,
    required_reason,
    shown_line,
)
from server.actions.records.feed import Feed
from server.actions.reference.load_reference import rules_in_force
from server.actions.sync.kept_evidence import forget_kept
from server.actions.sync.log_lines import logged_line, logged_lines
from server.actions.sync.quarantine import quarantine_aad
from server.actions.sync.release_held import FOR_A_PERSON, finish, release
from server.actions.sync.values import Applying
from server.base.problems import Problem, not_found
from server.base.seal import Seals
from server.models.access import Viewer, visible_sites
from server.models.device import Device
from server.models.entry import HeldEntry, LogEntry, Quarantine
from server.models.media import MediaPromise
from server.models.scope import lock_scope
from server.models.site import Site
from server.models.tx import Tx
from server.models.user import User

ACCEPTED = "accepted"
DECISIONS = (ACCEPTED, DISMISSED)


@dataclass(frozen=True, slots=True)
class Held:
    """A held entry: what it says (masked), who wrote it on which device, and when."""

    entry: LogEntry
    site: Site
    device: str
    author: str
    body: Mapping[str, str]


def held_entries(session: Session, seals: Seals, viewer: Viewer) -> list[Held]:
    """The held entries of this viewer's sites that a user decides about, oldest first. Raises Problem 404 for a viewer
    who may not see them."""
    require_settler(viewer)
    query = (
        sa.select(LogEntry, Site, Device.name, User.display_name)
        .select_from(HeldEntry)
        .join(LogEntry, sa.and_(LogEntry.scope_id == HeldEntry.scope_id, LogEntry.id == HeldEntry.entry_id))
        .join(Site, Site.id == HeldEntry.scope_id)
        .join(Device, Device.id == LogEntry.device_id)
        .join(User, User.id == Device.user_id)
        .where(HeldEntry.reason.in_(FOR_A_PERSON), visible_sites(viewer))
        .order_by(LogEntry.event_ms, LogEntry.id)
        .limit(LIST_MAX)
    )
    kinds = rules_in_force(session).kinds.kinds
    rows = session.execute(query).all()
    lines = logged_lines(session, seals, [row[0] for row in rows])
    return [Held(*row, shown_line(line, kinds)[1]) for row, line in zip(rows, lines, strict=True)]


def settle_held(tx: Tx, viewer: Viewer, entry_id: str, decision: str, reason: str) -> None:
    """Let a held entry take effect at its own time, or not, and say why; the decision is kept with the entry's line.
    Raises Problem 404 when it is absent, not this viewer's or decided already, 409 `not_settled` when it cannot take
    effect, 422 without a reason."""
    require_settler(viewer)
    session, seals, now_ms, book = tx.session, tx.seals, tx.now_ms, tx.book
    reason = required_reason(reason)
    query = sa.select(HeldEntry.scope_id).join(Site, Site.id == HeldEntry.scope_id)
    query = query.where(
        HeldEntry.entry_id == entry_id, HeldEntry.reason.in_(FOR_A_PERSON), visible_sites(viewer)
    )
    scope_id = session.scalar(query)
    scope = lock_scope(session, scope_id) if scope_id is not None and decision in DECISIONS else None
    held = session.get(HeldEntry, (scope_id, entry_id), populate_existing=True) if scope is not None else None
    if scope is None or held is None:
        raise not_found()
    row = session.get_one(LogEntry, (scope.scope_id, entry_id), populate_existing=True)
    code = row.code or ""
    applying = Applying(session, seals, scope, Feed(session, scope, seals, now_ms), now_ms)
    if decision == ACCEPTED:
        release(applying, held, book, forced=True)
        if row.outcome == "refused":
            raise Problem("not_settled", "这条记录要修改的内容不存在, 只能不予采用。")
        row.code = code
    else:
        _dismiss(applying, row, held)
    forget_kept(applying, entry_id, book)
    raw = seals.seal(quarantine_aad(entry_id), logged_line(session, seals, row))
    kept = Quarantine(scope_id=scope.scope_id, id=entry_id, device_id=row.device_id, entry_id=entry_id)
    kept.raw, kept.code, kept.errors, kept.at_ms, kept.state = raw, code, {}, row.received_ms, decision
    kept.settled_by, kept.settled_ms, kept.reason = viewer.id, now_ms, reason
    session.add(kept)
    finish(applying, reporting_of(session, [scope.scope_id], book, now_ms)[scope.scope_id], book)


def _dismiss(applying: Applying, row: LogEntry, held: HeldEntry) -> None:
    """The entry stays in the log, refused; what is refused promises nothing."""
    session = applying.session
    row.outcome = "refused"
    own = (MediaPromise.scope_id == row.scope_id, MediaPromise.entry_id == row.id)
    session.execute(sa.delete(MediaPromise).where(*own))
    session.delete(held)
    applying.scope.held -= 1
    session.flush()
