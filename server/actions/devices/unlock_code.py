"""The code by which whoever forgot the PIN of a tablet sets another.

The tablet makes it with its PIN, and leaves it here before it encrypts anything. By itself it opens nothing: the tablet
combines it with a key that cannot be read out of it.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from server.actions.devices.authenticate_device import Sender, claim_exchange, refused
from server.base.clock import to_iso
from server.base.problems import Problem, not_found
from server.base.seal import Seals, aad_of
from server.models.audit import Deed, record_deed
from server.models.device import OWN_CLASS, Device
from server.models.tx import Tx
from server.models.user import User

_GROUP_CHARS = 4


def unlock_aad(device_id: str) -> bytes:
    return aad_of("device", device_id, "unlock_code")


def keep_unlock_code(
    session: Session, seals: Seals, sender: Sender, code: str, now_ms: int
) -> dict[str, str]:
    """Keep a device's code, in place of an earlier one; its answer. Raises Problem 401: `unauthenticated`, `device_revoked`,
    `nonce_replayed`."""
    device = session.get(Device, sender.device_id)
    if device is None:
        raise refused("unauthenticated")
    if device.state != "active" or not session.get_one(User, device.user_id).active:
        raise refused("device_revoked")
    exchange = claim_exchange(session, sender, "unlock", now_ms)
    device.unlock_code = seals.seal(unlock_aad(device.id), code.encode())
    return {"beacon": exchange.beacon, "server_time": to_iso(now_ms)}


def show_unlock_code(tx: Tx, device_id: str, by: str, reason: str) -> str:
    """A device's code in groups of four, for an administrator to read out; who saw it and why is recorded. Raises Problem
    404, 409 `no_unlock_code` for a device that left none."""
    device = tx.session.get(Device, device_id)
    if device is None or device.device_class == OWN_CLASS:
        raise not_found()
    if device.unlock_code is None:
        raise Problem("no_unlock_code", "这台设备没有设 PIN 码, 或还没有交来解锁码。")
    user = tx.session.get_one(User, device.user_id)
    record_deed(
        tx.session,
        Deed("unlock_code_shown", by, f"{device.name} · {user.display_name}", device.id, reason=reason),
        tx.now_ms,
    )
    code = tx.seals.open(unlock_aad(device.id), device.unlock_code).decode()
    return "-".join(code[at : at + _GROUP_CHARS] for at in range(0, len(code), _GROUP_CHARS))
