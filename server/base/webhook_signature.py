"""The signature of Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import hashlib
import hmac

SECRET_PREFIX = "whsec_"


def signed_headers(secret: str, message_id: str, at_ms: int, body: bytes) -> dict[str, str]:
    """The headers of a message that is sent at this time. Raises as `signature`."""
    at = str(at_ms // 1000)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": at,
        "webhook-signature": signature(secret, message_id, at, body),
    }


def signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """As the header `webhook-signature` has it. `secret`: whsec_ and base64; `timestamp`: seconds since the epoch. Raises
    ValueError for a secret that is no base64."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    text = b".".join((message_id.encode(), timestamp.encode(), body))
    digest = hmac.new(key, text, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
