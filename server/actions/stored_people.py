"""The people of one company at one site, as the log has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.registers import certificate_digest, state_place
from server.models.record import Record, Worker
from server.rules.roster.compare import Certificate, Stored
from server.seal import Seals

_CHUNK = 500  # digests in one look-up


def people_of_site(session: Session, seals: Seals, site_id: str, company: str | None) -> list[dict[str, Any]]:
    """The fields of everybody on a site's roster, by company and team; of one company only, if it is given."""
    query = (
        sa.select(Worker.id, Worker.state)
        .join(Record, sa.and_(Record.scope_id == Worker.scope_id, Record.id == Worker.id))
        .where(Worker.scope_id == site_id, Record.counts.is_(True), Record.deleted_ms.is_(None))
    )
    if company is not None:
        query = query.where(Worker.company == company)
    people = [
        msgspec.json.decode(seals.open(state_place("worker", key), sealed))
        for key, sealed in session.execute(query)
    ]
    return sorted(people, key=lambda person: (person["company"], person["team"], person["name"]))


def stored_people(session: Session, seals: Seals, site_id: str, company: str) -> dict[Certificate, Stored]:
    """By certificate. Of two records of one person the one that is here, then the newer. Voided ones are nobody."""
    query = (
        sa.select(Worker.id, Worker.state, Record.rev)
        .join(Record, sa.and_(Record.scope_id == Worker.scope_id, Record.id == Worker.id))
        .where(Worker.scope_id == site_id, Worker.company == company)
        .where(Record.counts.is_(True), Record.deleted_ms.is_(None))
        .order_by(Worker.exited_on.is_(None), Worker.id)
    )
    found = {}
    for worker_id, sealed, rev in session.execute(query):
        fields = msgspec.json.decode(seals.open(state_place("worker", worker_id), sealed))
        key = (fields["certificate_type"], fields["certificate_number"])
        found[key] = Stored(worker_id, rev, fields)
    return found


def active_elsewhere(
    session: Session, seals: Seals, site_id: str, company: str, certificates: Iterable[Certificate]
) -> set[Certificate]:
    """Which of these people are here for another company, or at another site. Where, is not for this company to
    know."""
    by_digest = {_digest(seals, certificate): certificate for certificate in certificates}
    digests = list(by_digest)
    found: set[Certificate] = set()
    elsewhere = sa.or_(Worker.scope_id != site_id, Worker.company != company)
    for start in range(0, len(digests), _CHUNK):
        wanted = Worker.certificate_digest.in_(digests[start : start + _CHUNK])
        query = sa.select(Worker.certificate_digest).where(wanted, Worker.exited_on.is_(None), elsewhere)
        found.update(by_digest[digest] for digest in session.scalars(query))
    return found


def _digest(seals: Seals, certificate: Certificate) -> str:
    state: dict[str, Any] = {"certificate_type": certificate[0], "certificate_number": certificate[1]}
    return certificate_digest(seals, state)
