"""The console: log in, see the flags, see one flag's proof. Server-rendered; works without any script."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Mapping

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.actions.enter_holidays import runs_out
from server.actions.log_in import SESSION_MS, log_out, viewer_by_token
from server.actions.name_codes import Names
from server.actions.show_notices import count_unread
from server.console import words
from server.db import read, write
from server.door import log_in, now_ms, runtime
from server.models.access import may_administer
from server.problems import Problem, not_found
from server.rules.flag_words import bound, exact, moment
from sync_protocol.outcomes import problem_title

blueprint = Blueprint(
    "console",
    __name__,
    url_prefix="/console",
    template_folder="templates",
    static_folder="static",
)
blueprint.add_app_template_filter(words.word, "word")
blueprint.add_app_template_filter(words.reason, "reason")
blueprint.add_app_template_filter(moment, "moment")
blueprint.add_app_template_filter(exact, "exact")
blueprint.add_app_template_filter(words.near, "near")
blueprint.add_app_template_filter(problem_title, "refusal")
blueprint.add_app_template_filter(bound, "bound")

COOKIE = "gongdi_session"
FORM_COOKIE = "gongdi_form"
FORM_BYTES_MAX = 16 * 1024
ROWS = 30
WORKERS = ("contractor", "section", "brigade")  # who has moves to make
JUDGES = ("section", "brigade")
OPEN_PAGES = ("console.show_log_in", "console.take_log_in", "console.static", "console.chart_file")


@blueprint.before_request
def know_viewer() -> AnyResponse | None:
    """Find out who looks, by the cookie; strangers are led to the log-in and back."""
    request.max_content_length = FORM_BYTES_MAX
    g.viewer = None
    token = request.cookies.get(COOKIE, "")
    if 0 < len(token) <= 200:
        with read() as session:
            g.viewer = viewer_by_token(session, token, now_ms())
            if g.viewer is not None and request.method == "GET":
                g.unread = count_unread(session, g.viewer)
                if may_administer(g.viewer):
                    g.holidays_until = runs_out(session, now_ms())
    if g.viewer is None and request.endpoint not in OPEN_PAGES:
        return redirect(url_for("console.show_log_in", next=request.full_path.rstrip("?")), 303)
    return None


@blueprint.get("/")
def home() -> AnyResponse:
    """Whoever has moves to make begins with those, everybody else with the flags."""
    works = g.viewer.role in WORKERS
    return redirect(url_for("console.list_waiting" if works else "console.list_flags"))


@blueprint.get("/login")
def show_log_in() -> AnyResponse:
    """The log-in form."""
    if g.viewer is not None:
        return redirect(url_for("console.home"), 303)
    return _log_in_page(200, _own_path(request.args.get("next", "")))


@blueprint.post("/login")
def take_log_in() -> AnyResponse:
    """Log in. A wrong try shows the form again, with what was wrong."""
    check_form(request.cookies.get(FORM_COOKIE, ""))
    onward = _own_path(request.form.get("next", ""))
    try:
        opened = log_in(request.form.get("name", ""), request.form.get("password", "")[:200])
    except Problem as problem:
        return _log_in_page(problem.status, onward, problem)
    response = redirect(onward, 303)
    _set_cookie(response, COOKIE, opened.token, SESSION_MS // 1000)
    response.delete_cookie(FORM_COOKIE, path="/console")
    return response


@blueprint.post("/logout")
def take_log_out() -> AnyResponse:
    """Log out; the session ends on the server too."""
    check_form()
    with write() as session:
        log_out(session, request.cookies[COOKIE])
    response = redirect(url_for("console.show_log_in"), 303)
    response.delete_cookie(COOKIE, path="/console")
    return response


def require_role(*roles: str) -> None:
    """Raises Problem 404 for who does not have this page in the menu."""
    if g.viewer.role not in roles:
        raise not_found()


def error_page(problem: Problem) -> Response:
    """A problem as a page."""
    page = render_template("error.html", problem=problem, viewer=g.get("viewer"), form_token=_form_token())
    response = make_response(page, problem.status)
    response.headers.update(problem.headers)
    return response


def render(template: str, names: Names, **shown: object) -> str:
    """A page for whoever looks."""
    return render_template(
        template,
        viewer=g.viewer,
        unread=g.get("unread", 0),
        holidays_until=g.get("holidays_until"),
        form_token=_form_token(),
        names=names,
        words=words,
        **shown,
    )


def _log_in_page(status: int, onward: str, problem: Problem | None = None) -> Response:
    """The form with a token that only its own cookie fits: nobody can be logged in as somebody else
    unawares."""
    secret = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(24)
    name = request.form.get("name", "")[:64]
    page = render_template(
        "login.html", problem=problem, onward=onward, name=name, viewer=None, form_token=_form_token(secret)
    )
    response = make_response(page, status)
    if problem is not None:
        response.headers.update(problem.headers)
    _set_cookie(response, FORM_COOKIE, secret, 3600)
    return response


def _set_cookie(response: AnyResponse, name: str, value: str, age_s: int) -> None:
    response.set_cookie(
        name, value, max_age=age_s, path="/console", httponly=True, samesite="Lax", secure=request.is_secure
    )


def _form_token(secret: str | None = None) -> str:
    """What a form must bring back: a keyed digest of the cookie, which another site can neither read nor
    make."""
    return runtime().seals.digest("form", secret or request.cookies.get(COOKIE, ""))


def check_form(secret: str | None = None) -> None:
    """Raises Problem 400 for a form that this session's pages did not make. `secret`: the log-in's own cookie."""
    secret = request.cookies.get(COOKIE, "") if secret is None else secret
    given = request.form.get("form_token", "")
    if not secret or not hmac.compare_digest(given.encode(), _form_token(secret).encode()):
        raise Problem(400, "form_expired", "页面已过期", "请返回上一页, 刷新后再试。")


def start_asked(asked: Mapping[str, str]) -> int:
    """Where a page of rows is to start: 0 for what is no such number."""
    start = asked.get("start", "")
    return int(start) if re.fullmatch(r"[0-9]{1,6}", start) else 0


def _own_path(path: str) -> str:
    """Where to go after the log-in: only into the console, never to another server."""
    safe = re.fullmatch(r"/console/[A-Za-z0-9/_?=&%.-]*", path) and "//" not in path
    return path if safe else url_for("console.home")
