"""Entries that were refused because their form was not known here: validated again once it is published."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from server.actions.devices.refresh_watermark import reporting_of
from server.actions.records.feed import Feed
from server.actions.records.outbox import record_events
from server.actions.sync.apply_entry import apply_entry
from server.actions.sync.erased_people import about_erased
from server.actions.sync.gate import Gate
from server.actions.sync.kept_evidence import forget_kept, keep_evidence
from server.actions.sync.log_lines import logged_lines
from server.actions.sync.promise_media import PROMISE_COLUMNS, promises_of
from server.actions.sync.quarantine import settled_event
from server.actions.sync.read_push import form_of
from server.actions.sync.release_held import finish, hold, release_held, written_again
from server.actions.sync.values import Applying, Effect, Written
from server.base.db import bulk_insert
from server.base.statements import constant
from server.models.device import Device, StreamHead
from server.models.entry import KeptEvidence, LogEntry, Quarantine
from server.models.media import MediaPromise
from server.models.published_form import PublishedForm
from server.models.scope import Scope, lock_scope
from server.models.tx import Tx
from server.models.user import Assignment, User
from server.rules.calendar import local_date_of
from sync_protocol.outcomes import EFFECTIVE

UNKNOWN = "unknown_form"
APPLIED = "applied"  # the state of a quarantined line that took effect after all
_SAME = sa.and_(LogEntry.scope_id == Quarantine.scope_id, LogEntry.id == Quarantine.entry_id)
_WAITING = (
    *(Quarantine.code == constant(UNKNOWN), Quarantine.state == constant("open")),
    *(LogEntry.code == UNKNOWN, LogEntry.outcome == "refused"),
)
_WHY = "表单已发布, 系统重新处理后生效"


def scopes_waiting() -> sa.Select[str]:
    """Ids of the scopes in whose quarantine entries wait that were written by a version published since."""
    known = sa.and_(PublishedForm.code == LogEntry.kind, PublishedForm.version == LogEntry.form)
    query = sa.select(Quarantine.scope_id).join(LogEntry, _SAME).join(PublishedForm, known)
    return query.where(*_WAITING, LogEntry.act != "void").distinct()


def judge_again(tx: Tx, scope_id: str) -> int:
    """Validate again what waits in a scope, in order of devices and numbers. What names or needs an entry that still waits
    is held. What a user has settled meanwhile stays so. Gives how many took effect or are held."""
    session, scope = tx.session, lock_scope(tx.session, scope_id)
    if scope is None:
        return 0
    applying = Applying(session, tx.seals, scope, Feed(session, scope, tx.seals, tx.now_ms), tx.now_ms)
    found = list(_waiting(tx, scope))
    erased = about_erased(session, scope, [written.line for _, _, written in found])
    settled = 0
    for kept, row, written in found:
        if written.line.code == UNKNOWN:
            continue
        effect = _gate(tx, scope_id, row, erased).stops(written) or apply_entry(applying, written)
        _note(applying, tx, kept, row, written, effect)
        settled += effect.outcome != "refused"
    if settled and scope.held:
        release_held(applying, tx.book)
    finish(applying, reporting_of(session, [scope_id], tx.book, tx.now_ms)[scope_id], tx.book)
    return settled


def _waiting(tx: Tx, scope: Scope) -> Iterator[tuple[Quarantine, LogEntry, Written]]:
    query = (
        sa.select(Quarantine, LogEntry, Device.user_id)
        .join(LogEntry, _SAME)
        .join(Device, Device.id == LogEntry.device_id)
        .where(Quarantine.scope_id == scope.scope_id, *_WAITING)
        .order_by(LogEntry.device_id, LogEntry.n, LogEntry.id)
    )
    rows = tx.session.execute(query, execution_options={"populate_existing": True}).all()
    lines = logged_lines(tx.session, tx.seals, [row[1] for row in rows])
    for (kept, row, user_id), line in zip(rows, lines, strict=True):
        yield kept, row, written_again(line, row, user_id, tx.book.kinds)


def _gate(tx: Tx, scope_id: str, row: LogEntry, erased: set[str]) -> Gate:
    """As the push that brought the entry had it, by what is known now."""
    session = tx.session
    device = session.get_one(Device, row.device_id)
    user = session.get_one(User, device.user_id)
    stops = [at_ms for at_ms in (device.revoked_ms, user.disabled_ms) if at_ms is not None]
    assignment = session.get(Assignment, (scope_id, user.id))
    head = session.get(StreamHead, (scope_id, device.id))
    has_ended = assignment is not None and assignment.ended_ms is not None
    classes = tx.book.device_classes(local_date_of(tx.now_ms))
    gone_ms = head.gone_ms if head is not None and has_ended else None
    return Gate(classes.get(device.device_class), min(stops, default=None), gone_ms, erased)


def _note(
    applying: Applying, tx: Tx, kept: Quarantine, row: LogEntry, written: Written, effect: Effect
) -> None:
    """Write what became of an entry into the log, and into the quarantine where people see it."""
    session, scope = applying.session, applying.scope
    row.outcome, row.code, row.rev, row.seq = effect.outcome, effect.code, effect.rev, effect.seq
    row.form = form_of(written.line)
    if effect.outcome == "refused":
        kept.code, kept.errors = effect.code or "", effect.errors
        written.line.code, written.line.errors = effect.code, effect.errors
    else:
        kept.state, kept.settled_ms, kept.reason = APPLIED, tx.now_ms, _WHY
        record_events(session, scope.scope_id, [settled_event(kept)], tx.now_ms)
        promised = promises_of(scope.scope_id, written.entry) if written.entry.media else []
        bulk_insert(session, MediaPromise.__table__, PROMISE_COLUMNS, promised)  # type: ignore[arg-type]
    session.flush()
    if effect.outcome == "held":
        hold(applying, [(row.id, effect)])
    if effect.outcome in EFFECTIVE:
        forget_kept(applying, row.id, tx.book)
    elif session.get(KeptEvidence, (scope.scope_id, row.id)) is None:
        keep_evidence(applying, [written])
