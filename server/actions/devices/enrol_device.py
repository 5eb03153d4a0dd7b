"""Enrol a tablet: for a single-use code and its public key it gets an identity and a token."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from server.actions.devices.authenticate_device import Sender, claim_exchange, hash_token, refused
from server.actions.devices.enrol_code import TABLET, redeem_code
from server.base.clock import to_iso
from server.base.problems import Problem, protocol_problem
from server.base.seal import Seals
from server.models.audit import Deed, record_deed
from server.models.device import Device
from server.models.user import User


def validated(schema: Schema, asked: Any) -> dict[str, Any]:
    """The fields of what a tablet sends, as the schema asks for them. Raises Problem 400 `header_invalid` with messages by
    JSON pointer."""
    errors = schema.validate(asked) if isinstance(asked, Mapping) else {"": ["请求正文必须是 JSON 对象。"]}
    if errors:
        pointers = {f"/{name}" if name else "": list(messages) for name, messages in errors.items()}
        raise protocol_problem("header_invalid", errors=pointers)
    return dict(asked)


def enrol_device(
    session: Session, seals: Seals, asked: Mapping[str, Any], now_ms: int
) -> dict[str, Any] | None:
    """The answer to a new device, or None for a wrong code. Commit in both cases: a wrong try counts.

    A reinstalled app has a new key and is a new device.
    """
    redeemed = redeem_code(session, asked["code"], now_ms)
    if redeemed is None:
        return None
    user, device_class = redeemed
    return enrolled(session, seals, user, asked, now_ms, device_class)


def enrolled(
    session: Session,
    seals: Seals,
    user: User,
    asked: Mapping[str, Any],
    now_ms: int,
    device_class: str = TABLET,
) -> dict[str, Any]:
    """Record the new device, and hand it its token and first beacon."""
    token = secrets.token_urlsafe(32)
    device = Device(
        id=str(uuid7()),
        user_id=user.id,
        name=asked["name"],
        platform=asked["platform"],
        public_key=key_bytes(asked["public_key"]),
        token_hash=hash_token(token),
        device_class=device_class,
        state="active",
        enrolled_ms=now_ms,
        seen_ms=now_ms,
    )
    session.add(device)
    session.flush()
    about = f"{device.name} · {user.display_name}"
    record_deed(session, Deed("device_enrolled", user.id, about, device.id), now_ms)
    sender = Sender(device.id, device.public_key, f"enrol-{device.id}")
    beacon = claim_exchange(session, sender, "enrol", now_ms).beacon
    return {
        "device": device.id,
        "token": token,
        "user": user.id,
        "server_key": base64url(seals.signing_key.public_key().public_bytes_raw()),
        "beacon": beacon,
        "server_time": to_iso(now_ms),
    }


def wrong_code() -> Problem:
    return refused("enrol_code_invalid")


def key_bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")
