"""A site's roster for a program: certificates masked, with the digest for look-up and the program's own numbers."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.gates.person_numbers import numbers_of, system_at
from server.actions.records.registers import WORKER, state_aad
from server.base.seal import Seals
from server.models.access import Viewer
from server.models.paging import After, Page, cut, read_cursor
from server.models.record import IN_FORCE, Record, Worker

FIELDS = (
    *("name", "certificate_type", "certificate_masked", "certificate_digest"),
    *("company", "team", "trade", "role", "entered_on", "exited_on"),
)


def page_of_roster(
    session: Session, seals: Seals, viewer: Viewer, site_id: str, cursor: str | None, limit: int
) -> Page[dict[str, Any]]:
    """Everybody who is or was on the roster, by record. Raises Problem 404 for a site that this program may not see."""
    system = system_at(session, viewer, site_id)
    after = read_cursor(cursor)
    query = (
        sa.select(Worker)
        .join(Record, sa.and_(Record.scope_id == Worker.scope_id, Record.id == Worker.id))
        .where(Worker.scope_id == site_id, Worker.merged_into.is_(None), IN_FORCE)
        .order_by(Worker.id)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(Worker.id > sa.bindparam(None, after.id, type_=Worker.id.type))
    page = cut(session.scalars(query).all(), limit, lambda row: After(0, row.id))
    numbers = numbers_of(session, seals, site_id, system, [row.id for row in page.items])
    return Page([{**_person(seals, row), **numbers.get(row.id, {})} for row in page.items], page.next)


def _person(seals: Seals, row: Worker) -> dict[str, Any]:
    state = msgspec.json.decode(seals.open(state_aad(WORKER.kind, row.id), row.state))
    served = WORKER.served(state, {"certificate_digest": row.certificate_digest})
    return {"worker": row.id, **{name: served.get(name) for name in FIELDS}}
