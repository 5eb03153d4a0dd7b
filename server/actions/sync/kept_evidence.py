"""Entries that are stored and not applied: the windows that they could meet are in review until they are applied, or a
user dismisses them (SPEC: Watermark)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from server.actions.duties.touches import Touch
from server.actions.records.registers import WORKER
from server.actions.sync.place_facts import About, about_place
from server.actions.sync.read_push import NOWHERE, Line, PlaceSaid
from server.actions.sync.values import Applying, Written
from server.base.db import bulk_insert
from server.models.entry import ANY_KIND, KeptEvidence
from server.rules.rulebook import Rulebook
from sync_protocol.entry import Entry

_TABLE: Any = KeptEvidence.__table__
_COLUMNS = ("scope_id", "entry_id", "kind", "subject", "maybe_places", "slot", "earliest_ms", "latest_ms")


def keep_evidence(applying: Applying, writtens: Sequence[Written]) -> None:
    """New entries were held or refused: they may be what a window asks for. One statement."""
    rows = []
    for written in writtens:
        entry, times = written.entry, written.times
        kind = written.line.kind
        if entry.act not in ("add", "amend") or kind is None or kind.name == WORKER.kind:
            continue
        subject, slot, place = written.line.subject, written.line.slot, written.line.place
        if subject is None and isinstance(entry, Entry):
            subject, slot = _read(written.line, entry, kind.subject_field, kind.slot_field)
            where = kind.place_fields
            place = PlaceSaid(*_read(written.line, entry, *where[:3])) if where is not None else NOWHERE
        found = About(subject)
        if kind.place_fields is not None and kind.place_fields.is_subject:
            found = about_place(applying.places, place, times.earliest_ms, times.latest_ms)
        named = (applying.scope.scope_id, entry.id, entry.kind, found.subject, found.maybe_places, slot)
        rows.append((*named, times.earliest_ms, times.latest_ms))
        applying.touches.append(Touch(entry.kind, found.subject, times.earliest_ms, times.latest_ms))
    bulk_insert(applying.session, _TABLE, _COLUMNS, rows)


def keep_unreadable(applying: Applying, entry_id: str, earliest_ms: int, book: Rulebook) -> None:
    """A line that could not be read has its number in the chain: it may be whatever a window asks for."""
    row = KeptEvidence(scope_id=applying.scope.scope_id, entry_id=entry_id, kind=ANY_KIND)
    row.subject, row.slot, row.earliest_ms, row.latest_ms = None, None, earliest_ms, applying.now_ms
    applying.session.add(row)
    applying.session.flush()
    _touch_all(applying, row, went=False, book=book)


def forget_kept(applying: Applying, entry_id: str, book: Rulebook) -> None:
    """The entry was applied, or a user dismissed it."""
    row = applying.session.get(KeptEvidence, (applying.scope.scope_id, entry_id))
    if row is not None:
        _touch_all(applying, row, went=True, book=book)
        applying.session.delete(row)
        applying.session.flush()


def _touch_all(applying: Applying, row: KeptEvidence, went: bool, book: Rulebook) -> None:
    kinds = {rule.evidence for rule in book.duties} if row.kind == ANY_KIND else {row.kind}
    for kind in sorted(kinds):
        applying.touches.append(Touch(kind, row.subject, row.earliest_ms, row.latest_ms, went))


def retime_kept(applying: Applying, entry_id: str, earliest_ms: int, latest_ms: int) -> None:
    """The entry's time is known better now, or worse."""
    key = (applying.scope.scope_id, entry_id)
    row = applying.session.get(KeptEvidence, key, populate_existing=True)
    if row is None:
        return
    if row.kind != ANY_KIND:
        first, last = min(row.earliest_ms, earliest_ms), max(row.latest_ms, latest_ms)
        applying.touches.append(Touch(row.kind, row.subject, first, last))
    row.earliest_ms, row.latest_ms = earliest_ms, latest_ms
    applying.session.flush()


def _read(line: Line, entry: Entry, *fields: str | None) -> list[str | None]:
    """What these fields say, but for those that are why the entry was refused."""
    return [_text_of(entry, name) if f"/body/{name}" not in line.errors else None for name in fields]


def _text_of(entry: Entry, field: str | None) -> str | None:
    """What this field of an entry's body says, as far as it could be read."""
    value: Any = entry.body.get(field) if field is not None else None
    return value if isinstance(value, str) and len(value) <= 36 and value.isprintable() else None
