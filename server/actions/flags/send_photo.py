"""A photo that a move of an open flag named, for the tablet of somebody who sees the flag."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.devices.authenticate_device import Sender, claim_exchange, refused
from server.base.problems import protocol_problem
from server.models.access import viewer_of, visible_flags
from server.models.device import Device
from server.models.flag import Flag, FlagEvent, of_flag
from server.models.media import Media
from server.models.user import User
from server.rules.flags.moves import MOVES


def photo_of_flag(session: Session, sender: Sender, flag_id: str, sha256: str, now_ms: int) -> Media:
    """The photo, if the device's user sees the flag, it is open, and a move that is no remark named the photo. Raises
    Problem 401 `device_revoked` or `nonce_replayed`, 404 for everything else alike."""
    claim_exchange(session, sender, "photo", now_ms)
    device = session.get_one(Device, sender.device_id)
    user = session.get_one(User, device.user_id)
    if device.revoked_ms is not None or not user.active:
        raise refused("device_revoked")
    seen = sa.and_(Flag.id == flag_id, Flag.closed_ms.is_(None), visible_flags(viewer_of(session, user)))
    flag = session.scalar(sa.select(Flag).where(seen))
    photo = session.get(Media, (flag.scope_id, sha256)) if flag is not None else None
    if flag is None or photo is None or photo.state != "kept" or sha256 not in _named(session, flag):
        raise protocol_problem("not_found")
    return photo


def _named(session: Session, flag: Flag) -> set[str]:
    moves = [action for action, move in MOVES.items() if move.media and not move.remark]
    query = sa.select(FlagEvent.detail).where(of_flag(FlagEvent, flag), FlagEvent.action.in_(moves))
    return {sha256 for detail in session.scalars(query) for sha256 in detail.get("media", ())}
