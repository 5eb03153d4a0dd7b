"""Channels by which people get notices outside the console."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from server.actions.notices.channels import CHANNELS
from server.base.problems import Problem
from server.base.seal import Seals, aad_of
from server.models.audit import Deed, record_deed
from server.models.notice import Channel, Digest, Notice
from server.models.user import User

ADDRESS_MAX = 1000
MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class NewChannel:
    """`address`: an apprise address or a URL, by `kind`: the code of a channel. `quiet_from`,
    `quiet_to`: minutes of the local day; equal: no quiet hours."""

    kind: str
    address: str
    quiet_from: int = 0
    quiet_to: int = 0


def add_channel(
    session: Session, seals: Seals, user: User, new: NewChannel, now_ms: int, by: str | None = None
) -> tuple[str, str]:
    """Gives the channel's id, and where it is signed the secret that signs what is posted (else ""). `by`: whoever adds it
    at a page. Raises Problem 422."""
    scheme = urlsplit(new.address).scheme
    way = CHANNELS.get(new.kind)
    schemes = way.SCHEMES if way is not None else ()
    quiet = 0 <= new.quiet_from < MINUTES_A_DAY and 0 <= new.quiet_to < MINUTES_A_DAY
    if scheme not in schemes or not quiet or len(new.address) > ADDRESS_MAX:
        detail = f"{new.kind} 的地址以 {' 或 '.join(f'{one}://' for one in schemes)} 开头。"
        raise Problem("invalid_channel", detail)
    address, secret = new.address, ""
    if getattr(way, "IS_SIGNED", False):
        secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
        address = f"{new.address.partition('#')[0]}#{secret}"
    channel = Channel(id=str(uuid7()), user_id=user.id, kind=new.kind, made_ms=now_ms)
    channel.address = seals.seal(address_aad(channel.id), address.encode())
    channel.quiet_from, channel.quiet_to = new.quiet_from, new.quiet_to
    session.add(channel)
    record_deed(session, Deed("channel_added", by, user.name, user.id, {"kind": (None, new.kind)}), now_ms)
    return channel.id, secret


def opened_address(session: Session, seals: Seals, channel_id: str) -> tuple[str, str]:
    """The kind of a channel, and its address as it was given. Raises Problem 404."""
    channel = _one_channel(session, channel_id)
    return channel.kind, seals.open(address_aad(channel.id), channel.address).decode()


def remove_channel(session: Session, channel_id: str, now_ms: int, by: str | None = None) -> None:
    """Delete a channel with the notices that wait to go by it. The console still shows them. Raises Problem 404."""
    channel = _one_channel(session, channel_id)
    user = session.get_one(User, channel.user_id)
    session.execute(sa.delete(Notice).where(Notice.channel_id == channel_id))
    session.execute(sa.delete(Digest).where(Digest.channel_id == channel_id))
    session.delete(channel)
    record_deed(
        session, Deed("channel_removed", by, user.name, user.id, {"kind": (channel.kind, None)}), now_ms
    )


def _one_channel(session: Session, channel_id: str) -> Channel:
    channel = session.get(Channel, channel_id)
    if channel is None:
        raise Problem("not_found", "没有这个通知渠道。")
    return channel


def address_aad(channel_id: str) -> bytes:
    """The additional data (AAD) that a channel's sealed address is bound to."""
    return aad_of("channel", channel_id, "address")


def list_channels(session: Session) -> list[tuple[Channel, User]]:
    """Every channel with its user; addresses stay sealed."""
    query = (
        sa.select(Channel, User).join(User, User.id == Channel.user_id).order_by(User.name, Channel.made_ms)
    )
    return [(channel, user) for channel, user in session.execute(query)]
