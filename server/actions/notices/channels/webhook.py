"""A webhook: JSON by POST to a system of the bureau's own, signed as Standard Webhooks asks."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection
from urllib.parse import urlsplit

from server.actions.notices.outgoing import TIMEOUT_S, Outgoing
from server.base.egress import pinned
from server.base.webhook_signature import signed_headers

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
    secret = urlsplit(address).fragment
    return found.post_json(body, signed_headers(secret, outgoing.key, outgoing.at_ms, body))
