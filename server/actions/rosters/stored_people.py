"""The people of one company at one site, as the log has them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.records.registers import certificate_digest, state_aad
from server.base.seal import Seals
from server.models.record import IN_FORCE, Record, Worker
from server.rules.calendar import add_days, local_date_of, midnight_ms
from server.rules.rosters.compare import Certificate, Stored

_CHUNK = 500  # digests, or records, in one look-up
SEEN_BY = ("gate_pass", "temperature_check")


def people_of_site(session: Session, seals: Seals, site_id: str, company: str | None) -> list[dict[str, Any]]:
    """The fields of everybody on a site's roster, by company and team, each with the id of its `record`; of one company
    only, if it is given."""
    people = _opened(session, seals, _query_of(site_id, company))
    return sorted(
        people, key=lambda person: (person.get("company", ""), person.get("team", ""), person["name"])
    )


def person_of_site(
    session: Session, seals: Seals, site_id: str, company: str | None, record: str
) -> dict[str, Any] | None:
    """The same of one of them."""
    return next(_opened(session, seals, _query_of(site_id, company).where(Worker.id == record)), None)


def _query_of(site_id: str, company: str | None) -> sa.Select[str, bytes]:
    query = (
        sa.select(Worker.id, Worker.state)
        .join(Record, sa.and_(Record.scope_id == Worker.scope_id, Record.id == Worker.id))
        .where(Worker.scope_id == site_id, IN_FORCE)
    )
    return query if company is None else query.where(Worker.company == company)


def _opened(session: Session, seals: Seals, query: sa.Select[str, bytes]) -> Iterator[dict[str, Any]]:
    for key, sealed in session.execute(query):
        yield {**msgspec.json.decode(seals.open(state_aad("worker", key), sealed)), "record": key}


def stored_people(session: Session, seals: Seals, site_id: str, company: str) -> dict[Certificate, Stored]:
    """By certificate. Of two records of one person the one that is here, then the newer. Voided ones are left out."""
    query = (
        sa.select(Worker.id, Worker.state, Record.rev)
        .join(Record, sa.and_(Record.scope_id == Worker.scope_id, Record.id == Worker.id))
        .where(Worker.scope_id == site_id, Worker.company == company)
        .where(IN_FORCE)
        .order_by(Worker.exited_on.is_(None), Worker.id)
    )
    found = {}
    for worker_id, sealed, rev in session.execute(query):
        fields = msgspec.json.decode(seals.open(state_aad("worker", worker_id), sealed))
        key = (fields["certificate_type"], fields["certificate_number"])
        found[key] = Stored(worker_id, rev, fields)
    return found


def seen_since(session: Session, site_id: str, exits: Mapping[str, str]) -> dict[str, str]:
    """Of people who are said to have left (record → local date), those who passed the gate or were measured later, also
    under a record that was merged into theirs: the last such date. Looks at facts after the first of these dates only."""
    if not exits:
        return {}
    query_of_merged = sa.select(Worker.id, Worker.merged_into).where(
        Worker.scope_id == site_id, Worker.merged_into.is_not(None)
    )
    merged = {other: kept or "" for other, kept in session.execute(query_of_merged) if kept in exits}
    keys = [*exits, *merged]
    seen: dict[str, str] = {}
    for start in range(0, len(keys), _CHUNK):
        query = (
            sa.select(Record.subject, sa.func.max(Record.event_ms))
            .where(Record.scope_id == site_id, Record.kind.in_(SEEN_BY))
            .where(Record.event_ms >= midnight_ms(add_days(min(exits.values()), 1)))
            .where(Record.subject.in_(keys[start : start + _CHUNK]))
            .where(IN_FORCE)
            .group_by(Record.subject)
        )
        for subject, event_ms in session.execute(query):
            if subject is not None and event_ms is not None:
                key = merged.get(subject) or subject
                seen[key] = max(seen.get(key, ""), local_date_of(event_ms))
    return seen


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
        here = (wanted, Worker.exited_on.is_(None), Worker.merged_into.is_(None))
        query = sa.select(Worker.certificate_digest).where(*here, elsewhere)
        found.update(by_digest[digest] for digest in session.scalars(query))
    return found


def _digest(seals: Seals, certificate: Certificate) -> str:
    state: dict[str, Any] = {"certificate_type": certificate[0], "certificate_number": certificate[1]}
    return certificate_digest(seals, state)
