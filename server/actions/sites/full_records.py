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
from server.actions.sync.log_lines import logged_lines
from server.base.seal import Seals
from server.models.entry import LogEntry


def in_full(
    session: Session, seals: Seals, kind: AnyKind, site: str, rows: Sequence[RecordRow]
) -> list[RecordRow]:
    """These records of one kind and site with their full fields. Two statements. What was erased stays as it is served."""
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
    columns = (LogEntry.scope_id, LogEntry.id, LogEntry.hash, LogEntry.raw)
    query = sa.select(*columns).where(
        LogEntry.scope_id == site, LogEntry.id.in_(ids), sa.func.length(LogEntry.raw) > 0
    )
    rows = session.execute(query).all()
    lines = logged_lines(session, seals, rows)
    return {row.id: msgspec.json.decode(line)["body"] for row, line in zip(rows, lines, strict=True)}
