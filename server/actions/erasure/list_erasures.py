"""Requests to erase people's data, and the look-up of whom one is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.certificates import CERTIFICATE_TYPES
from server.actions.records.registers import certificate_digest, state_aad
from server.base.seal import Seals
from server.models.erasure import Erasure, ErasureSeal
from server.models.record import Worker
from server.models.site import Site
from server.models.user import User
from server.rules.masking import mask_field


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """One record of the roster, its number masked."""

    site: str
    name: str
    certificate: str
    entered_on: str
    exited_on: str | None
    id: str


def erasures(session: Session) -> list[tuple[Erasure, str]]:
    """Every request with the name of who asked, the newest first."""
    query = sa.select(Erasure, User.display_name).join(User, User.id == Erasure.asked_by)
    rows = session.execute(query.order_by(Erasure.asked_ms.desc(), Erasure.id))
    return [(erasure, by) for erasure, by in rows]


def erased_of(session: Session, scope_id: str) -> ErasureSeal | None:
    """What the server signed of everything that was erased in a scope; None for nothing."""
    return session.get(ErasureSeal, scope_id)


def find_by_certificate(session: Session, seals: Seals, number: str) -> list[FoundRecord]:
    """The records of every roster that have this certificate number, of whatever type."""
    states: list[dict[str, Any]] = [
        {"certificate_type": type, "certificate_number": number.upper()} for type in CERTIFICATE_TYPES
    ]
    digests = [certificate_digest(seals, state) for state in states]
    query = (
        sa.select(Worker, Site.name)
        .join(Site, Site.id == Worker.scope_id)
        .where(Worker.certificate_digest.in_(digests))
        .order_by(Site.name, Worker.id)
    )
    found = []
    for worker, site in session.execute(query):
        state = msgspec.json.decode(seals.open(state_aad("worker", worker.id), worker.state))
        masked = mask_field("worker", "certificate_number", state["certificate_number"])
        fields = (site, state["name"], masked, worker.entered_on, worker.exited_on, worker.id)
        found.append(FoundRecord(*fields))
    return found
