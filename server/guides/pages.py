"""The endpoints of the guides: open to everybody, without scripts, from files that come with the server."""

from __future__ import annotations

import hashlib
from functools import cache

from flask import Blueprint, Response, abort, make_response, render_template, request, send_from_directory

from server.guides.library import GUIDES, MACHINES, PICTURES, READERS
from server.guides.render import Rendered, render

blueprint = Blueprint("guides", __name__, url_prefix="/docs", template_folder="templates")
_FRESH_S = 300  # a browser asks again after that: a new version of the server may say something else


@blueprint.get("")
def index() -> Response:
    """All that there is to read."""
    return _answer(render_template("guides.html", readers=READERS, machines=MACHINES))


@blueprint.get("/<name>")
def show(name: str) -> Response:
    """One guide."""
    guide = GUIDES.get(name)
    if guide is None:
        abort(404)
    pictures = tuple(sorted(path.name for path in PICTURES.glob("*.png")))
    return _answer(render_template("guide.html", guide=guide, page=_rendered(name, pictures)))


@blueprint.get("/pictures/<name>")
def picture(name: str) -> Response:
    """A picture of a guide."""
    return send_from_directory(PICTURES, name, max_age=_FRESH_S)


@cache
def _rendered(name: str, _pictures: tuple[str, ...]) -> Rendered:
    """Once for each set of pictures."""
    return render(GUIDES[name])


def _answer(html: str) -> Response:
    response = make_response(html)
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    response.headers["Cache-Control"] = f"public, max-age={_FRESH_S}"
    response.make_conditional(request)
    return response
