"""The values that a push hands from step to step."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.fields import ABSENT, EMPTIED
from server.actions.duties.touches import Touch
from server.actions.records.feed import Feed
from server.actions.records.registers import REGISTERS, WORKER
from server.actions.reference.load_reference import rules_in_force
from server.actions.sync.estimate_times import Dates
from server.actions.sync.read_push import Envelope, Line
from server.base.db import bulk_insert
from server.base.seal import Seals
from server.models.device import Device
from server.models.place import place_values
from server.models.record import FormRegister
from server.models.scope import Scope
from server.models.site import Site
from server.models.user import Assignment
from server.rules.calendar import local_date_of
from server.rules.duties.backfill import Observed
from server.rules.rosters.person import PersonLimits, person_problems
from server.rules.rosters.problems import CATALOGUE, is_error
from server.rules.rulebook import Rulebook
from sync_protocol.header import Attested
from sync_protocol.intervals import Interval
from sync_protocol.places import Place


@dataclass(frozen=True, slots=True)
class Pushing:
    """What every step of one push needs. The device's own columns are copied here, because they are read for every line.
    `is_own`: the server wrote the lines itself, under ids that it drew for them, so none of them can be here already."""

    session: Session
    seals: Seals
    device: Device
    device_id: str
    user_id: str
    exchange_id: str
    dates: Dates
    now_ms: int
    book: Rulebook
    stopped_ms: int | None = None  # when the device was revoked or its user disabled
    is_own: bool = False


class Arrived(NamedTuple):
    """What comes for one scope: its lines, the assignment under which they do, what the header attests of the stream and
    whether its signature verified (`good`)."""

    lines: Sequence[Line]
    assignment: Assignment
    attested: Attested | None
    good: bool


@dataclass(frozen=True, slots=True)
class ScopeAnswer:
    """What the server holds of this device's stream now: the highest number, its hash, and the numbers
    lacking. `taken`: the hashes of the lines that went into the log."""

    n: int
    hash: str
    missing: list[int]
    taken: list[str]

    def as_json(self) -> dict[str, Any]:
        return {"n": self.n, "hash": self.hash, "missing": self.missing}


class Written(NamedTuple):
    """An entry with its time and its author: device and user come from the envelope, never from the body. `observed`
    (补录): when the work was done, as its author says."""

    line: Line
    entry: Envelope
    times: Interval
    device_id: str
    user_id: str
    observed: Observed | None = None


class Counting(NamedTuple):
    """When a fact counts: written within [`earliest_ms`, `latest_ms`] (both None: it meets no window), shown as
    `event_ms`. `timed_by`: the fact whose time this is, if not its own."""

    event_ms: int
    earliest_ms: int | None
    latest_ms: int | None
    observed_ms: int | None
    timed_by: str | None = None


@dataclass(slots=True)
class Effect:
    """An entry's outcome. `waits_for` names the ids of entries or records that a `held` one waits for."""

    outcome: str
    rev: int | None = None
    seq: int | None = None
    code: str | None = None
    errors: dict[str, list[str]] = field(default_factory=dict)
    waits_for: list[str] = field(default_factory=list)

    def as_json(self, entry_id: str) -> dict[str, Any]:
        shown: dict[str, Any] = {"id": entry_id, "outcome": self.outcome}
        if self.rev is not None:
            shown.update(rev=self.rev, seq=self.seq)
        if self.code is not None:
            shown["code"] = self.code
        if self.outcome == "refused":
            shown["errors"] = self.errors
        return shown


@dataclass(slots=True)
class Applying:
    """One locked scope to which entries are applied, and what came of them for the windows."""

    session: Session
    seals: Seals
    scope: Scope
    feed: Feed
    now_ms: int
    touches: list[Touch] = field(default_factory=list)
    done: set[str] = field(default_factory=set)  # entries that took effect in this transaction
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # new registers, by kind
    limits: dict[str, PersonLimits] = field(default_factory=dict)  # by local date, as the rules have them
    asked: dict[str, Collection[str]] = field(default_factory=dict)  # of a person at this site, by local date
    dates: dict[int, str] = field(default_factory=dict)  # local dates of instants: a roster is of one instant
    known_places: Sequence[Place] | None = None  # of the site, once somebody has asked

    @property
    def places(self) -> Sequence[Place]:
        """The places of the site."""
        if self.known_places is None:
            self.known_places = place_values(self.session, self.scope.scope_id)
        return self.known_places

    def against(self, kind: str, act: str, body: Mapping[str, Any], at_ms: int) -> dict[str, list[str]]:
        """What the rules have against a register's fields written then, as messages by JSON pointer. An edit may leave a
        field alone, and not empty it."""
        if kind != WORKER.kind:
            return {}
        local_date = self.dates.get(at_ms) or self.dates.setdefault(at_ms, local_date_of(at_ms))
        if local_date not in self.limits:
            self.limits[local_date] = rules_in_force(self.session).person_limits(local_date)
        asked = self._asked_of_person(local_date)
        lacking = [name for name in asked if body.get(name) is None and (act == "add" or name in body)]
        errors = {f"/body/{name}": [ABSENT if act == "add" else EMPTIED] for name in lacking}
        for found in filter(is_error, person_problems(body, local_date, self.limits[local_date])):
            errors.setdefault(f"/body/{found.field}", []).append(CATALOGUE[found.code].message)
        return errors

    def _asked_of_person(self, local_date: str) -> Collection[str]:
        """The fields in which kinds of sites differ, and for which this site's kind asks. Where none differs, the
        reading of the body has seen to it."""
        if local_date not in self.asked:
            book = rules_in_force(self.session)
            mine = sa.select(Site.kind).where(Site.id == self.scope.scope_id)
            kind = None if book.are_sites_alike else self.session.scalar(mine)
            self.asked[local_date] = [] if kind is None else sorted(book.asks_of_person(kind, local_date))
        return self.asked[local_date]

    def write(self) -> None:
        """Write the additions collected so far, so that statements see them."""
        for kind, rows in self.rows.items():
            table: Any = (REGISTERS[kind].model if kind in REGISTERS else FormRegister).__table__
            bulk_insert(self.session, table, tuple(rows[0]), [tuple(row.values()) for row in rows])
        self.rows.clear()
        self.feed.write()
