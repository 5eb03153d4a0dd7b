"""Which pages of other origins may call the API (CORS): those of the setting, and without one none."""

from __future__ import annotations

from collections.abc import Collection

from flask import Flask, Response, request

_PREFIX = "/api/v1/"
_ALLOWED = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-None-Match",
    "Access-Control-Max-Age": "600",
}


def allow_origins(app: Flask, origins: Collection[str]) -> None:
    """Answer preflights and mark answers for these origins. Cookies are never accepted from them: a page sends a token."""
    if not origins:
        return

    @app.before_request
    def _preflight() -> Response | None:
        is_asked = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        if not is_asked or not _is_allowed(origins):
            return None
        return Response(status=204, headers=_ALLOWED)

    @app.after_request
    def _mark(response: Response) -> Response:
        if request.path.startswith(_PREFIX):
            response.vary.add("Origin")
            if _is_allowed(origins):
                response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
                response.headers["Access-Control-Expose-Headers"] = "ETag, Retry-After, OData-Version"
                response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response


def _is_allowed(origins: Collection[str]) -> bool:
    return request.path.startswith(_PREFIX) and request.headers.get("Origin", "") in origins
