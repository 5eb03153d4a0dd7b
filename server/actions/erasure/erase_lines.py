"""Erase lines of the log: of each only its number and its hash stay. What they made of the current state goes with them,
in the same transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.erasure.erasure_seal import line_text, record_text, sign_erased
from server.actions.erasure.freeze_windows import Span, freeze_windows
from server.actions.records.feed import Feed
from server.actions.records.segments import erase_served
from server.actions.reference.load_reference import rules_in_force
from server.actions.sync.log_lines import erase_logged, logged_lines
from server.actions.sync.read_push import prev_of
from server.base.seal import Seals
from server.models.coverage import forget_days_between, forget_days_of
from server.models.entry import HeldEntry, KeptEvidence, LogEntry, Quarantine
from server.models.erasure import PERSON_ERASED, ErasedLine, ErasedRecord
from server.models.media import Media, MediaPromise, MediaUpload, original_key, parts_key, shown_key
from server.models.record import CaseFile, Contest, FormRegister, Record, Worker
from server.models.scope import Scope, lock_scope
from server.models.window import wake_reviews
from sync_protocol.outcomes import HELD


@dataclass(frozen=True, slots=True)
class Erased:
    """What one transaction erased, and the keys in the photo store that are to be deleted once it is committed (those that
    end with "/": everything below)."""

    lines: int = 0
    records: int = 0
    photos: int = 0
    leftover: tuple[str, ...] = ()


def erase_lines(
    session: Session, seals: Seals, erasure_id: str, scope_id: str, ids: Collection[str], now_ms: int
) -> Erased:
    """Erase these entries of a scope; those that are erased already stay as they are.

    1. A line is emptied; the hash of the line before it is kept, so that the chain can be followed.
    2. The facts among them become tombstones, which tablets get like any other.
    3. Windows that rested on them stay as they were judged.
    4. What was held or refused, and photos that nothing else promises, is deleted with them.
    5. All of that is signed.
    """
    scope = _locked(session, scope_id)
    query = sa.select(LogEntry).where(LogEntry.scope_id == scope_id, LogEntry.id.in_(ids))
    found = session.scalars(query.order_by(LogEntry.id), execution_options={"populate_existing": True})
    rows = [row for row in found if row.raw]
    if not rows:
        return Erased()
    keys = [row.id for row in rows]
    texts = []
    lines = logged_lines(session, seals, rows)
    erase_logged(session, seals, rows)
    for row, text in zip(rows, lines, strict=True):
        line = ErasedLine(scope_id=scope_id, entry_id=row.id, erasure_id=erasure_id)
        line.prev = prev_of(text)
        session.add(line)
        texts.append(line_text(line, row))
        row.raw = b""
        if row.outcome == HELD:
            row.outcome, row.code = "refused", PERSON_ERASED
    erase_served(session, seals, scope_id, [row.seq for row in rows if row.seq is not None])
    _forget_waiting(session, scope, rows, now_ms)
    photos, leftover = _forget_promises(session, scope_id, keys)
    kinds = rules_in_force(session).kinds.kinds
    facts = [row.id for row in rows if row.kind in kinds and kinds[row.kind].nature == "fact"]
    records = bury(session, seals, scope, erasure_id, facts, now_ms)
    sign_erased(session, seals, scope, texts, map(record_text, records), now_ms)
    return Erased(len(rows), len(records), photos, leftover)


def erase_registers(
    session: Session, seals: Seals, erasure_id: str, scope_id: str, ids: Collection[str], now_ms: int
) -> Erased:
    """Erase these records of registers (people, cases) with everything that only the server holds of them: full fields,
    keyed digest, contested values."""
    scope = _locked(session, scope_id)
    forget_days_of(session, scope_id, ids)
    for model in (Worker, CaseFile, FormRegister):
        session.execute(sa.delete(model).where(model.scope_id == scope_id, model.id.in_(ids)))
    session.execute(sa.delete(Contest).where(Contest.scope_id == scope_id, Contest.record_id.in_(ids)))
    records = bury(session, seals, scope, erasure_id, ids, now_ms)
    sign_erased(session, seals, scope, (), map(record_text, records), now_ms)
    return Erased(records=len(records))


def bury(
    session: Session, seals: Seals, scope: Scope, erasure_id: str, ids: Collection[str], now_ms: int
) -> list[ErasedRecord]:
    """Turn records into tombstones that say nothing, and remember them for good. Gives those that were none before."""
    here = sa.and_(Record.scope_id == scope.scope_id, Record.id.in_(ids))
    columns = (Record.kind, Record.id, Record.earliest_ms, Record.latest_ms, Record.observed_ms)
    rows = session.execute(sa.select(*columns, Record.counts).where(here)).all()
    spans = [_span(row) for row in rows if row.counts and row.earliest_ms is not None]
    freeze_windows(session, scope.scope_id, spans, rules_in_force(session))
    if spans:
        first, last = min(span.from_ms for span in spans), max(span.to_ms for span in spans)
        forget_days_between(session, scope.scope_id, first, last)
    feed = Feed(session, scope, seals, now_ms)
    feed.delete([row.id for row in rows])
    feed.flush()
    empty: dict[str, Any] = dict.fromkeys(
        ("event_ms", "earliest_ms", "latest_ms", "observed_ms")
        + ("subject", "maybe_places", "slot", "amends", "timed_by")
    )
    session.execute(sa.update(Record).where(here).values(**empty))
    known = {
        row.id: row
        for row in session.scalars(
            sa.select(ErasedRecord).where(
                ErasedRecord.scope_id == scope.scope_id, ErasedRecord.id.in_([row.id for row in rows])
            )
        )
    }
    fresh = []
    for kind, key, rev in session.execute(sa.select(Record.kind, Record.id, Record.rev).where(here)):
        record = known.get(key) or ErasedRecord(scope_id=scope.scope_id, id=key, kind=kind)
        if record.rev is None:
            record.erasure_id, record.rev = erasure_id, rev
            session.add(record)
            fresh.append(record)
    session.flush()
    return fresh


def _span(row: Any) -> Span:
    known = [at_ms for at_ms in (row.earliest_ms, row.latest_ms, row.observed_ms) if at_ms is not None]
    return Span(row.kind, row.id, min(known), max(known))


def _locked(session: Session, scope_id: str) -> Scope:
    scope = lock_scope(session, scope_id)
    assert scope is not None, "a line is of a scope"
    scope.erased = True
    return scope


def _forget_waiting(session: Session, scope: Scope, rows: Sequence[LogEntry], now_ms: int) -> None:
    """What was held, and the copies of what was refused."""
    keys = [row.id for row in rows]
    held = sa.and_(HeldEntry.scope_id == scope.scope_id, HeldEntry.entry_id.in_(keys))
    gone: Any = session.execute(sa.delete(HeldEntry).where(held))
    scope.held -= gone.rowcount
    kept = sa.and_(KeptEvidence.scope_id == scope.scope_id, KeptEvidence.entry_id.in_(keys))
    times = sa.select(sa.func.min(KeptEvidence.earliest_ms), sa.func.max(KeptEvidence.latest_ms)).where(kept)
    first, last = session.execute(times).one()
    if first is not None:
        session.execute(sa.delete(KeptEvidence).where(kept))
        forget_days_between(session, scope.scope_id, first, last)
        wake_reviews(session, scope.scope_id, first, last, now_ms)
    copies = {str(uuid5(UUID(row.device_id), row.hash.hex())) for row in rows} | set(keys)
    session.execute(
        sa.delete(Quarantine).where(Quarantine.scope_id == scope.scope_id, Quarantine.id.in_(copies))
    )


def _forget_promises(session: Session, scope_id: str, keys: Sequence[str]) -> tuple[int, tuple[str, ...]]:
    """Photos that only these entries promise: how many had arrived, and where they are in the store."""
    mine = sa.and_(MediaPromise.scope_id == scope_id, MediaPromise.entry_id.in_(keys))
    photos = set(session.scalars(sa.select(MediaPromise.sha256).where(mine)))
    if not photos:
        return 0, ()
    session.execute(sa.delete(MediaPromise).where(mine))
    still = sa.select(MediaPromise.sha256).where(
        MediaPromise.scope_id == scope_id, MediaPromise.sha256.in_(photos)
    )
    photos -= set(session.scalars(still))
    uploads = sa.and_(MediaUpload.scope_id == scope_id, MediaUpload.sha256.in_(photos))
    leftover = [f"{parts_key(key)}/" for key in session.scalars(sa.select(MediaUpload.id).where(uploads))]
    session.execute(sa.delete(MediaUpload).where(uploads))
    gone: Any = session.execute(sa.delete(Media).where(Media.scope_id == scope_id, Media.sha256.in_(photos)))
    for sha256 in sorted(photos):
        leftover += [original_key(scope_id, sha256), shown_key(scope_id, sha256)]
    return gone.rowcount, tuple(leftover)
