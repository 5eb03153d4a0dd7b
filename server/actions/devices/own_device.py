"""Devices of the server itself, as which it writes into a log."""

from __future__ import annotations

import secrets

from sqlalchemy.orm import Session

from server.actions.devices.authenticate_device import hash_token
from server.base.seal import Seals
from server.models.device import OWN_CLASS, Device

PLATFORM = "server"


def add_own_device(
    session: Session, seals: Seals, device_id: str, user_id: str, name: str, now_ms: int
) -> Device:
    """A device whose key is the server's. Nobody knows its token, so nobody can speak for it; it is in no watermark."""
    made = Device(id=device_id, user_id=user_id, name=name, platform=PLATFORM, state="active")
    made.device_class = OWN_CLASS
    made.public_key = seals.signing_key.public_key().public_bytes_raw()
    made.token_hash = hash_token(secrets.token_urlsafe(32))
    made.enrolled_ms = made.seen_ms = now_ms
    session.add(made)
    session.flush()
    return made
