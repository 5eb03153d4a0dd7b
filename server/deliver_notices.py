"""Digests go out to people: what the database says is claimed, sent without any transaction open, and settled. A sender
that dies in between is followed by another, with the same key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import ipaddress
import json
import logging
import socket
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

import apprise
import urllib3

from server.actions.digest_notices import Letter, claim, gather, settle
from server.actions.load_reference import rules_in_force
from server.actions.manage_channels import SCHEMES
from server.db import write
from server.seal import Seals

DIGESTS_A_TICK = 500
TIMEOUT_S = 10.0
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
        if letter.kind == "webhook":
            return post_webhook(letter, webhook_hosts)
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


def post_webhook(letter: Letter, webhook_hosts: Collection[str]) -> bool:
    """POST a digest as JSON, signed as Standard Webhooks asks with the secret that stands in the address's fragment;
    `webhook-id` is the digest's key. The host is resolved once and checked, and what was found is connected to, so that
    no name can lead inside later."""
    asked = urlsplit(letter.address)
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
    """An address of the host; None if any of its addresses is not a public one, unless it is allowed by name."""
    try:
        found = [row[4][0] for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return None
    public = all(ipaddress.ip_address(str(one).partition("%")[0]).is_global for one in found)
    return str(found[0]) if found and (public or may_be_private) else None


def _try(send: Send, letter: Letter) -> bool:
    """Whatever goes wrong on the way is a failure to be tried again; the address stays out of the log."""
    try:
        return send(letter)
    except (OSError, ValueError, urllib3.exceptions.HTTPError, http.client.HTTPException) as error:
        told = {"digest": letter.key, "kind": letter.kind, "error": type(error).__name__}
        _log.warning("a digest was not delivered", extra={"fields": told})
        return False
