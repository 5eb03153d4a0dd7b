"""A site's last rounds of inspection with what was found on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.records.segments import read_bodies
from server.base.seal import Seals
from server.models.device import Device
from server.models.entry import LogEntry
from server.models.media import promised_media
from server.models.record import IN_FORCE, Record
from server.models.user import User

_ROUNDS_MAX = 10
_FINDINGS_MAX = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found; `body` as schemas/inspection_finding.py has it, `media` as promised_media gives it."""

    body: dict[str, Any]
    media: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ShownRound:
    """One round: when, by whom, `body` without where the tablet was."""

    at_ms: int
    person: str
    body: dict[str, Any]
    findings: list[Finding] = field(default_factory=list)


def rounds_of(session: Session, seals: Seals, site_id: str) -> list[ShownRound]:
    """The last rounds that count, newest first."""
    query = (
        sa.select(Record.id, Record.seq, Record.body, Record.event_ms, User.display_name)
        .join(LogEntry, sa.and_(LogEntry.scope_id == Record.scope_id, LogEntry.id == Record.id))
        .outerjoin(Device, Device.id == LogEntry.device_id)
        .outerjoin(User, User.id == Device.user_id)
        .where(*_counted(site_id, "inspection_round"))
        .order_by(Record.event_ms.desc(), Record.id)
        .limit(_ROUNDS_MAX)
    )
    rows = session.execute(query).all()
    findings = _findings(session, seals, site_id, [row.id for row in rows])
    found = []
    for row, said in zip(rows, read_bodies(session, seals, site_id, rows), strict=True):
        body = msgspec.json.decode(said)
        shown = {name: body.get(name) for name in ("purpose", "result", "companion", "note")}
        found.append(ShownRound(row.event_ms or 0, row.display_name or "", shown, findings.get(row.id, [])))
    return found


def _findings(
    session: Session, seals: Seals, site_id: str, rounds: Sequence[str]
) -> dict[str, list[Finding]]:
    query = sa.select(Record.id, Record.seq, Record.subject, Record.body).where(
        *_counted(site_id, "inspection_finding"), Record.subject.in_(rounds)
    )
    rows = session.execute(query.order_by(Record.event_ms, Record.id).limit(_FINDINGS_MAX)).all()
    media = promised_media(session, site_id, [row.id for row in rows])
    found: dict[str, list[Finding]] = {}
    for row, said in zip(rows, read_bodies(session, seals, site_id, rows), strict=True):
        shown = Finding(msgspec.json.decode(said), media.get(row.id, []))
        found.setdefault(row.subject or "", []).append(shown)
    return found


def _counted(site_id: str, kind: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        Record.scope_id == site_id,
        Record.kind == kind,
        IN_FORCE,
    )
