"""Held entries: recorded, applied once what they need has come, and never left held for good."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.book import FormBook
from server.actions.devices.refresh_watermark import reporting_of
from server.actions.duties.match_facts import match_facts
from server.actions.flags.follow_rechecks import Recheck, follow_rechecks
from server.actions.records.feed import Feed
from server.actions.reference.load_reference import rules_in_force
from server.actions.sync.apply_entry import apply_entry, body_of
from server.actions.sync.kept_evidence import forget_kept
from server.actions.sync.log_lines import logged_line
from server.actions.sync.read_push import validate_line
from server.actions.sync.values import Applying, Effect, Written
from server.base.db import bulk_insert, raise_if_lost, savepoint
from server.base.seal import Seals
from server.models.device import Device
from server.models.entry import HeldEntry, LogEntry
from server.models.media import MediaPromise
from server.models.record import Record, look_at_cases
from server.models.scope import lock_scope
from server.models.travel import ask_screening
from server.models.tx import Tx
from server.rules.duties.backfill import Observed
from server.rules.duties.reporting import Reporting
from server.rules.rulebook import Rulebook
from sync_protocol.intervals import UNKNOWN_MS, Interval
from sync_protocol.outcomes import EFFECTIVE, HELD_DAYS, UNMET_NEEDS

FOR_A_PERSON = ("device_revoked", "scope_not_assigned")
_DAY_MS = 86_400_000
_PUT_OFF_MS = 15 * 60 * 1000  # before an entry that could not be settled is tried again

_TABLE: Any = HeldEntry.__table__
_COLUMNS = ("scope_id", "entry_id", "reason", "waits_for", "until_ms")

_log = logging.getLogger("gongdi.held")


def hold(applying: Applying, entries: Sequence[tuple[str, Effect]]) -> None:
    """Record that entries, by their ids, are held. What a user has to decide about waits without a deadline. One
    statement."""
    scope, rows = applying.scope, []
    for entry_id, effect in entries:
        decides = effect.code in FOR_A_PERSON
        reason = effect.code or "needs" if decides else "needs"
        until_ms = None if decides else applying.now_ms + HELD_DAYS * _DAY_MS
        waits_for = msgspec.json.encode(effect.waits_for).decode()
        rows.append((scope.scope_id, entry_id, reason, waits_for, until_ms))
    bulk_insert(applying.session, _TABLE, _COLUMNS, rows)
    scope.held += len(rows)


def release_held(applying: Applying, book: Rulebook) -> None:
    """Apply what waited for entries or records that are here now; each release may free others."""
    query = sa.select(HeldEntry).where(
        HeldEntry.scope_id == applying.scope.scope_id, HeldEntry.reason == "needs"
    )
    waiting = list(applying.session.scalars(query.order_by(HeldEntry.entry_id)))
    while waiting:
        applied = [held for held in waiting if release(applying, held, book, forced=False)]
        waiting = [held for held in waiting if held not in applied]
        if not applied:
            return


def finish(applying: Applying, reporting: Reporting, book: Rulebook) -> None:
    """Let the windows know what came, moved and went, then write the scope's counter."""
    applying.write()
    if applying.touches:
        match_facts(
            applying.session,
            applying.feed,
            applying.touches,
            reporting,
            applying.now_ms,
            book,
        )
        trips = [touch.from_ms for touch in applying.touches if touch.kind in book.travel]
        cases = {touch.subject for touch in applying.touches if touch.kind in book.case_evidence}
        if about := {one for one in cases if one is not None}:
            look_at_cases(applying.session, applying.scope.scope_id, about)
        if trips:
            ask_screening(applying.session, applying.scope.scope_id, min(trips))
        if any(touch.kind in book.rechecks for touch in applying.touches):
            tx = Tx(applying.session, applying.seals, applying.now_ms, book)
            applying.feed.put(follow_rechecks(tx, applying.scope.scope_id, _rechecks(applying, book)))
    applying.feed.flush()


def _rechecks(applying: Applying, book: Rulebook) -> list[Recheck]:
    """The records among what was just added that recheck a flag, in the order of their time. What was declared void together
    with it is none, nor is a correction: the flag was moved by what it corrects."""
    query = sa.select(Record).where(
        Record.scope_id == applying.scope.scope_id,
        Record.id.in_(applying.done),
        Record.kind.in_(book.rechecks),
        Record.amends.is_(None),
        Record.counts,
    )
    added = applying.session.scalars(query.order_by(Record.event_ms, Record.id)).all()
    return [Recheck(one.id, body_of(applying, one), book.rechecks[one.kind]) for one in added]


def due_entries(now_ms: int) -> sa.Select[str, str]:
    """Held entries that have waited past their deadline: (scope id, entry id)."""
    return sa.select(HeldEntry.scope_id, HeldEntry.entry_id).where(HeldEntry.until_ms <= now_ms)


def release_overdue(session: Session, seals: Seals, now_ms: int, limit: int = 100) -> int:
    """The tick's part: what has waited past its deadline is applied with a mark, or refused when there is
    nothing to apply it to. Gives how many were settled."""
    query = due_entries(now_ms).order_by(HeldEntry.scope_id, HeldEntry.entry_id)
    due = session.execute(query.limit(limit)).all()
    for scope_id, entry_id in due:
        try:
            with savepoint(session):
                _settle(session, seals, scope_id, entry_id, now_ms)
        except Exception as error:  # whatever is wrong with one entry must not stop the others
            raise_if_lost(error)
            _log.exception("a held entry was not settled", extra={"fields": {"entry": entry_id}})
            put_off = sa.update(HeldEntry).where(
                HeldEntry.scope_id == scope_id, HeldEntry.entry_id == entry_id
            )
            session.execute(put_off.values(until_ms=now_ms + _PUT_OFF_MS))
    return len(due)


def _settle(session: Session, seals: Seals, scope_id: str, entry_id: str, now_ms: int) -> None:
    scope = lock_scope(session, scope_id)
    held = session.get(HeldEntry, (scope_id, entry_id), populate_existing=True)
    if scope is None or held is None:
        return
    applying = Applying(session, seals, scope, Feed(session, scope, seals, now_ms), now_ms)
    book = rules_in_force(session)
    release(applying, held, book, forced=True)
    finish(applying, reporting_of(session, [scope_id], book, now_ms)[scope_id], book)


def release(applying: Applying, held: HeldEntry, book: Rulebook, forced: bool) -> bool:
    """Try to apply one held entry; whether it is held no more."""
    session = applying.session
    row = session.get_one(LogEntry, (held.scope_id, held.entry_id), populate_existing=True)
    raw = logged_line(session, applying.seals, row)
    effect = apply_entry(applying, written_again(raw, row, _user_of(session, row), book.kinds), forced)
    if effect.outcome == "held" and forced:
        effect = Effect("refused", code="unknown_record")
    if effect.outcome == "held":
        return False
    row.outcome, row.rev, row.seq = effect.outcome, effect.rev, effect.seq
    row.code = UNMET_NEEDS if forced and effect.outcome in EFFECTIVE else effect.code
    if effect.outcome in EFFECTIVE:
        forget_kept(applying, row.id, book)
    if effect.outcome == "refused":  # what is refused promises nothing
        own = (MediaPromise.scope_id == held.scope_id, MediaPromise.entry_id == held.entry_id)
        session.execute(sa.delete(MediaPromise).where(*own))
    session.delete(held)
    session.flush()
    applying.scope.held -= 1
    return True


def written_again(raw: bytes, row: LogEntry, user_id: str, kinds: FormBook) -> Written:
    """An entry read back from the log (`raw`: its line), with the time that was found for it when it came."""
    line = validate_line(row.n, raw, kinds)
    assert line.entry is not None, "what the log keeps was read once"
    times = Interval(
        row.earliest_ms,
        row.latest_ms,
        row.grade,
        row.doubt,
        row.not_before_ms or UNKNOWN_MS,
        row.received_ms,
    )
    observed = Observed(row.observed_ms, row.backfilled) if row.observed_ms is not None else None
    return Written(line, line.entry, times, row.device_id, user_id, observed)


def _user_of(session: Session, row: LogEntry) -> Any:
    return session.get_one(Device, row.device_id).user_id
