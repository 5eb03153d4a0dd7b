"""Refused lines are kept: a user can read, mend or dismiss them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from server.actions.records.outbox import ENTRY_REFUSED, ENTRY_SETTLED, NewSiteEvent, record_events
from server.actions.sync.read_push import Line
from server.actions.sync.values import Pushing
from server.base.db import bulk_insert, bulk_select
from server.base.seal import aad_of
from server.models.entry import Quarantine

_TABLE: Any = Quarantine.__table__
_COLUMNS = ("scope_id", "id", "device_id", "entry_id", "raw", "code", "errors", "at_ms", "state")


def keep_refused(pushing: Pushing, scope_id: str, lines: Sequence[Line]) -> None:
    """Keep refused lines, sealed, each once however often it is sent. Four statements, none for no lines."""
    device = uuid.UUID(pushing.device_id)
    keyed = {str(uuid.uuid5(device, line.hash)): line for line in lines}
    keys = list(keyed)
    wanted = [(scope_id, key) for key in keys]
    here = bulk_select(pushing.session, _TABLE, ("scope_id", "id"), ("id",), wanted)
    for index, *_ in here:
        del keyed[keys[index]]
    rows = []
    for key, line in keyed.items():
        raw = pushing.seals.seal(quarantine_aad(key), line.raw)
        entry_id = line.entry.id if line.entry is not None else None
        errors = msgspec.json.encode(line.errors).decode()
        named = (scope_id, key, pushing.device_id, entry_id)
        rows.append((*named, raw, line.code or "", errors, pushing.now_ms, "open"))
    bulk_insert(pushing.session, _TABLE, _COLUMNS, rows)
    if scope_id != pushing.user_id:  # what no site could take is in the user's own scope
        refused = [NewSiteEvent(ENTRY_REFUSED, _said(pushing, key, line)) for key, line in keyed.items()]
        record_events(pushing.session, scope_id, refused, pushing.now_ms)


def _said(pushing: Pushing, key: str, line: Line) -> dict[str, Any]:
    """What programs of others learn of a refused line: where and why, never what it says."""
    entry = {"entry": line.entry.id, "kind": line.entry.kind} if line.entry is not None else {}
    said = {"refused": key, "device": pushing.device_id, "code": line.code or ""}
    return {**said, **entry, "fields": sorted(line.errors)}


def settled_event(row: Quarantine) -> NewSiteEvent:
    """What became of a refused line: mended, dismissed, or applied after all."""
    data = {"refused": row.id, "device": row.device_id, "code": row.code, "state": row.state}
    return NewSiteEvent(ENTRY_SETTLED, data | ({"entry": row.entry_id} if row.entry_id else {}))


def refused_outcome(line: Line) -> dict[str, Any]:
    """`refused`, by id where the line has one, by line number where not."""
    named = {"id": line.entry.id} if line.entry is not None else {"line": line.number}
    return {**named, "outcome": "refused", "code": line.code, "errors": line.errors}


def quarantine_aad(key: str) -> bytes:
    return aad_of("quarantine", key, "raw")
