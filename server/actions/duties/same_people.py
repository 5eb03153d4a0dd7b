"""One person under several records."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from server.models.record import Worker


def same_people(session: Session, worker_ids: Collection[str]) -> dict[str, set[str]]:
    """For each of these workers the ids of all records of the same person at the site, by the certificate's digest; itself
    among them. One statement."""
    if not worker_ids:
        return {}
    other = aliased(Worker)
    query = (
        sa.select(Worker.id, other.id)
        .join(
            other,
            sa.and_(other.scope_id == Worker.scope_id, other.certificate_digest == Worker.certificate_digest),
        )
        .where(Worker.id.in_(list(worker_ids)))
    )
    found = {worker_id: {worker_id} for worker_id in worker_ids}
    for worker_id, same in session.execute(query):
        found[worker_id].add(same)
    return found
