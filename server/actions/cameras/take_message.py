"""A message that a platform sends by itself: signed as Standard Webhooks asks and taken in once, or published by MQTT."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any, NamedTuple

import msgspec
from sqlalchemy.orm import Session

from schemas.expressions.moments import micros_of
from server.actions.accounts.limit_rate import tally_key
from server.actions.cameras.ask_platform import NotAnswered
from server.actions.cameras.edit_platforms import known_adapter, secret_of
from server.actions.cameras.take_reports import sites_of_platform, take_events, take_states
from server.base.problems import Problem
from server.base.seal import Seals
from server.base.webhook_signature import signature
from server.models.camera import Platform, cameras_of_platform
from server.models.tx import Tx
from server.models.user import count_up
from server.rules.camera_adapters import WEBHOOK, Event

BYTES_MAX = 256 * 1024
TOLERANCE_S = 5 * 60  # a message that is older, or newer, is a copy or comes from a wrong clock
_ONCE_MS = 3 * TOLERANCE_S * 1000  # longer than a copy of it is accepted
_ID = re.compile(r"[\x21-\x7e]{1,100}")
_SIGNATURES_MAX = 10


class Signed(NamedTuple):
    """The headers webhook-id, webhook-timestamp and webhook-signature."""

    id: str
    timestamp: str
    signature: str


def check_message(
    session: Session, seals: Seals, platform_id: str, signed: Signed, body: bytes, now_ms: int
) -> None:
    """Raises Problem 401 for a message that this platform did not sign, or not now. An unknown platform answers alike."""
    platform = session.get(Platform, platform_id)
    is_open = platform is not None and platform.to_ms is None
    secret = secret_of(seals, platform) if is_open and platform is not None else ""
    is_dated = signed.timestamp.isascii() and signed.timestamp.isdigit() and len(signed.timestamp) <= 12
    if not secret or not is_dated or _ID.fullmatch(signed.id) is None or not _is_ours(signed, body, secret):
        raise Problem("message_refused")
    if abs(int(signed.timestamp) - now_ms // 1000) > TOLERANCE_S:
        raise Problem("message_refused", "消息的时间与服务器相差超过 5 分钟, 请校准平台的时钟后再发。")


def take_message(tx: Tx, platform_id: str, message_id: str, message: Any) -> dict[str, Any]:
    """Take in a message that was checked: states of cameras, and what the platform thinks it saw. Twice the same id does
    nothing the second time. Gives what was done. Raises Problem 422 for a platform that does not send messages."""
    if not _is_first(tx, f"webhook|{platform_id} {message_id}"):
        return {"duplicate": True}
    adapter = known_adapter(tx, tx.session.get_one(Platform, platform_id).adapter)
    if adapter.transport != WEBHOOK:
        raise Problem("message_refused")
    return _take(tx, platform_id, adapter.states(adapter.items(message)), list(adapter.events(message)))


def take_published(tx: Tx, platform_id: str, payload: bytes) -> None:
    """Take in a message that a platform published by MQTT. A broker may deliver it twice: the same states again change
    nothing, and what it thinks it saw is taken in once. Raises NotAnswered for one that is too large or can't be read."""
    if len(payload) > BYTES_MAX:
        raise NotAnswered("too_large")
    try:
        message = msgspec.json.decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise NotAnswered("unreadable")
    adapter = known_adapter(tx, tx.session.get_one(Platform, platform_id).adapter)
    events = list(adapter.events(message))
    if events and not _is_first(tx, f"mqtt|{platform_id} {hashlib.sha256(payload).hexdigest()}"):
        events = []
    _take(tx, platform_id, adapter.states(adapter.items(message)), events)


def _is_first(tx: Tx, message: str) -> bool:
    return count_up(tx.session, tally_key(message), _ONCE_MS, tx.now_ms)[0] == 1


def _take(tx: Tx, platform_id: str, states: dict[str, str], said: list[Event]) -> dict[str, Any]:
    """A camera that is not named is as it was."""
    session, now_ms = tx.session, tx.now_ms
    platform = session.get_one(Platform, platform_id)
    events = [event if micros_of(event.at) is not None else event._replace(at="") for event in said]
    codes = {camera.code for camera in cameras_of_platform(session, platform.id)}
    unknown = len({*states, *(event.camera for event in events)} - codes)
    lines = seen = 0
    for site_id in sites_of_platform(session, platform.id):
        lines += take_states(tx, platform, site_id, states, is_whole=False)
        seen += take_events(tx, platform, site_id, events) if events else 0
    platform.heard_ms, platform.problem = now_ms, ""
    return {"cameras": len(codes & states.keys()), "events": seen, "unknown": unknown}


def _is_ours(signed: Signed, body: bytes, secret: str) -> bool:
    """Whether one of the signatures is that of the secret. Compared in constant time."""
    try:
        wanted = signature(secret, signed.id, signed.timestamp, body).encode()
    except ValueError:
        return False
    given = signed.signature.split()[:_SIGNATURES_MAX]
    return any(hmac.compare_digest(wanted, said.encode()) for said in given)
