"""Which device sends a request to the sync endpoints."""

from __future__ import annotations

from flask import request

from schemas.book import KindBook
from server.actions.devices.authenticate_device import Sender, authenticate
from server.actions.reference.load_reference import rules_in_force
from server.base.db import read
from sync_protocol.signatures import HttpRequest


def signed_sender(body: bytes, at_ms: int) -> Sender:
    """The device that signed this request. Raises Problem 401 or 400. Its nonce is still to be claimed."""
    asked = HttpRequest(request.method, request.url, dict(request.headers), body)
    with read() as session:
        return authenticate(session, asked, at_ms)


def signed_sender_and_kinds(body: bytes, at_ms: int) -> tuple[Sender, KindBook]:
    """The same, and the kinds of record with the lists that this installation has, in one look at the database."""
    asked = HttpRequest(request.method, request.url, dict(request.headers), body)
    with read() as session:
        return authenticate(session, asked, at_ms), rules_in_force(session).kinds
