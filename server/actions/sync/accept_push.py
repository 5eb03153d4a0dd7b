"""Accept a push: what a device wrote goes into the log, takes effect once, and gets an outcome."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from server.actions.devices.authenticate_device import Sender, claim_exchange, key_of
from server.actions.reference.load_reference import rules_in_force
from server.actions.sync.append_scope import ScopeAnswer, append_scope
from server.actions.sync.estimate_times import Dates, estimate_carried_times, estimate_times
from server.actions.sync.quarantine import Pushing, keep_refused, refused_outcome
from server.actions.sync.read_push import Line, Push
from server.base.clock import to_iso
from server.base.db import is_transaction_open, raise_if_lost
from server.base.seal import Seals
from server.models.device import Device, Exchange
from server.models.scope import scope_id_of
from server.models.user import Assignment, User
from server.models.watermark import stopped_ms
from sync_protocol.header import Attested
from sync_protocol.signatures import attestation_text, receipt_text, received_text, sign_text, verify_text

log = logging.getLogger("gongdi.push")


@dataclass(slots=True)
class Accepted:
    """What came of a push: outcomes in the order of the lines, the streams as known now."""

    outcomes: dict[int, dict[str, Any]] = field(default_factory=dict)
    streams: dict[str, ScopeAnswer] = field(default_factory=dict)


def accept_push(session: Session, seals: Seals, sender: Sender, push: Push, now_ms: int) -> dict[str, Any]:
    """The answer to a push, as JSON-able values. Raises Problem 401 for a replayed nonce.

    1. Claim the exchange (nonce, beacon), and the device: two pushes of one device take turns.
    2. Date the entries.
    3. Scope by scope, in one order for all writers: lock, take in, judge windows. A scope whose
       transaction fails for a passing cause answers `retry`; the others are kept.
    4. Sign the receipt over what the server holds now.
    """
    exchange = claim_exchange(session, sender, "push", now_ms)
    device = session.get_one(Device, sender.device_id, with_for_update=True, populate_existing=True)
    exchange.brought = bool(push.lines)
    entries = [line.entry for line in push.lines if line.entry is not None]
    dates = estimate_times(session, device, exchange, push.header.clock, entries, now_ms)
    pushing = _pushing(session, seals, device, exchange, dates, now_ms)
    accepted = _take_lines(pushing, push.lines, push.header.streams)
    device.seen_ms = now_ms
    device.unsent = sum(stream.unsent for stream in push.header.streams.values())
    return _answer(seals, exchange, push, accepted, now_ms)


def accept_carried(
    session: Session, seals: Seals, device_id: str, lines: list[Line], now_ms: int
) -> list[dict[str, Any]]:
    """Accept lines that this device wrote and that somebody else brought (see `read_export`); gives their outcomes. As a
    push, but the device is not there: it attests nothing and gets no receipt. One is signed and kept all the same, so
    that every line of the log has a signed time before which it was here."""
    device = session.get_one(Device, device_id, with_for_update=True, populate_existing=True)
    sender = Sender(device.id, device.public_key, secrets.token_urlsafe(16))
    exchange = claim_exchange(session, sender, "export", now_ms)
    exchange.brought = True
    entries = [line.entry for line in lines if line.entry is not None]
    dates = estimate_carried_times(session, device.id, entries, now_ms)
    pushing = _pushing(session, seals, device, exchange, dates, now_ms)
    accepted = _take_lines(pushing, lines, {})
    sign_receipt(seals, exchange, {}, accepted.streams, now_ms)
    return [accepted.outcomes[line.number] for line in lines]


def _pushing(
    session: Session, seals: Seals, device: Device, exchange: Exchange, dates: Dates, now_ms: int
) -> Pushing:
    stopped = stopped_ms(device, session.get_one(User, device.user_id))
    book = rules_in_force(session)
    return Pushing(
        session, seals, device, device.id, device.user_id, exchange.id, dates, now_ms, book, stopped
    )


def _take_lines(pushing: Pushing, lines: list[Line], streams: Mapping[str, Attested]) -> Accepted:
    """Scope by scope, what its user has or had; everything else is refused and kept."""
    accepted = Accepted()
    # First, because a scope looks for those among them that belong in its chain.
    _refuse_all(pushing, [line for line in lines if line.entry is None], accepted)
    assigned = _assignments(pushing.session, pushing.user_id)
    attested = {name: stream for name, stream in streams.items() if _site_of(name) in assigned}
    for name, some in sorted(_by_scope(lines, attested).items()):
        site_id = _site_of(name)
        if site_id in assigned:
            good = name in attested and _attests(pushing.device, name, attested[name])
            _one_scope(pushing, name, some, assigned[site_id], attested.get(name), good, accepted)
        else:
            _refuse_all(pushing, some, accepted)
    return accepted


def _one_scope(
    pushing: Pushing,
    name: str,
    lines: list[Line],
    assignment: Assignment,
    attested: Any,
    good: bool,
    accepted: Accepted,
) -> None:
    """One scope in a savepoint of its own: a passing failure there leaves the others as they are."""
    try:
        with pushing.session.begin_nested():
            outcomes, answer = append_scope(pushing, name, lines, assignment, attested, good)
    except OperationalError as error:
        raise_if_lost(error)
        if not is_transaction_open(pushing.session):
            raise
        log.warning("a scope's transaction failed for a passing cause", extra={"scope": name}, exc_info=error)
        for line in lines:
            assert line.entry is not None
            accepted.outcomes[line.number] = {"id": line.entry.id, "outcome": "retry"}
        return
    accepted.outcomes.update(outcomes)
    accepted.streams[name] = answer


def _refuse_all(pushing: Pushing, lines: Iterable[Line], accepted: Accepted) -> None:
    """Lines that no scope can take: unreadable, or for a scope that this user never had. Kept in the
    user's own scope."""
    for line in lines:
        line.code = line.code or "scope_not_assigned"
        keep_refused(pushing, pushing.device.user_id, line)
        accepted.outcomes[line.number] = refused_outcome(line)


def _assignments(session: Session, user_id: str) -> dict[str, Assignment]:
    rows = session.scalars(sa.select(Assignment).where(Assignment.user_id == user_id))
    return {row.site_id: row for row in rows}


def _site_of(name: str) -> str:
    return scope_id_of(name) if name.startswith("site:") else ""


def _by_scope(lines: Iterable[Line], attested: Mapping[str, Any]) -> dict[str, list[Line]]:
    grouped: dict[str, list[Line]] = {name: [] for name in attested}
    for line in lines:
        if line.entry is not None:
            grouped.setdefault(line.entry.scope, []).append(line)
    return grouped


def _attests(device: Device, name: str, stream: Any) -> bool:
    text = attestation_text(device.id, name, stream.n, stream.hash)
    return verify_text(key_of(device.public_key), text, stream.sig)


def _answer(seals: Seals, exchange: Exchange, push: Push, accepted: Accepted, now_ms: int) -> dict[str, Any]:
    return {
        "outcomes": [accepted.outcomes[line.number] for line in push.lines],
        "streams": {name: answer.as_json() for name, answer in sorted(accepted.streams.items())},
        "receipt": sign_receipt(seals, exchange, push.header.streams, accepted.streams, now_ms),
        "beacon": exchange.beacon,
        "server_time": to_iso(now_ms),
    }


def sign_receipt(
    seals: Seals,
    exchange: Exchange,
    attested: Mapping[str, Attested],
    streams: Mapping[str, ScopeAnswer],
    now_ms: int,
) -> dict[str, str]:
    """Sign what the server holds now, and keep the signatures: the device's, ours, and ours of the lines that this
    exchange brought (see `verify_log`)."""
    at = to_iso(now_ms)
    heads = {name: (answer.n, answer.hash) for name, answer in sorted(streams.items())}
    signature = sign_text(seals.signing_key, receipt_text(exchange.device_id, at, heads))
    lines = {name: lines_digest(answer.taken) for name, answer in sorted(streams.items()) if answer.taken}
    received = sign_text(seals.signing_key, received_text(exchange.device_id, at, lines))
    exchange.attested = {name: [s.n, s.hash, s.unsent, s.sig] for name, s in attested.items()}
    exchange.receipt = {"at": at, "sig": signature, "streams": heads, "lines": lines, "lines_sig": received}
    return {"at": at, "sig": signature}


def lines_digest(hashes: Sequence[str]) -> tuple[int, str]:
    """How many lines, and the SHA-256 over their hashes as bytes, in the order given."""
    return len(hashes), hashlib.sha256(bytes.fromhex("".join(hashes))).hexdigest()
