"""What the console's pages load: the styles and pictures of `static`, and scripts, each built with its styles from the
app's sources: `charts`, and `fill` for forms of records. Pages say all they have to say without scripts. A browser asks
for each file once: its address changes with its content."""

from __future__ import annotations

import gzip
import hashlib
import json
from functools import cache
from mimetypes import guess_type
from pathlib import Path
from typing import NamedTuple

from flask import Response, request, send_from_directory, url_for

from server.base.problems import not_found
from server.console.pages import blueprint
from server.field_app import BUILT

_SCRIPTS = BUILT / "console"
_STATIC = Path(__file__).with_name("static")
_FOR_GOOD = "public, max-age=31536000, immutable"


class _Static(NamedTuple):
    plain: bytes
    small: bytes
    version: str


@blueprint.get("/static/<name>")
def static_file(name: str) -> Response:
    """A file of `static`; kept for good by whoever asks for this very version of it."""
    path = _STATIC / name
    if not path.is_file():
        raise not_found()
    file = _static(path, path.stat().st_mtime_ns)
    is_small = request.accept_encodings.quality("gzip") > 0
    response = Response(file.small if is_small else file.plain, mimetype=guess_type(name)[0])
    if is_small:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    is_this = request.args.get("v") == file.version
    response.headers["Cache-Control"] = _FOR_GOOD if is_this else "no-cache"
    return response


@blueprint.app_template_global("static_url")
def static_url(name: str) -> str:
    """The address of a file of `static` as it is now."""
    path = _STATIC / name
    return url_for("console.static_file", name=name, v=_static(path, path.stat().st_mtime_ns).version)


@cache
def _static(path: Path, _changed_ns: int) -> _Static:
    plain = path.read_bytes()
    return _Static(plain, gzip.compress(plain, mtime=0), hashlib.sha256(plain).hexdigest()[:12])


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
    response.headers["Cache-Control"] = _FOR_GOOD
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
