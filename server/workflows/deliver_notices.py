"""Digests are sent to people: each is claimed, sent without any transaction open, and recorded as sent or failed. When a
sender dies in between, another one sends the digest again, with the same key."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from server.actions.notices.channels import CHANNELS
from server.actions.notices.digest import claim, gather, is_any_due, settle
from server.actions.notices.outgoing import Outgoing
from server.actions.reference.load_reference import rules_in_force
from server.base.db import read, write
from server.base.seal import Seals

DIGESTS_A_TICK = 500
_log = logging.getLogger("gongdi.notices")

Send = Callable[[Outgoing], bool]


def deliver_due(seals: Seals, now_ms: int, send: Send, address_of: str = "") -> dict[str, int]:
    """Gather what may be sent, then send what is due, one digest at a time. Gives how many were sent and failed."""
    did = {"digests": 0, "sent": 0, "failed": 0}
    with read() as session:
        if not is_any_due(session, now_ms):
            return did
    with write() as session:
        did["digests"] = gather(session, now_ms)
    for _ in range(DIGESTS_A_TICK):
        with write() as session:
            outgoing = claim(session, seals, now_ms, address_of)
        if outgoing is None:
            break
        sent = tried(send, outgoing)
        with write() as session:
            settle(session, outgoing.key, sent, now_ms, rules_in_force(session))
        did["sent" if sent else "failed"] += 1
    return did


def sender(private_hosts: Collection[str]) -> Send:
    """Sends by the channel of each digest. `private_hosts`: hosts that may lie in a private network."""

    def send(outgoing: Outgoing) -> bool:
        if outgoing.address is None:
            _log.error("a channel's address does not open", extra={"fields": {"digest": outgoing.key}})
            return False
        channel = CHANNELS.get(outgoing.kind)
        if channel is None or urlsplit(outgoing.address).scheme not in channel.SCHEMES:
            return False
        return channel.send(outgoing, outgoing.address, private_hosts)

    return send


def tried(send: Send, outgoing: Outgoing) -> bool:
    """Whatever goes wrong on the way is a failure to be tried again, and stops no other digest. Only the error's
    type is logged: its message may hold the address."""
    try:
        return send(outgoing)
    except Exception as error:
        fields = {"digest": outgoing.key, "kind": outgoing.kind, "error": type(error).__name__}
        _log.warning("a digest was not delivered", extra={"fields": fields})
        return False
