"""Answers that a client has already: ETag and conditional requests (RFC 9110, 13)."""

from __future__ import annotations

import hashlib

from flask import Response, request


def mark_unchanged(response: Response) -> Response:
    """The same answer again is 304 for a client that has it."""
    if request.method == "GET" and response.status_code == 200 and not response.is_streamed:
        response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
        response.headers["Cache-Control"] = "private, no-cache"
        response.make_conditional(request)
    return response
