"""Which pages of other origins may call the API and sync (CORS): those of the setting, and without one none."""

from __future__ import annotations

from collections.abc import Collection

from flask import Flask, Response, request

_PREFIXES = ("/api/v1/", "/sync/v1/")
_SYNC = "Content-Digest, Content-Encoding, Signature, Signature-Input"  # what SPEC M18 and M21 ask for
_TUS = "Tus-Resumable, Upload-Length, Upload-Metadata, Upload-Offset, Upload-Checksum"
_ALLOWED = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": f"Authorization, Content-Type, If-None-Match, {_SYNC}, {_TUS}",
    "Access-Control-Max-Age": "600",
}
_EXPOSED = (
    "ETag, Location, OData-Version, Retry-After, Tus-Resumable, Upload-Expires, Upload-Length, Upload-Offset"
)


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
        if request.path.startswith(_PREFIXES):
            response.vary.add("Origin")
            if _is_allowed(origins):
                response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
                response.headers["Access-Control-Expose-Headers"] = _EXPOSED
                response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response


def _is_allowed(origins: Collection[str]) -> bool:
    return request.path.startswith(_PREFIXES) and request.headers.get("Origin", "") in origins
