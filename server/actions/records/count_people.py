"""Who of a site's roster is the same person, so that people are counted, and not records."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.models.record import Record, Worker
from server.rules.people import person_keys


def people_of(session: Session, scope_id: str) -> dict[str, str]:
    """For each record of a site's roster, voided ones too, the id by which its person is counted. One statement."""
    columns = (Worker.id, Worker.certificate_digest, Worker.merged_into)
    rows = session.execute(sa.select(*columns).where(Worker.scope_id == scope_id).order_by(Worker.id)).all()
    merges = [(row.id, row.merged_into) for row in rows if row.merged_into is not None]
    return person_keys([(row.id, row.certificate_digest) for row in rows], merges)


def count_people(session: Session, scope_id: str) -> int:
    """How many people are at a site: by certificate, without who left, was voided or was merged into another."""
    query = (
        sa.select(sa.func.count(Worker.certificate_digest.distinct()))
        .join(Record, sa.and_(Record.scope_id == Worker.scope_id, Record.id == Worker.id))
        .where(Worker.scope_id == scope_id, Worker.exited_on.is_(None))
        .where(Record.counts.is_(True), Record.deleted_ms.is_(None))
    )
    return session.scalar(query) or 0
