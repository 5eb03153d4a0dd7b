"""The docs page: Swagger UI from local files (offices have closed networks), under the same CSP as every
page."""

from __future__ import annotations

from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Response, render_template, send_from_directory

blueprint = Blueprint(
    "docs", __name__, url_prefix="/api/v1/docs", template_folder="templates", static_folder="static"
)

# The package's own page starts itself with an inline script, which our policy forbids; only its files are
# served.
_FILES = Path(flask_swagger_ui.__file__).parent / "dist"


@blueprint.get("")
@blueprint.get("/")
def show() -> str:
    """The page itself."""
    return render_template("docs.html")


@blueprint.get("/ui/<path:name>")
def ui(name: str) -> Response:
    """A file of Swagger UI."""
    return send_from_directory(_FILES, name, max_age=86_400)
