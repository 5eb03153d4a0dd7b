"""What is known of somebody at the gate, for the machine to act upon: a person decides about everything else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from server.actions.gates.person_numbers import KnownPerson
from server.actions.records.segments import read_bodies
from server.models.record import IN_FORCE, Record
from server.models.tx import Tx
from server.rules.calendar import local_date_of, midnight_ms

KNOWN, EXITED, UNMEASURED, FEVER, UNKNOWN = "known", "exited", "unmeasured", "fever", "unknown"
VERDICTS = {
    KNOWN: "在册, 今天已测温",
    EXITED: "已退场",
    UNMEASURED: "在册, 今天还没有测温",
    FEVER: "体温异常",
    UNKNOWN: "名册上没有",
}
_READING = "temperature_check"
_LIMIT = "entry_refused_from"


class Passed(NamedTuple):
    """Somebody at the gate, and what the machine measured there."""

    person: KnownPerson
    at_ms: int
    celsius: Any = None


def verdicts(tx: Tx, site_id: str, passed: Sequence[Passed | None]) -> list[str]:
    """One a person, in order; None: nobody whom we know. A few statements, however many."""
    today = midnight_ms(local_date_of(tx.now_ms))
    asked = {one.person.worker for one in passed if one is not None}
    latest = _readings(tx, site_id, asked, today) if asked else {}
    return [UNKNOWN if one is None else _verdict(tx, one, latest.get(one.person.worker)) for one in passed]


def _verdict(tx: Tx, one: Passed, before: float | None) -> str:
    local_date = local_date_of(one.at_ms)
    measured = one.celsius if _is_number(one.celsius) else before
    limit = _limit(tx, local_date)
    if measured is not None and limit is not None and measured >= limit:
        return FEVER
    if one.person.exited_on is not None and one.person.exited_on < local_date:
        return EXITED
    return UNMEASURED if measured is None else KNOWN


def _limit(tx: Tx, local_date: str) -> float | None:
    try:
        return tx.book.number(_LIMIT, local_date)
    except LookupError:
        return None


def _readings(tx: Tx, site_id: str, workers: Collection[str], since_ms: int) -> dict[str, float]:
    """The latest reading of each today: taken with a thermometer, or by a gate."""
    query = (
        sa.select(Record.id, Record.kind, Record.seq, Record.body, Record.event_ms, Record.subject)
        .where(Record.scope_id == site_id, Record.kind.in_((_READING, "gate_pass")), IN_FORCE)
        .where(Record.event_ms >= since_ms, Record.subject.in_(sorted(workers)))
        .order_by(Record.event_ms)
    )
    rows = tx.session.execute(query).all()
    found: dict[str, float] = {}
    for row, text in zip(rows, read_bodies(tx.session, tx.seals, site_id, rows), strict=True):
        celsius = msgspec.json.decode(text).get("celsius")
        if _is_number(celsius):
            found[row.subject] = celsius
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
