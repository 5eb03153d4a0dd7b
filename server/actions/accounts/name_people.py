"""The names of people that records speak of by id."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.records.registers import state_aad
from server.base.seal import Seals
from server.models.record import Worker


def name_people(
    session: Session, seals: Seals, people: Collection[tuple[str, str]], company: str | None = None
) -> dict[str, str]:
    """Names by record id, of (site, record id); who is not on that site's roster is left out, and who is of another
    `company`, if one is given. The caller has asked whether the viewer may see the sites."""
    if not people:
        return {}
    query = sa.select(Worker.scope_id, Worker.id, Worker.state).where(
        Worker.id.in_({record_id for _, record_id in people})
    )
    if company is not None:
        query = query.where(Worker.company == company)
    return {
        record_id: str(msgspec.json.decode(seals.open(state_aad("worker", record_id), state))["name"])
        for site_id, record_id, state in session.execute(query)
        if (site_id, record_id) in people
    }
