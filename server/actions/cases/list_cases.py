"""A site's open cases, as far as those who judge it need them: no reading, no place of isolation."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.records.registers import state_aad
from server.base.seal import Seals
from server.models.record import CaseFile, Record, Worker
from server.rules.masking import mask_name

_MOST = 50


@dataclass(frozen=True, slots=True)
class ShownCase:
    """`cause` is a name of schemas/case.py; `reported_ms`: the last of the three reports, None before it."""

    id: str
    person: str
    cause: str
    opened_ms: int
    reported_ms: int | None


def open_cases(session: Session, seals: Seals, site_id: str) -> list[ShownCase]:
    """The cases that have not ended, the newest first. The caller has asked whether the viewer may see them."""
    query = (
        sa.select(CaseFile, Worker)
        .join(Record, sa.and_(Record.scope_id == CaseFile.scope_id, Record.id == CaseFile.id))
        .outerjoin(Worker, sa.and_(Worker.scope_id == CaseFile.scope_id, Worker.id == CaseFile.worker_id))
        .where(CaseFile.scope_id == site_id, CaseFile.ended.is_(False), Record.counts.is_(True))
        .order_by(CaseFile.opened_ms.desc(), CaseFile.id)
        .limit(_MOST)
    )
    found = []
    for case, worker in session.execute(query):
        state = msgspec.json.decode(seals.open(state_aad("case", case.id), case.state))
        person = person_of(seals, worker)
        found.append(ShownCase(case.id, person, state["cause"], case.opened_ms, case.reported_ms))
    return found


def person_of(seals: Seals, worker: Worker | None) -> str:
    """The masked name of whom a case is about; empty for who is not on record."""
    if worker is None:
        return ""
    return mask_name(msgspec.json.decode(seals.open(state_aad("worker", worker.id), worker.state))["name"])
