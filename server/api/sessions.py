"""Sessions: log in for a bearer token, see the current user, log out."""

from __future__ import annotations

from typing import Any

from flask import g

from server.actions.accounts.log_in import LoggedIn, log_out
from server.api.blueprint import ApiBlueprint, require_viewer, viewer
from server.api.shapes import LogIn, NoQuery, Person, Session
from server.base.db import write
from server.base.problems import Problem
from server.models.access import Viewer
from server.web.responses import log_in

blueprint = ApiBlueprint(
    "sessions", __name__, url_prefix="/api/v1/sessions", open_to_all=True, description="登录与退出"
)


@blueprint.post("")
@blueprint.arguments(LogIn)
@blueprint.response(201, Session)
@blueprint.alt_response(400, "BAD_REQUEST")
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(413, "REQUEST_ENTITY_TOO_LARGE")
@blueprint.alt_response(415, "UNSUPPORTED_MEDIA_TYPE")
@blueprint.alt_response(429, "TOO_MANY_REQUESTS")
@blueprint.alt_response(503, "SERVICE_UNAVAILABLE")
@blueprint.doc(security=[])
def open_session(given: dict[str, Any]) -> LoggedIn:
    """登录

    连续输错 5 次后, 该用户名锁定 15 分钟; 同一地址也有限制 (429, Retry-After)。
    """
    opened = log_in(given["name"], given["password"])
    if opened.viewer.must_change:
        with write() as session:
            log_out(session, opened.token)
        raise Problem("password_change_needed")
    return opened


@blueprint.get("/current")
@blueprint.arguments(NoQuery, location="query")
@blueprint.response(200, Person)
@blueprint.alt_response(401, "UNAUTHORIZED")
def show_session(_: dict[str, Any]) -> Viewer:
    """我是谁"""
    require_viewer()
    return viewer()


@blueprint.delete("/current")
@blueprint.arguments(NoQuery, location="query")
@blueprint.response(204)
@blueprint.alt_response(401, "UNAUTHORIZED")
def close_session(_: dict[str, Any]) -> None:
    """退出: 该 token 立即失效"""
    require_viewer()
    with write() as session:
        log_out(session, g.token)
