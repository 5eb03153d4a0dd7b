"""Who began on a site lately: when he first came in, and which tests he brought."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.records.segments import read_bodies
from server.base.clock import from_iso
from server.base.seal import Seals
from server.models.record import IN_FORCE, Record
from server.rules.calendar import DAY_MS, add_days, midnight_ms
from server.rules.gate import Listed
from server.rules.newcomers import ENTRY_TEST_FORM, Entry, Newcomer, Sample, Stay, new_since
from server.rules.rulebook import PASSES

_WRITTEN_BEFORE_MS = 14 * DAY_MS  # so long before somebody comes his test may be written down
_COLUMNS = (
    *(Record.id, Record.seq, Record.kind, Record.subject, Record.slot, Record.body),
    *(Record.event_ms, Record.earliest_ms, Record.latest_ms),
)
_decode = msgspec.json.Decoder().decode


def read_newcomers(
    session: Session,
    seals: Seals,
    site_id: str,
    roster: Mapping[str, Listed],
    days: Sequence[str],
    new_days: int,
) -> list[Newcomer]:
    """Those who may be new on one of these local dates, in their order. Nothing is looked up where nobody is."""
    since = _since(roster, days, new_days)
    if not since:
        return []
    workers = [worker for worker, row in roster.items() if row.person in since]
    entries: dict[str, list[Entry]] = defaultdict(list)
    tests: list[Any] = []
    from_ms, to_ms = midnight_ms(min(since.values())), midnight_ms(add_days(days[-1], 1))
    for row in _rows(session, site_id, workers, from_ms):
        person = roster[row.subject].person
        if row.kind == ENTRY_TEST_FORM:
            tests.append(row)
        elif row.slot == "in" and midnight_ms(since[person]) <= row.event_ms < to_ms:
            entry = Entry(row.event_ms, row.earliest_ms or row.event_ms, row.latest_ms or row.event_ms)
            entries[person].append(entry)
    samples: dict[str, list[Sample]] = defaultdict(list)
    for row, said in zip(tests, read_bodies(session, seals, site_id, tests), strict=True):
        body = _decode(said)
        sample = Sample(from_iso(body["sampled"]), body["result"] == "negative")
        samples[roster[row.subject].person].append(sample)
    return [Newcomer(day, entries[person], samples[person]) for person, day in since.items()]


def _since(roster: Mapping[str, Listed], days: Sequence[str], new_days: int) -> dict[str, str]:
    """Since when people are on the site who may be new on one of these local dates."""
    stays: dict[str, list[Stay]] = defaultdict(list)
    for row in roster.values():
        stays[row.person].append(Stay(row.since, row.until))
    first = add_days(days[0], -new_days)
    found = {}
    for person, some in stays.items():
        if any(stay.since >= first for stay in some):
            day = new_since(some, days[-1])
            if day is not None and day >= first:
                found[person] = day
    return found


def _rows(session: Session, site_id: str, workers: Sequence[str], from_ms: int) -> Sequence[Any]:
    """The passes of these workers since then, and their tests, which may have been written down before or long after."""
    of_kind = sa.or_(
        sa.and_(Record.kind == PASSES, Record.event_ms >= from_ms),
        sa.and_(Record.kind == ENTRY_TEST_FORM, Record.event_ms >= from_ms - _WRITTEN_BEFORE_MS),
    )
    query = sa.select(*_COLUMNS).where(
        Record.scope_id == site_id, of_kind, Record.subject.in_(workers), IN_FORCE
    )
    return session.execute(query.order_by(Record.event_ms, Record.id)).all()
