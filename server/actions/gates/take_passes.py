"""Take in passes through a gate that a program reports. They go the way of every device's lines: dated by its clock, in its
chain, under its key, with its word of how many it still holds. So the watermark waits for a gate as it does for a tablet.

1. Lock the account's device: two calls of one source take turns.
2. What is here already is answered with what came of it then.
3. Who is meant is looked up on the site's roster. Somebody whom nobody knows is not dropped: the line is refused, and waits
   in quarantine for a person.
4. The lines follow the source's chain, and are accepted as a push.
5. What is known of each person goes back.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

import msgspec
import sqlalchemy as sa

from server.actions.accounts.service_accounts import key_of_service
from server.actions.devices.authenticate_device import Sender
from server.actions.gates.person_numbers import KnownPerson, find_people
from server.actions.gates.verdicts import Passed, verdicts
from server.actions.sync.accept_push import accept_push
from server.actions.sync.log_lines import logged_lines
from server.actions.sync.read_push import Push, read_lines
from server.base.clock import to_iso
from server.base.problems import Problem, not_found
from server.models.device import Device, Exchange, StreamHead
from server.models.entry import LogEntry
from server.models.scope import scope_name
from server.models.service import ServiceAccount
from server.models.tx import Tx
from server.models.user import Assignment
from server.rules.gate_passes import PassSaid, read_pass
from sync_protocol import stream as streams
from sync_protocol.entry import SCHEMAS, entry_hash
from sync_protocol.header import MAX_UNSENT, SYNC_VERSION, Attested, Clock, Header
from sync_protocol.signatures import attestation_text, sign_text

KIND = "gate_pass"
MISMATCH = "entry_mismatch"
_UNKNOWN = "名册上没有这个人。"


@dataclass(frozen=True, slots=True)
class Reported:
    """What a source reports of one site. `sent_ms`: its clock when it sent this; `unsent`: how many passes it still holds
    (None: it does not know, and nothing is complete then)."""

    rows: Sequence[Any]
    sent_ms: int
    unsent: int | None


@dataclass(slots=True)
class _Row:
    """A row with its place in the log."""

    said: PassSaid
    raw: Any
    entry_id: str
    person: KnownPerson | None = None
    before: Mapping[str, Any] | None = None  # what came of it when it came first
    outcome: dict[str, Any] | None = None


def take_passes(tx: Tx, account_id: str, site_id: str, reported: Reported) -> list[dict[str, Any]]:
    """What came of each row, in order. No rows: a sign of life, by which the source may say that nothing is unsent. Raises
    Problem 404 for a site that is not this account's."""
    account = tx.session.get_one(ServiceAccount, account_id)
    device = _locked(tx, account, site_id)
    rows = [_row(device.id, site_id, raw, reported) for raw in reported.rows]
    _find_repeated(tx, site_id, rows)
    people = find_people(
        tx.session, tx.seals, site_id, account.system, {row.said.person for row in rows if row.said.person}
    )
    for row in rows:
        row.person = people.get(row.said.person) if row.said.person is not None else None
    fresh = _first_of_each(rows)
    _push(tx, account, device, site_id, fresh, reported)
    return _answers(tx, site_id, rows)


def _locked(tx: Tx, account: ServiceAccount, site_id: str) -> Device:
    mine = sa.select(Assignment.site_id).where(
        Assignment.user_id == account.id, Assignment.site_id == site_id, Assignment.ended_ms.is_(None)
    )
    if account.device_id is None or tx.session.scalar(mine) is None:
        raise not_found()
    query = sa.select(Device).where(Device.id == account.device_id).with_for_update()
    return tx.session.execute(query, execution_options={"populate_existing": True}).scalar_one()


def _row(device_id: str, site_id: str, raw: Any, reported: Reported) -> _Row:
    said = read_pass(raw)
    # The same event of a source is the same entry, however often it comes. A row without an id is known by all of it.
    named = said.event or entry_hash(msgspec.json.encode(raw))
    return _Row(said, raw, str(uuid5(UUID(device_id), f"{site_id}|{named}")))


def _find_repeated(tx: Tx, site_id: str, rows: Sequence[_Row]) -> None:
    """What came of rows that are here already; other content under the same event's id is refused."""
    ids = [row.entry_id for row in rows]
    query = sa.select(LogEntry).where(LogEntry.scope_id == site_id, LogEntry.id.in_(ids))
    found = tx.session.scalars(query).all()
    lines = logged_lines(tx.session, tx.seals, found)
    known = {entry.id: (entry, line) for entry, line in zip(found, lines, strict=True)}
    for row in rows:
        if row.entry_id not in known:
            continue
        entry, line = known[row.entry_id]
        is_same = not line or _means_the_same(msgspec.json.decode(line), row.said)  # an erased line is empty
        row.before = _first_outcome(entry) if is_same else None
        row.outcome = {"outcome": "duplicate", "first": row.before} if is_same else _mismatch()


def _means_the_same(line: Mapping[str, Any], said: PassSaid) -> bool:
    """Whoever the person was found to be."""
    body = {name: value for name, value in line["body"].items() if name not in ("worker", "person", "row")}
    is_same_time = said.at_ms is None or line["at"]["wall"] == to_iso(said.at_ms)
    return is_same_time and body == dict(said.body)


def _first_outcome(entry: LogEntry) -> dict[str, Any]:
    code = {"code": entry.code} if entry.code else {}
    return {"outcome": entry.outcome, **code}


def _mismatch() -> dict[str, Any]:
    message = "这个事件编号已经用于另一次出入, 原来的不变。"
    return {"outcome": "refused", "code": MISMATCH, "errors": {"/event": [message]}}


def _first_of_each(rows: Sequence[_Row]) -> list[_Row]:
    """The rows to be written: those that are not here yet, each event once."""
    fresh: dict[str, _Row] = {}
    for row in rows:
        if row.outcome is None and fresh.setdefault(row.entry_id, row) is not row:
            first = fresh[row.entry_id]
            is_same = (first.said.at_ms, first.said.body) == (row.said.at_ms, row.said.body)
            row.outcome = {"outcome": "duplicate", "first": {}} if is_same else _mismatch()
    return list(fresh.values())


def _push(
    tx: Tx, account: ServiceAccount, device: Device, site_id: str, rows: Sequence[_Row], reported: Reported
) -> None:
    """Accept the rows as a push of the device, whose key the server holds."""
    name, key = scope_name("site", site_id), key_of_service(tx.seals, account)
    head = tx.session.get(StreamHead, (site_id, device.id), populate_existing=True)
    n, prev = streams.highest(streams.from_json(head.head)) if head is not None else (0, "")
    beacon = _beacon(tx, device, head)
    raws = []
    for row in rows:
        n += 1
        raws.append(_line(row, name, n, prev, reported.sent_ms, beacon))
        prev = entry_hash(raws[-1])
    unsent = MAX_UNSENT if reported.unsent is None else min(reported.unsent, MAX_UNSENT)
    attested = Attested(n, prev, unsent, sign_text(key, attestation_text(device.id, name, n, prev)))
    clock = Clock(reported.sent_ms, to_iso(reported.sent_ms), None, None)
    lines = read_lines(raws, tx.book.kinds, SCHEMAS[-1])
    for row, line in zip(rows, lines, strict=True):
        if line.code is not None:
            line.errors = _errors(row, line.errors)
    sender = Sender(device.id, device.public_key, secrets.token_urlsafe(16))
    push = Push(Header(SYNC_VERSION, SCHEMAS[-1], clock, {name: attested}), lines)
    outcomes = accept_push(tx.session, tx.seals, sender, push, tx.now_ms)["outcomes"]
    if any(outcome["outcome"] == "retry" for outcome in outcomes):
        raise Problem("busy", "请稍后把整批重新发送。").with_header("Retry-After", "5")
    for row, outcome in zip(rows, outcomes, strict=True):
        row.outcome = outcome


def _beacon(tx: Tx, device: Device, head: StreamHead | None) -> str | None:
    """A beacon before which the source cannot have written what it had not sent: it said that nothing was unsent, in a push
    whose T is no earlier. It also spares to look at all earlier pushes."""
    if head is None or head.unsent != 0:
        return None
    mine = (Exchange.device_id == device.id, Exchange.t_ms.is_not(None))
    last = sa.select(sa.func.max(Exchange.at_ms)).where(*mine).scalar_subquery()
    t_ms = sa.select(sa.func.max(Exchange.t_ms)).where(*mine, Exchange.at_ms == last).scalar_subquery()
    query = sa.select(Exchange.beacon).where(*mine, Exchange.at_ms <= t_ms)
    return tx.session.scalar(query.order_by(Exchange.at_ms.desc()).limit(1))


def _line(row: _Row, scope: str, n: int, prev: str, sent_ms: int, beacon: str | None) -> bytes:
    """The row as a line. What nobody can be found for, or what cannot be read, is no pass: it says so, and is refused."""
    said = row.said
    body: dict[str, Any] = dict(said.body)
    if said.errors:
        body["row"] = _without_number(row)
    if row.person is not None:
        body = {"worker": row.person.worker, **body}
    elif said.person is not None:
        body["person"] = {"by": said.person.by, "value": said.person.shown()}
    at: dict[str, Any] = {"wall": to_iso(sent_ms if said.at_ms is None else said.at_ms)}
    if beacon is not None:
        at["beacon"] = beacon
    key = row.entry_id
    line = {"id": key, "scope": scope, "n": n, "prev": prev, "kind": KIND, "record": key, "act": "add"}
    return msgspec.json.encode({**line, "at": at, "body": body})


def _without_number(row: _Row) -> str:
    """A row as it came, but for a certificate's number."""
    raw = row.raw
    if isinstance(raw, Mapping) and "person" in raw:
        shown = row.said.person.shown() if row.said.person is not None else ""
        raw = {**raw, "person": shown}
    return msgspec.json.encode(raw).decode()[:2000]


def _errors(row: _Row, found: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """What is wrong, said of the row that was sent."""
    errors = {pointer.removeprefix("/body"): texts for pointer, texts in found.items()}
    for own in ("/worker", "/person", "/row"):
        errors.pop(own, None)
    if row.person is None and row.said.person is not None:
        errors["/person"] = [_UNKNOWN]
    return {**errors, **row.said.errors}


def _answers(tx: Tx, site_id: str, rows: Sequence[_Row]) -> list[dict[str, Any]]:
    passed = [
        None
        if row.person is None
        else Passed(row.person, row.said.at_ms or tx.now_ms, row.said.body.get("celsius"))
        for row in rows
    ]
    known = verdicts(tx, site_id, passed)
    answers = []
    for row, verdict in zip(rows, known, strict=True):
        assert row.outcome is not None, "every row got one"
        answer = {"event": row.said.event or None, "entry": row.entry_id}
        answer |= {name: value for name, value in row.outcome.items() if name not in ("id", "rev", "seq")}
        answers.append({**answer, "verdict": verdict})
    return answers
