"""A webhook: JSON by POST to a system of the bureau's own, signed as Standard Webhooks asks."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection
from urllib.parse import urlsplit

from server.actions.notices.outgoing import TIMEOUT_S, Outgoing
from server.base.egress import pinned
from server.base.webhook_signature import signature

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
    found = pinned(address, private_hosts, TIMEOUT_S)
    if found is None:
        _log.warning("a webhook's address is not allowed", extra={"fields": {"digest": outgoing.key}})
        return False
    data = {
        "title": outgoing.title,
        "lines": outgoing.lines,
        "count": outgoing.count,
        "severe": outgoing.severe,
    }
    body = json.dumps({"type": "gongdi.notices", **data}, ensure_ascii=False).encode()
    headers = {"Host": found.host, "Content-Type": "application/json"}
    headers |= signed(outgoing, body, urlsplit(address).fragment)
    with found.pool:
        answer = found.pool.urlopen(
            "POST",
            found.path,
            body=body,
            headers=headers,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        answer.close()
    return 200 <= answer.status < 300


def signed(outgoing: Outgoing, body: bytes, secret: str) -> dict[str, str]:
    """The headers of Standard Webhooks. `secret`: whsec_ and base64."""
    at = str(outgoing.at_ms // 1000)
    found = signature(secret, outgoing.key, at, body)
    return {"webhook-id": outgoing.key, "webhook-timestamp": at, "webhook-signature": found}
