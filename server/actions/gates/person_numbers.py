"""By which numbers other systems know the people of a site: cards, and the numbers of a platform."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.base.problems import not_found
from server.base.seal import Seals, aad_of
from server.models.access import Viewer, visible_sites
from server.models.record import IN_FORCE, Record, Worker
from server.models.service import CARD, PersonNumber, ServiceAccount
from server.models.site import Site
from server.models.tx import Tx
from server.rules.gate_passes import CARD as BY_CARD
from server.rules.gate_passes import CERTIFICATE, DIGEST, EXTERNAL, WORKER, PersonSaid, person_of

ROWS_MAX = 500
SET, SAME, UNKNOWN_PERSON, INVALID = "set", "same", "unknown_person", "invalid"
_CERTIFICATE = "certificate"  # the purpose of the digest (records/registers.py)


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody on a site's roster."""

    worker: str
    exited_on: str | None


@dataclass(frozen=True, slots=True)
class NumbersSaid:
    """Who somebody is, and the numbers that they get; None leaves one as it is."""

    person: PersonSaid
    card: str | None = None
    external_id: str | None = None


def find_people(
    session: Session, seals: Seals, site_id: str, system: str, said: Collection[PersonSaid]
) -> dict[PersonSaid, KnownPerson]:
    """Who of a site's roster is meant by each. Of two records of one person the one that is here, then the newer. At most
    three statements."""
    digests = {one: _digest_of(seals, one) for one in said if one.by in (DIGEST, CERTIFICATE)}
    numbers = {one: number_key(seals, system, one) for one in said if one.by in (BY_CARD, EXTERNAL)}
    workers = {one: one.value for one in said if one.by == WORKER}
    if numbers:
        query = sa.select(PersonNumber.system, PersonNumber.digest, PersonNumber.worker_id).where(
            PersonNumber.scope_id == site_id,
            sa.tuple_(PersonNumber.system, PersonNumber.digest).in_(sorted(set(numbers.values()))),
        )
        known = {(name, digest): worker for name, digest, worker in session.execute(query)}
        workers |= {one: known[key] for one, key in numbers.items() if key in known}
    rows = _people(session, site_id, set(workers.values()), set(digests.values()))
    by_id = {row.id: KnownPerson(row.id, row.exited_on) for row in rows}
    by_digest = {row.certificate_digest: by_id[row.id] for row in rows}
    found = {one: by_id[worker] for one, worker in workers.items() if worker in by_id}
    return found | {one: by_digest[digest] for one, digest in digests.items() if digest in by_digest}


def system_at(session: Session, viewer: Viewer, site_id: str) -> str:
    """Whose numbers this program uses. Raises Problem 404 for a site that it may not see."""
    if not session.scalar(sa.select(Site.id).where(Site.id == site_id, visible_sites(viewer))):
        raise not_found()
    return session.get_one(ServiceAccount, viewer.id).system


def set_numbers(tx: Tx, viewer: Viewer, site_id: str, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Give people of a site their numbers; an outcome a row. A number that was somebody else's is this one's from now on:
    cards are handed on. Raises Problem 404."""
    system = system_at(tx.session, viewer, site_id)
    read = [read_numbers(row) for row in rows]
    said = {one.person for one in read if one is not None}
    people = find_people(tx.session, tx.seals, site_id, system, said)
    outcomes: list[dict[str, Any]] = []
    for one in read:
        if one is None:
            outcomes.append({"outcome": INVALID})
            continue
        known = people.get(one.person)
        if known is None:
            outcomes.append({"outcome": UNKNOWN_PERSON})
            continue
        pairs = [(CARD, one.card), (system, one.external_id)]
        changed = [_set(tx, site_id, known.worker, name, value) for name, value in pairs if value is not None]
        outcomes.append({"outcome": SET if any(changed) else SAME, "worker": known.worker})
    tx.session.flush()
    return outcomes


def numbers_of(
    session: Session, seals: Seals, site_id: str, system: str, workers: Collection[str]
) -> dict[str, dict[str, str]]:
    """The card and the system's own number of each of these people, in full: for that system. One statement."""
    query = sa.select(PersonNumber).where(
        PersonNumber.scope_id == site_id,
        PersonNumber.worker_id.in_(workers),
        PersonNumber.system.in_((CARD, system)),
    )
    found: dict[str, dict[str, str]] = {}
    for row in session.scalars(query.order_by(PersonNumber.made_ms)):
        name = BY_CARD if row.system == CARD else EXTERNAL
        value = seals.open(number_aad(row.scope_id, row.system, row.digest), row.value).decode()
        found.setdefault(row.worker_id, {})[name] = value
    return found


def erase_numbers(session: Session, workers: Mapping[str, Iterable[str]]) -> int:
    """Forget the numbers of these people, by site; gives how many."""
    gone = 0
    for site_id, ids in workers.items():
        query = sa.delete(PersonNumber).where(
            PersonNumber.scope_id == site_id, PersonNumber.worker_id.in_(sorted(ids))
        )
        done: Any = session.execute(query)
        gone += int(done.rowcount)
    return gone


def read_numbers(row: Any) -> NumbersSaid | None:
    """A row that gives somebody numbers; None for one that cannot be read."""
    if not isinstance(row, Mapping) or not row.keys() <= {"person", BY_CARD, EXTERNAL}:
        return None
    person = person_of(row.get("person"))
    values = [row.get(name) for name in (BY_CARD, EXTERNAL)]
    sound = [value is None or person_of({EXTERNAL: value}) is not None for value in values]
    if person is None or not all(sound) or not any(values):
        return None
    return NumbersSaid(person, *values)


def number_key(seals: Seals, system: str, said: PersonSaid) -> tuple[str, str]:
    """Under which system and digest a card or number is kept."""
    name = CARD if said.by == BY_CARD else system
    return name, _number_digest(seals, name, said.value)


def number_aad(site_id: str, system: str, digest: str) -> bytes:
    """The additional data (AAD) that a sealed number is bound to."""
    return aad_of("person_number", f"{site_id}/{system}/{digest}", "value")


def _set(tx: Tx, site_id: str, worker: str, system: str, value: str) -> bool:
    """Whether anything changed. Somebody has one number of each system."""
    digest = _number_digest(tx.seals, system, value)
    mine = sa.select(PersonNumber).where(PersonNumber.scope_id == site_id, PersonNumber.system == system)
    rows = tx.session.scalars(
        mine.where(sa.or_(PersonNumber.digest == digest, PersonNumber.worker_id == worker))
    ).all()
    if [(row.digest, row.worker_id) for row in rows] == [(digest, worker)]:
        return False
    for row in rows:
        tx.session.delete(row)
    tx.session.flush()
    fresh = PersonNumber(scope_id=site_id, system=system, digest=digest, worker_id=worker)
    fresh.value = tx.seals.seal(number_aad(site_id, system, digest), value.encode())
    fresh.made_ms = tx.now_ms
    tx.session.add(fresh)
    tx.session.flush()
    return True


def _number_digest(seals: Seals, system: str, value: str) -> str:
    return seals.digest("person_number", f"{system}|{value}")


def _digest_of(seals: Seals, said: PersonSaid) -> str:
    return said.value if said.by == DIGEST else seals.digest(_CERTIFICATE, said.value)


def _people(
    session: Session, site_id: str, workers: Collection[str], digests: Collection[str]
) -> Sequence[Worker]:
    """The best record comes last."""
    if not workers and not digests:
        return []
    asked = sa.or_(Worker.id.in_(sorted(workers)), Worker.certificate_digest.in_(sorted(digests)))
    query = (
        sa.select(Worker)
        .join(Record, sa.and_(Record.scope_id == Worker.scope_id, Record.id == Worker.id))
        .where(Worker.scope_id == site_id, Worker.merged_into.is_(None), IN_FORCE, asked)
        .options(sa.orm.load_only(Worker.id, Worker.certificate_digest, Worker.exited_on))
    )
    return sorted(
        session.scalars(query), key=lambda row: (row.exited_on is None, row.exited_on or "", row.id)
    )
