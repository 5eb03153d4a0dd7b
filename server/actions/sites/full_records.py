"""Records with the fields that are masked for everybody else. Who asks has given a reason that is kept (disclosures.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.kinds import AnyKind
from server.actions.records.registers import register_of, state_aad
from server.actions.sites.record_pages import RecordRow
from server.actions.sync.read_push import entry_aad
from server.base.seal import Seals
from server.models.entry import LogEntry


def in_full(
    session: Session, seals: Seals, kind: AnyKind, site: str, rows: Sequence[RecordRow]
) -> list[RecordRow]:
    """These records of one kind and site with their full fields. One statement. What was erased stays as it is served."""
    ids = [row.id for row in rows]
    opened = _states if kind.nature == "register" else _lines
    full = opened(session, seals, kind, site, ids)
    return [replace(row, body={**row.body, **full.get(row.id, {})}) for row in rows]


def _states(
    session: Session, seals: Seals, kind: AnyKind, site: str, ids: Sequence[str]
) -> dict[str, Mapping[str, Any]]:
    model = register_of(kind).model
    query = sa.select(model.id, model.state).where(model.scope_id == site, model.id.in_(ids))
    return {
        key: msgspec.json.decode(seals.open(state_aad(kind.name, key), state))
        for key, state in session.execute(query)
    }


def _lines(
    session: Session, seals: Seals, kind: AnyKind, site: str, ids: Sequence[str]
) -> dict[str, Mapping[str, Any]]:
    """A fact says what its author wrote, in the log."""
    query = sa.select(LogEntry.id, LogEntry.raw).where(LogEntry.scope_id == site, LogEntry.id.in_(ids))
    lines = {key: seals.open(entry_aad(key), raw) for key, raw in session.execute(query) if raw}
    return {key: msgspec.json.decode(line)["body"] for key, line in lines.items()}
