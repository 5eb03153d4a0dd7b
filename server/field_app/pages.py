"""The endpoints of the inspectors' app: files that `build` made. Every page of the app is one document."""

from __future__ import annotations

from mimetypes import guess_type
from pathlib import Path

from flask import Blueprint, Response, abort, request
from werkzeug.security import safe_join
from werkzeug.wrappers import Response as AnyResponse

from server.field_app import BUILT

blueprint = Blueprint("field_app", __name__, url_prefix="/field")

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",  # blob: photos that lie in the tablet
        "connect-src 'self'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_FOR_GOOD = "public, max-age=31536000, immutable"  # the name changes with the content
_ASK_FIRST = "no-cache"


@blueprint.get("/")
@blueprint.get("/index.html")
def index() -> AnyResponse:
    return _file(BUILT, "index.html", _ASK_FIRST)


@blueprint.get("/sw.js")
def service_worker() -> AnyResponse:
    response = _file(BUILT, "sw.js", _ASK_FIRST)
    response.headers["Service-Worker-Allowed"] = "/field/"
    return response


@blueprint.get("/assets/<path:name>")
def asset(name: str) -> AnyResponse:
    return _file(BUILT / "assets", name, _FOR_GOOD)


@blueprint.get("/<any('manifest.webmanifest', 'icon.svg', 'icon-maskable.svg'):name>")
def companion(name: str) -> AnyResponse:
    return _file(BUILT, name, _ASK_FIRST)


def _file(folder: Path, name: str, cache: str) -> Response:
    if not (BUILT / "stamp").exists():
        abort(404)
    twin = f"{name}.gz"
    is_small = request.accept_encodings.quality("gzip") > 0 and (folder / twin).is_file()
    path = safe_join(str(folder), twin if is_small else name)
    if path is None or not Path(path).is_file():
        abort(404)
    # Read whole: whoever hangs up in the middle of many files leaves none of them open.
    response = Response(Path(path).read_bytes(), mimetype=guess_type(name)[0])
    response.add_etag()
    response.make_conditional(request)
    if is_small:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = cache
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response
