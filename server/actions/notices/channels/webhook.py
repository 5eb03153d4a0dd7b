"""A webhook: JSON by POST to a system of the bureau's own, signed as Standard Webhooks asks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Collection
from urllib.parse import urlsplit

import urllib3

from server.actions.notices.outgoing import TIMEOUT_S, Outgoing
from server.base.egress import resolve

CODE = "webhook"
TITLE = "webhook"
SCHEMES = ("https", "http")
EXAMPLE = "https://…"
IS_SIGNED = True

_log = logging.getLogger("gongdi.notices")


def send(outgoing: Outgoing, address: str, private_hosts: Collection[str]) -> bool:
    """POST a digest as JSON, signed as Standard Webhooks asks with the secret in the address's fragment;
    `webhook-id` is the digest's key. The host is resolved once and checked, and what was found is connected to, so that
    no name can lead inside later."""
    asked = urlsplit(address)
    host, is_tls = asked.hostname or "", asked.scheme == "https"
    port = asked.port or (443 if is_tls else 80)
    found = resolve(host, port, host in private_hosts)
    if found is None or asked.scheme not in SCHEMES:
        _log.warning("a webhook's address is not allowed", extra={"fields": {"digest": outgoing.key}})
        return False
    data = {
        "title": outgoing.title,
        "lines": outgoing.lines,
        "count": outgoing.count,
        "severe": outgoing.severe,
    }
    body = json.dumps({"type": "gongdi.notices", **data}, ensure_ascii=False).encode()
    headers = {"Host": asked.netloc.rpartition("@")[2], "Content-Type": "application/json"}
    headers |= signed(outgoing, body, asked.fragment)
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


def signed(outgoing: Outgoing, body: bytes, secret: str) -> dict[str, str]:
    """The headers of Standard Webhooks: HMAC-SHA256 over id, time and body. `secret`: whsec_ and base64."""
    at, key = str(outgoing.at_ms // 1000), base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, b".".join((outgoing.key.encode(), at.encode(), body)), hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": outgoing.key, "webhook-timestamp": at, "webhook-signature": signature}
