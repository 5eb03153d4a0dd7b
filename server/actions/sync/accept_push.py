"""Accept a push: what a device wrote goes into the log, takes effect once, and gets an outcome."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from server.actions.devices.authenticate_device import Sender, key_of, new_exchange, refused
from server.actions.reference.load_reference import rules_of_stamp
from server.actions.sync.append_scope import append_scope
from server.actions.sync.estimate_times import (
    Dates,
    estimate_carried_times,
    estimate_times,
    named_beacons,
    named_boots,
)
from server.actions.sync.open_exchange import (
    Named,
    Opened,
    forget_copies,
    lock_sender,
    open_exchange,
    record_exchange,
)
from server.actions.sync.quarantine import keep_refused, refused_outcome
from server.actions.sync.read_push import Line, Push
from server.actions.sync.values import Arrived, Pushing, ScopeAnswer
from server.base.clock import to_iso
from server.base.db import is_transaction_open, raise_if_lost, savepoint
from server.base.seal import Seals
from server.models.device import Device, Exchange
from server.models.scope import scope_id_of
from sync_protocol.header import Attested
from sync_protocol.signatures import attestation_text, receipt_text, received_text, sign_text, verify_text

log = logging.getLogger("gongdi.push")


@dataclass(slots=True)
class Accepted:
    """What came of a push: outcomes in the order of the lines, the streams as known now."""

    outcomes: dict[int, dict[str, Any]] = field(default_factory=dict)
    streams: dict[str, ScopeAnswer] = field(default_factory=dict)


class RulesChanged(Exception):
    """The lines were read by kinds and forms that are in force no more."""


def accept_push(session: Session, seals: Seals, sender: Sender, push: Push, now_ms: int) -> dict[str, Any]:
    """The answer to a push, as JSON-able values. Raises Problem 401 for a replayed nonce, and RulesChanged.

    1. Lock the device and the scopes: two pushes of one device take turns. Look up what the push needs.
    2. Date the entries.
    3. Scope by scope, in one order for all writers: take in, judge windows. A scope whose transaction fails for a passing
       cause answers `retry`; the others are kept.
    4. Sign the receipt over what the server holds now, and write what has changed of device, scopes and streams.
    """
    entries = [line.entry for line in push.lines if line.entry is not None]
    clock, streams = push.header.clock, push.header.streams
    names = {*streams, *(entry.scope for entry in entries)}
    named = Named(
        sender.device_id,
        sender.nonce,
        sorted({_site_of(name) for name in names} - {""}),
        named_beacons(entries, clock),
        named_boots(entries, clock),
    )
    is_guarded = bool(push.lines) or len(named.scope_ids) > 1
    unlocked = lock_sender(session, named, is_guarded)
    unsent = sum(stream.unsent for stream in streams.values())
    opened = _opened(session, named, now_ms, unsent)
    if push.stamp is not None and push.stamp != opened.stamp:
        raise RulesChanged
    exchange = new_exchange(sender, "push", now_ms)
    dates = estimate_times(session, opened, clock, entries, now_ms)
    exchange.brought, exchange.t_ms, exchange.wall_ms = bool(push.lines), dates.t_ms, clock.wall_ms
    pushing = _pushing(session, seals, opened, exchange, dates)
    parts = _Parts(opened, streams, unlocked, is_guarded)
    accepted = _take_lines(pushing, parts, push.lines)
    answer = _answer(seals, exchange, push, accepted, now_ms)
    close_exchange(session, opened, exchange)
    return answer


def accept_carried(
    session: Session, seals: Seals, device_id: str, lines: list[Line], now_ms: int
) -> list[dict[str, Any]]:
    """Accept lines that this device wrote and that somebody else brought (see `read_export`); gives their outcomes. As a
    push, but the device is not there: it attests nothing and gets no receipt. One is signed and kept all the same, so
    that every line of the log has a signed time before which it was here."""
    entries = [line.entry for line in lines if line.entry is not None]
    scope_ids = sorted({_site_of(entry.scope) for entry in entries} - {""})
    nonce = secrets.token_urlsafe(16)
    named = Named(device_id, nonce, scope_ids, named_beacons(entries), named_boots(entries))
    unlocked = lock_sender(session, named, is_guarded=True)
    opened = _opened(session, named, now_ms)
    exchange = new_exchange(Sender(device_id, opened.device.public_key, nonce), "export", now_ms)
    exchange.brought = True
    dates = estimate_carried_times(session, opened, entries, now_ms)
    pushing = _pushing(session, seals, opened, exchange, dates)
    accepted = _take_lines(pushing, _Parts(opened, {}, unlocked, is_guarded=True), lines)
    sign_receipt(seals, exchange, {}, accepted.streams, now_ms)
    close_exchange(session, opened, exchange)
    return [accepted.outcomes[line.number] for line in lines]


def _opened(session: Session, named: Named, now_ms: int, unsent: int | None = None) -> Opened:
    """Raises Problem 401 for a nonce that was used, and for a device that is not there any more."""
    opened = open_exchange(session, named, now_ms, unsent)
    if opened is None:
        raise refused("unauthenticated")
    if opened.is_repeated:
        raise refused("nonce_replayed")
    return opened


def _pushing(session: Session, seals: Seals, opened: Opened, exchange: Exchange, dates: Dates) -> Pushing:
    device, book = opened.device, rules_of_stamp(session, opened.stamp)
    return Pushing(
        session,
        seals,
        device,
        device.id,
        device.user_id,
        exchange.id,
        dates,
        exchange.at_ms,
        book,
        opened.stopped_ms,
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """The scopes of a push, and what its header attests of each. `unlocked`: those that are not locked; `is_guarded`: a
    failure in one leaves the others as they are."""

    opened: Opened
    attested: Mapping[str, Attested]
    unlocked: Collection[str]
    is_guarded: bool


def _take_lines(pushing: Pushing, parts: _Parts, lines: list[Line]) -> Accepted:
    """Scope by scope, what its user has or had; everything else is refused and kept. Of a site that never was the user's,
    as far as is known here, nothing is answered but that an empty stream is empty: then a tablet may let the site go that a
    server knew which was put back to a backup since."""
    accepted = Accepted()
    # First, because a scope looks for those among them that belong in its chain.
    _refuse_all(pushing, [line for line in lines if line.entry is None], accepted)
    assigned = parts.opened.assigned
    attested = {name: stream for name, stream in parts.attested.items() if _site_of(name) in assigned}
    for name, stream in parts.attested.items():
        if _site_of(name) and name not in attested and stream.n == 0 and stream.unsent == 0:
            accepted.streams[name] = ScopeAnswer(0, "", [], [])
    for name, some in sorted(_by_scope(lines, attested).items()):
        if _site_of(name) in assigned:
            _one_scope(pushing, parts, name, some, accepted)
        else:
            _refuse_all(pushing, some, accepted)
    return accepted


def _one_scope(pushing: Pushing, parts: _Parts, name: str, lines: list[Line], accepted: Accepted) -> None:
    """One scope in a savepoint of its own: a passing failure there leaves the others as they are."""
    opened, site_id, attested = parts.opened, _site_of(name), parts.attested.get(name)
    good = attested is not None and _attests(pushing.device, name, attested)
    before = opened.known_device()
    arrived = Arrived(lines, opened.assigned[site_id], attested, good)
    try:
        if site_id in parts.unlocked:
            raise OperationalError("the scope is not locked", None, Exception())
        with savepoint(pushing.session) if parts.is_guarded else nullcontext():
            outcomes, answer = append_scope(pushing, opened.scopes[site_id], arrived)
    except OperationalError as error:
        raise_if_lost(error)
        if not parts.is_guarded or not is_transaction_open(pushing.session):
            raise
        opened.forget_changes(before)
        log.warning("a scope's transaction failed for a passing cause", extra={"scope": name}, exc_info=error)
        for line in lines:
            assert line.entry is not None
            accepted.outcomes[line.number] = {"id": line.entry.id, "outcome": "retry"}
        return
    opened.scopes[site_id].save(opened.writes)
    accepted.outcomes.update(outcomes)
    accepted.streams[name] = answer


def close_exchange(session: Session, opened: Opened, exchange: Exchange) -> None:
    """Write what a push has changed of device, scopes and streams, and the exchange, all together."""
    record_exchange(opened.writes, exchange)
    opened.save_device()
    opened.writes.send(session)
    forget_copies(session)


def _refuse_all(pushing: Pushing, lines: Sequence[Line], accepted: Accepted) -> None:
    """Lines that no scope can take: unreadable, or for a scope that this user never had. Kept in the
    user's own scope."""
    for line in lines:
        line.code = line.code or "scope_not_assigned"
        accepted.outcomes[line.number] = refused_outcome(line)
    keep_refused(pushing, pushing.user_id, lines)


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
