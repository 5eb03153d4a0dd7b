"""Authenticate the device that sent a request: by its token and its key; the request is neither old nor repeated."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass
from typing import NamedTuple
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from server.base.clock import to_iso
from server.base.db import db, read
from server.base.problems import Problem, protocol_problem
from server.models.device import Device, Exchange
from sync_protocol.signatures import HttpRequest, SignatureProblem, keyid_of, verify_request

_IDENTITIES_MAX = 100_000  # a few hundred bytes each
_identities: WeakKeyDictionary[sa.Engine, dict[str, Identity]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Sender:
    """Who was proved to have sent a request, and its nonce, which the exchange must still claim."""

    device_id: str
    public_key: bytes
    nonce: str


class Identity(NamedTuple):
    """What proves that a request is a device's. It never changes: who enrols again is another device."""

    device_id: str
    public_key: bytes
    token_hash: bytes


def authenticate(asked: HttpRequest, now_ms: int) -> Sender:
    """The device that signed this request with its key and holds its token. Raises Problem 401 or 400. Nothing is read from
    the database for a device that this process knows; whether it was revoked is seen in the request's transaction.

    A copied token is useless without the key, and a clock that is off gets the server's time to sign again
    with.
    """
    device = _named(asked)
    try:
        verified = verify_request(device.public_key, asked, now_s=now_ms // 1000)
    except SignatureProblem as problem:
        raise refused(problem.code, server_time_ms=now_ms) from problem
    return Sender(device.device_id, device.public_key, verified.nonce)


def device_of_token(session: Session, authorization: str) -> Device:
    """The device that holds this bearer token: enough only together with another secret that nobody can guess.
    Raises Problem 401."""
    scheme, _, token = authorization.partition(" ")
    query = sa.select(Device).where(Device.token_hash == hash_token(token))
    device = session.scalar(query) if scheme.lower() == "bearer" else None
    if device is None:
        raise refused("unauthenticated")
    return device


def _named(asked: HttpRequest) -> Identity:
    headers = {name.lower(): value for name, value in asked.headers.items()}
    scheme, _, token = headers.get("authorization", "").partition(" ")
    device_id = keyid_of(asked.headers)
    if scheme.lower() != "bearer" or not token or device_id is None or not _is_uuid(device_id):
        raise refused("unauthenticated")
    device = _identity(device_id)
    if device is None or not hmac.compare_digest(device.token_hash, hash_token(token)):
        raise refused("unauthenticated")
    return device


def _identity(device_id: str) -> Identity | None:
    known = _identities.setdefault(db.engine, {})
    found = known.get(device_id)
    if found is None:
        with read() as session:
            columns = (Device.id, Device.public_key, Device.token_hash)
            row = session.execute(sa.select(*columns).where(Device.id == device_id)).first()
        if row is None:
            return None
        if len(known) >= _IDENTITIES_MAX:
            known.clear()
        found = known[device_id] = Identity(*row)
    return found


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def claim_exchange(session: Session, sender: Sender, verb: str, now_ms: int) -> Exchange:
    """Record this exchange: its nonce, once and never again, and the beacon that its answer hands out.

    Raises Problem 401 `nonce_replayed`, also when two processes get the same request at once.
    """
    exchange = new_exchange(sender, verb, now_ms)
    try:
        with session.begin_nested():
            session.add(exchange)
    except IntegrityError as error:
        raise refused("nonce_replayed") from error
    return exchange


def new_exchange(sender: Sender, verb: str, now_ms: int) -> Exchange:
    """An exchange that is not recorded yet."""
    return Exchange(
        device_id=sender.device_id,
        nonce=sender.nonce,
        id=str(uuid7()),
        verb=verb,
        brought=False,
        at_ms=now_ms,
        beacon=secrets.token_urlsafe(16),
    )


def hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def key_of(public_key: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(public_key)


def refused(code: str, server_time_ms: int | None = None) -> Problem:
    """A problem of the envelope; `clock_skew` carries the server's time."""
    from_clock = {"server_time": to_iso(server_time_ms)} if code == "clock_skew" and server_time_ms else {}
    problem = protocol_problem(code, **from_clock)
    return problem.with_header("WWW-Authenticate", "Bearer") if problem.status == 401 else problem
