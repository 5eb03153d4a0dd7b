"""The scripts of the console's pages, each built with its styles from the app's sources: `charts`, and `fill` for forms of
records. Pages say all they have to say without them."""

from __future__ import annotations

import json
from functools import cache
from mimetypes import guess_type

from flask import Response, request, send_from_directory

from server.console.pages import blueprint
from server.field_app import BUILT

_SCRIPTS = BUILT / "console"


@blueprint.get("/scripts/<name>")
def script_file(name: str) -> Response:
    """A file of a bundle. Its name changes with its content."""
    is_small = request.accept_encodings.quality("gzip") > 0
    response = send_from_directory(
        _SCRIPTS / "assets", f"{name}.gz" if is_small else name, mimetype=guess_type(name)[0]
    )
    if is_small:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@blueprint.app_template_global("script_bundle")
def script_bundle(name: str) -> tuple[str, list[str]] | None:
    """The names of a script and of its styles; None where nothing was built."""
    manifest = _SCRIPTS / "manifest.json"
    return _bundle(name, manifest.stat().st_mtime_ns) if manifest.exists() else None


@cache
def _bundle(name: str, _changed_ns: int) -> tuple[str, list[str]] | None:
    entry = json.loads((_SCRIPTS / "manifest.json").read_text("utf-8")).get(f"src/console/{name}.ts")
    if entry is None:  # built from older sources
        return None
    styles = [style.removeprefix("assets/") for style in entry.get("css", [])]
    return entry["file"].removeprefix("assets/"), styles
