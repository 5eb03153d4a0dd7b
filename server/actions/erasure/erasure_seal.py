"""What was erased in a scope, counted and signed: a line that was removed without the server's keys is detected."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.flags.events import Tally
from server.base.clock import to_iso
from server.base.seal import Seals
from server.models.entry import LogEntry
from server.models.erasure import ErasedLine, ErasedRecord, ErasureSeal
from server.models.scope import Scope
from sync_protocol.signatures import sign_text, verify_text

Lines = dict[str, ErasedLine]  # by entry id


def line_text(line: ErasedLine, row: LogEntry) -> str:
    """What of an erased line is signed for: its number in its chain, the hash of its text, who asked."""
    return "|".join((line.entry_id, row.device_id, str(row.n), row.hash.hex(), line.prev, line.erasure_id))


def record_text(record: ErasedRecord) -> str:
    """What of an erased record is signed for: that it is a tombstone of this version."""
    return "|".join((record.kind, record.id, str(record.rev)))


def added(seals: Seals, purpose: str, tally: Tally, texts: Iterable[str]) -> Tally:
    """The tally with these more. `purpose`: `erased_line` or `erased_record`."""
    count, total = tally.events, tally.sum
    for text in texts:
        count, total = count + 1, total + int(seals.digest(purpose, text), 16)
    return Tally(count, total % (1 << 128))


def sign_erased(
    session: Session,
    seals: Seals,
    scope: Scope,
    lines: Iterable[str],
    records: Iterable[str],
    now_ms: int,
) -> None:
    """Sign for these lines and records more (see `line_text` and `record_text`). The caller holds the lock of the scope,
    whose counter already has what was erased."""
    kept = session.get(ErasureSeal, scope.scope_id, populate_existing=True)
    if kept is None:
        kept = ErasureSeal(scope_id=scope.scope_id, lines=0, records=0)
        kept.lines_digest = kept.state_digest = _hex(Tally())
        session.add(kept)
    of_lines = added(seals, "erased_line", lines_tally(kept), lines)
    of_records = added(seals, "erased_record", state_tally(kept), records)
    kept.at_ms, kept.seq = now_ms, scope.seq
    kept.lines, kept.lines_digest = of_lines.events, _hex(of_lines)
    kept.records, kept.state_digest = of_records.events, _hex(of_records)
    kept.sig = sign_text(seals.signing_key, _signed_text(scope.name, kept))
    session.flush()


def is_signed(seals: Seals, scope: Scope, kept: ErasureSeal) -> bool:
    """Whether the server signed exactly this."""
    key = seals.signing_key.public_key().public_bytes_raw()
    return verify_text(key, _signed_text(scope.name, kept), kept.sig)


def lines_tally(kept: ErasureSeal) -> Tally:
    return Tally(kept.lines, int(kept.lines_digest, 16))


def state_tally(kept: ErasureSeal) -> Tally:
    return Tally(kept.records, int(kept.state_digest, 16))


def erased_lines(session: Session, scope_id: str) -> Lines:
    """What is kept of the erased lines of a scope."""
    rows = session.scalars(sa.select(ErasedLine).where(ErasedLine.scope_id == scope_id))
    return {row.entry_id: row for row in rows}


def seal_fault(seals: Seals, scope: Scope, kept: ErasureSeal | None, lines: Tally, records: Tally) -> str:
    """What is wrong with what was erased, of which these lines and records are here; empty when it was signed for."""
    if kept is None:
        return "" if (lines, records) == (Tally(), Tally()) else "lines were erased, and no one signed for it"
    if not is_signed(seals, scope, kept):
        return "what was erased is not what the server signed for"
    if lines != lines_tally(kept):
        return f"erased lines: {kept.lines} were signed for, {lines.events} are here, or others"
    if records != state_tally(kept):
        return "the state after the erasure is not the one that was signed"
    return ""


def erased_state(session: Session, seals: Seals, scope_id: str) -> Tally:
    """The tally of a scope's erased records, as they are kept."""
    rows = session.scalars(
        sa.select(ErasedRecord).where(ErasedRecord.scope_id == scope_id, ErasedRecord.rev.is_not(None))
    )
    return added(seals, "erased_record", Tally(), map(record_text, rows))


def _signed_text(name: str, kept: ErasureSeal) -> str:
    return "\n".join(
        (
            "gongdi-erasure/1",
            name,
            to_iso(kept.at_ms),
            str(kept.seq),
            f"{kept.lines} {kept.lines_digest}",
            f"{kept.records} {kept.state_digest}",
        )
    )


def _hex(tally: Tally) -> str:
    return f"{tally.sum:032x}"
