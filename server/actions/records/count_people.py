"""Who of a site's roster is the same person, so that people are counted, and not records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.models.record import UNUSUAL, Record, Worker
from server.rules.people import person_keys

_COLUMNS = (Worker.id, Worker.certificate_digest, Worker.merged_into, Worker.canteen_staff)
_OWN = Worker.scope_id == sa.bindparam("scope_id")
_EVERYBODY = sa.select(*_COLUMNS).where(_OWN).order_by(Worker.id)
_TWICE = (
    sa.select(Worker.certificate_digest)
    .where(_OWN)
    .group_by(Worker.certificate_digest)
    .having(sa.func.count() > 1)
)
_SOME = tuple(
    sa.select(*_COLUMNS).where(_OWN, some)
    for some in (sa.text(UNUSUAL), Worker.certificate_digest.in_(_TWICE))
)


class UnusualPerson(NamedTuple):
    """A person who is not counted like everybody else: under several records, or as one of the canteen's staff."""

    workers: tuple[str, ...]
    is_staff: bool


def people_of(session: Session, scope_id: str) -> dict[str, str]:
    """For each record of a site's roster, voided ones too, the id by which its person is counted. One statement."""
    return _person_keys(session.execute(_EVERYBODY, {"scope_id": scope_id}).all())


def unusual_people(session: Session, scope_id: str) -> list[UnusualPerson]:
    """The people of a site's roster with several records, and its canteen staff. Everybody else has one record and is
    counted by that. Two statements or three, that give those few rows."""
    rows = {row.id: row for query in _SOME for row in session.execute(query, {"scope_id": scope_id})}
    kept = {row.merged_into for row in rows.values() if row.merged_into is not None} - rows.keys()
    if kept:  # the records that others were merged into, which are like any other
        into = session.execute(sa.select(*_COLUMNS).where(Worker.scope_id == scope_id, Worker.id.in_(kept)))
        rows.update((row.id, row) for row in into)
    people: dict[str, list[str]] = {}
    for worker, person in _person_keys(rows[key] for key in sorted(rows)).items():
        people.setdefault(person, []).append(worker)
    found = [
        UnusualPerson(tuple(some), any(rows[one].canteen_staff for one in some)) for some in people.values()
    ]
    return [one for one in found if one.is_staff or len(one.workers) > 1]


def count_people(session: Session, scope_id: str) -> int:
    """How many people are at a site: by certificate, without who left, was voided or was merged into another."""
    query = (
        sa.select(sa.func.count(Worker.certificate_digest.distinct()))
        .join(Record, sa.and_(Record.scope_id == Worker.scope_id, Record.id == Worker.id))
        .where(Worker.scope_id == scope_id, Worker.exited_on.is_(None))
        .where(Record.counts.is_(True), Record.deleted_ms.is_(None))
    )
    return session.scalar(query) or 0


def _person_keys(rows: Iterable[sa.Row[str, str, str | None, bool]]) -> dict[str, str]:
    listed = list(rows)
    merges = [(row.id, row.merged_into) for row in listed if row.merged_into is not None]
    return person_keys([(row.id, row.certificate_digest) for row in listed], merges)
