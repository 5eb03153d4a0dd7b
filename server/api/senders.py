"""Which device sends a request to the sync endpoints."""

from __future__ import annotations

from flask import request

from server.actions.devices.authenticate_device import Asked, Sender, authenticate


def signed_sender(body: bytes, at_ms: int) -> Sender:
    """The device that signed this request. Raises Problem 401 or 400. Its nonce is still to be claimed."""
    asked = Asked(request.method, request.url, dict(request.headers), body)
    return authenticate(asked, at_ms)
