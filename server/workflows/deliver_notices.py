"""Digests go out to people: what the database says is claimed, sent without any transaction open, and settled. A sender
that dies in between is followed by another, with the same key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import json
import logging
import socket
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

import apprise
import urllib3

from server.actions.notices.channels import SCHEMES
from server.actions.notices.digest import Letter, claim, gather, settle
from server.actions.reference.load_reference import rules_in_force
from server.base.db import write
from server.base.seal import Seals

DIGESTS_A_TICK = 500
TIMEOUT_S = 10.0
_ENDS_IN_IPV4 = (ipaddress.IPv6Network("::/96"), ipaddress.IPv6Network("64:ff9b::/96"))
_NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")
_log = logging.getLogger("gongdi.notices")

Send = Callable[[Letter], bool]


def deliver_due(seals: Seals, now_ms: int, send: Send, address_of: str = "") -> dict[str, int]:
    """Gather what may leave, then send what is due, one digest at a time. Gives how many were sent and failed."""
    with write() as session:
        did = {"digests": gather(session, now_ms), "sent": 0, "failed": 0}
    for _ in range(DIGESTS_A_TICK):
        with write() as session:
            letter = claim(session, seals, now_ms, address_of)
        if letter is None:
            break
        sent = _try(send, letter)
        with write() as session:
            settle(session, letter.key, sent, now_ms, rules_in_force(session))
        did["sent" if sent else "failed"] += 1
    return did


def sender(webhook_hosts: Collection[str]) -> Send:
    """Sends by kind of channel. `webhook_hosts`: hosts that may lie in a private network."""

    def send(letter: Letter) -> bool:
        if letter.address is None:
            _log.error("a channel's address does not open", extra={"fields": {"digest": letter.key}})
            return False
        if letter.kind == "webhook":
            return post_webhook(letter, letter.address, webhook_hosts)
        if urlsplit(letter.address).scheme not in SCHEMES[letter.kind]:
            return False
        channel = apprise.Apprise(asset=apprise.AppriseAsset(app_id="Gongdi", app_desc="", async_mode=False))
        between = "&" if "?" in letter.address else "?"
        told = f"{letter.address}{between}cto={TIMEOUT_S}&rto={TIMEOUT_S}"
        if letter.kind == "mail":
            told += f"&%2BMessage-ID=<{letter.key}@gongdi>"
        if not channel.add(told):
            return False
        body = "\n".join(letter.lines)
        return bool(channel.notify(body=body, title=letter.title, body_format=apprise.NotifyFormat.TEXT))

    return send


def post_webhook(letter: Letter, address: str, webhook_hosts: Collection[str]) -> bool:
    """POST a digest as JSON, signed as Standard Webhooks asks with the secret that stands in the address's fragment;
    `webhook-id` is the digest's key. The host is resolved once and checked, and what was found is connected to, so that
    no name can lead inside later."""
    asked = urlsplit(address)
    host, is_tls = asked.hostname or "", asked.scheme == "https"
    port = asked.port or (443 if is_tls else 80)
    found = _resolve(host, port, host in webhook_hosts)
    if found is None or asked.scheme not in SCHEMES["webhook"]:
        _log.warning("a webhook's address is not allowed", extra={"fields": {"digest": letter.key}})
        return False
    told = {"title": letter.title, "lines": letter.lines, "count": letter.count, "severe": letter.severe}
    body = json.dumps({"type": "gongdi.notices", **told}, ensure_ascii=False).encode()
    headers = {"Host": asked.netloc.rpartition("@")[2], "Content-Type": "application/json"}
    headers |= signed(letter, body, asked.fragment)
    timeout = urllib3.Timeout(total=TIMEOUT_S)
    pool = (
        urllib3.HTTPSConnectionPool(found, port, timeout=timeout, server_hostname=host, assert_hostname=host)
        if is_tls
        else urllib3.HTTPConnectionPool(found, port, timeout=timeout)
    )
    path = (asked.path or "/") + (f"?{asked.query}" if asked.query else "")
    with pool:
        answer = pool.urlopen(
            "POST", path, body=body, headers=headers, retries=False, redirect=False, preload_content=False
        )
        answer.close()
    return 200 <= answer.status < 300


def signed(letter: Letter, body: bytes, secret: str) -> dict[str, str]:
    """The headers of Standard Webhooks: HMAC-SHA256 over id, time and body. `secret`: whsec_ and base64."""
    at, key = str(letter.at_ms // 1000), base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, b".".join((letter.key.encode(), at.encode(), body)), hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": letter.key, "webhook-timestamp": at, "webhook-signature": signature}


def _resolve(host: str, port: int, may_be_private: bool) -> str | None:
    """An address of the host; None if any of its addresses is not a public one, unless the host is allowed by name."""
    try:
        found = [row[4][0] for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return None
    allowed = may_be_private or all(is_public(str(one)) for one in found)
    return str(found[0]) if found and allowed else None


def is_public(address: str) -> bool:
    """Whether an IP address lies in the public Internet; one that stands for IPv4 addresses (mapped, compatible, 6to4,
    Teredo, NAT64) if all of them do. `is_global` alone takes multicast for public, and of those that stand for others each
    version of Python thinks otherwise."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if found.is_multicast or found in _NAT64_LOCAL:
        return False
    if isinstance(found, ipaddress.IPv4Address):
        return found.is_global
    embedded = _embedded(found)
    if embedded:
        return all(is_public(str(one)) for one in embedded)
    return found.is_global and not found.is_site_local


def _embedded(found: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses that an IPv6 address leads to."""
    named = [found.ipv4_mapped, found.sixtofour, *(found.teredo or ())]
    if any(found in network for network in _ENDS_IN_IPV4):
        named.append(ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF))
    return [one for one in named if one is not None]


def _try(send: Send, letter: Letter) -> bool:
    """Whatever goes wrong on the way is a failure to be tried again, and stops nobody else's notices. Only the error's
    type is logged: its words may hold the address."""
    try:
        return send(letter)
    except Exception as error:
        told = {"digest": letter.key, "kind": letter.kind, "error": type(error).__name__}
        _log.warning("a digest was not delivered", extra={"fields": told})
        return False
