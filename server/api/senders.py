"""Which device sends a request to the sync endpoints."""

from __future__ import annotations

from flask import request

from server.actions.devices.authenticate_device import Sender, authenticate
from sync_protocol.signatures import HttpRequest


def signed_sender(body: bytes, at_ms: int) -> Sender:
    """The device that signed this request. Raises Problem 401 or 400. Its nonce is still to be claimed."""
    return authenticate(HttpRequest(request.method, request.url, dict(request.headers), body), at_ms)
