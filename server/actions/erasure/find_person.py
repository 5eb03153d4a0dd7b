"""Find what the database holds of a person who is to be erased: read outside of any lock, a bounded part at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.erasure.request_erasure import Person
from server.actions.sync.log_lines import logged_lines
from server.actions.sync.quarantine import quarantine_aad
from server.base.seal import Seals
from server.base.statements import constant
from server.models.entry import LogEntry, Quarantine
from server.models.erasure import PERSON_ERASED, erased_among
from server.models.record import Record
from server.models.scope import Scope
from sync_protocol.outcomes import EFFECTIVE

READ_AT_ONCE = 500  # lines
READ_MAX = 5_000  # lines before the position is recorded
ERASED_AT_ONCE = 50  # lines in one transaction
_UUID = re.compile(rb"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_STORED = (LogEntry.scope_id, LogEntry.id, LogEntry.hash, LogEntry.raw)
_NOT_YET = sa.or_(LogEntry.code.is_(None), LogEntry.code != PERSON_ERASED)  # those wait for a user


@dataclass(frozen=True, slots=True)
class Found:
    """What is to be erased next, by id, and where to go on after that (`after` None: this scope is done). `mentions`: lines
    that name the person and are about something else: they stay."""

    ids: list[str]
    after: str | None
    mentions: int = 0


@dataclass(frozen=True, slots=True)
class Late:
    """A line about somebody whose data was erased before it came; `copy_id`: of its copy in quarantine."""

    scope_id: str
    entry_id: str
    copy_id: str
    erasure_id: str


class Likeness:
    """Finds in its text what is about a person: by record ids, and where nothing took effect also by certificate numbers.
    A name alone proves nothing: other people have the same."""

    def __init__(self, person: Person) -> None:
        self._ids = _quoted(person.ids)
        self._numbers = _quoted(person.numbers)
        self._names = [text.encode() for name in person.names for text in (name, json.dumps(name)[1:-1])]

    def names_records(self, text: bytes) -> bool:
        """Whether one of the person's records is named."""
        return any(token in text.upper() for token in self._ids)

    def is_about(self, text: bytes) -> bool:
        """Whether one of the person's records or numbers is named."""
        upper = text.upper()
        return any(token in upper for token in (*self._ids, *self._numbers))

    def mentions(self, text: bytes) -> bool:
        """Whether the person's name or number is in it."""
        return any(name in text for name in self._names) or self.is_about(text)


def widened(session: Session, seals: Seals, person: Person) -> Person:
    """The person with every number and name that the lines of their records ever had."""
    numbers, names = set(person.numbers), set(person.names)
    for scope_id, ids in person.workers.items():
        query = sa.select(*_STORED).where(
            LogEntry.scope_id == scope_id, LogEntry.record_id.in_(ids), LogEntry.kind == "worker"
        )
        for rows in session.execute(query.execution_options(yield_per=READ_AT_ONCE)).partitions():
            for body in map(_body_of, logged_lines(session, seals, rows)):
                numbers.add(str(body.get("certificate_number", "")))
                names.add(str(body.get("name", "")))
    records = (person.workers, person.cases, person.companies)
    return Person(*records, sorted(numbers - {""}), sorted(names - {""}))


def next_site(session: Session, after: str | None) -> str | None:
    """The site whose log comes next."""
    query = sa.select(Scope.scope_id).where(Scope.kind == "site").order_by(Scope.scope_id).limit(1)
    return session.scalar(query if after is None else query.where(Scope.scope_id > after))


def find_lines(session: Session, seals: Seals, person: Person, scope_id: str, after: str | None) -> Found:
    """The next lines of a site's log that are about this person. At a site with none of the person's records, only
    what had no effect is read."""
    likeness, mine = Likeness(person), scope_id in person.workers or scope_id in person.cases
    query = sa.select(*_STORED, LogEntry.act, LogEntry.record_id, LogEntry.outcome).where(
        LogEntry.scope_id == scope_id, _NOT_YET
    )
    if not mine:
        query = query.where(LogEntry.outcome.not_in(EFFECTIVE))
    query = query.order_by(LogEntry.id).limit(READ_AT_ONCE)
    found: list[str] = []
    mentions = read = 0
    while read < READ_MAX:
        rows = session.execute(query if after is None else query.where(LogEntry.id > after)).all()
        targets = _targets_of(session, person, scope_id, rows)
        for row, text in zip(rows, logged_lines(session, seals, rows), strict=True):
            after, read = row.id, read + 1
            about = likeness.names_records(text) or row.record_id in targets
            if about or (row.outcome not in EFFECTIVE and likeness.is_about(text)):
                found.append(row.id)
            else:
                mentions += likeness.mentions(text)
            if len(found) == ERASED_AT_ONCE:
                return Found(found, after, mentions)
        if len(rows) < READ_AT_ONCE:
            return Found(found, None, mentions)
        if found:
            break
    return Found(found, after, mentions)


def _targets_of(session: Session, person: Person, scope_id: str, rows: Sequence[Any]) -> set[str]:
    """Of the records that these lines void: those that are about this person, erased by now or not."""
    ids = {row.record_id for row in rows if row.act == "void"}
    query = sa.select(Record.id).where(
        Record.scope_id == scope_id, Record.id.in_(ids), Record.subject.in_(person.workers.get(scope_id, ()))
    )
    return {*session.scalars(query), *erased_among(session, scope_id, ids)} if ids else set()


def find_refused(
    session: Session, seals: Seals, person: Person, after: tuple[str, str] | None
) -> tuple[list[tuple[str, str]], tuple[str, str] | None]:
    """The next copies of refused lines, of any scope, that are about this person: (scope, id); and where to go on."""
    likeness = Likeness(person)
    keys = (Quarantine.scope_id, Quarantine.id)
    waits = sa.and_(Quarantine.code == PERSON_ERASED, Quarantine.state == "open")
    query = sa.select(*keys, Quarantine.raw).where(~waits).order_by(*keys).limit(READ_AT_ONCE)
    if after is not None:
        values = [sa.literal(value, key.type) for key, value in zip(keys, after, strict=True)]
        query = query.where(sa.tuple_(*keys) > sa.tuple_(*values))
    rows = session.execute(query).all()
    found = [
        (row.scope_id, row.id)
        for row in rows
        if likeness.is_about(seals.open(quarantine_aad(row.id), row.raw))
    ]
    return found, (rows[-1].scope_id, rows[-1].id) if len(rows) == READ_AT_ONCE else None


def late_lines() -> sa.Select[Quarantine]:
    """Lines that came after an erasure, and that a user has settled."""
    is_erased = Quarantine.code == constant(PERSON_ERASED)
    return sa.select(Quarantine).where(is_erased, Quarantine.state != constant("open"))


def settled_late(session: Session, seals: Seals) -> Late | None:
    """One of `late_lines`, and whom it is about."""
    row = session.scalar(late_lines().limit(1))
    if row is None:
        return None
    text = seals.open(quarantine_aad(row.id), row.raw)
    erasures = erased_among(session, row.scope_id, {found.decode() for found in _UUID.findall(text)})
    return Late(row.scope_id, row.entry_id or row.id, row.id, min(erasures.values(), default=row.id))


def _quoted(texts: Iterable[str]) -> list[bytes]:
    return [f'"{text}"'.upper().encode() for text in texts]


def _body_of(raw: bytes) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(raw)["body"]
    except (msgspec.MsgspecError, KeyError, TypeError, RecursionError, ValueError):
        return {}
    return body if isinstance(body, dict) else {}
