"""The console: log in, see the flags, see one flag's proof. Server-rendered; works without any script."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.actions.accounts.log_in import SESSION_MS, LoggedIn, log_out, viewer_by_token
from server.actions.notices.list_notices import count_unread
from server.actions.reference.enter_holidays import runs_out
from server.actions.reference.name_codes import Names
from server.base.db import read, write
from server.base.problems import Problem, not_found
from server.console import words
from server.console.forms import (
    COOKIE,
    FORM_BYTES_MAX,
    FORMS,
    check_form,
    drop_drafts,
    form_marks,
    form_token,
    is_ours,
    keep_typed,
    own_page,
    page_of_form,
    recall_draft,
    typed,
)
from server.console.known_browsers import BROWSER_COOKIE, BROWSER_S, known_browser, marked
from server.models.access import may_administer
from server.rules.flags.words import ahead, bound, exact, lasting, moment
from server.web.responses import log_in, now_ms, runtime
from sync_protocol.outcomes import refusal_title

blueprint = Blueprint(
    "console",
    __name__,
    url_prefix="/console",
    template_folder="templates",
)
blueprint.add_app_template_filter(words.word, "word")
blueprint.add_app_template_filter(words.reason, "reason")
blueprint.add_app_template_filter(words.remedy, "remedy")
blueprint.add_app_template_filter(moment, "moment")
blueprint.add_app_template_filter(exact, "exact")
blueprint.add_app_template_filter(words.near, "near")
blueprint.add_app_template_filter(refusal_title, "refusal")
blueprint.add_app_template_filter(ahead, "ahead")
blueprint.add_app_template_filter(bound, "bound")
blueprint.add_app_template_filter(lasting, "lasting")

FORM_COOKIE = "gongdi_form"
ROWS = 30
WORKERS = ("contractor", "section", "brigade")  # who has moves to make
JUDGES = ("section", "brigade")
NEW_PASSWORD_PAGES = ("console.show_password", "console.change_password", "console.take_log_out")
OPEN_PAGES = (
    *(
        "console.show_log_in",
        "console.take_log_in",
        "console.start_single_log_in",
        "console.end_single_log_in",
    ),
    *("console.static_file", "console.script_file"),
)


@blueprint.before_request
def know_viewer() -> AnyResponse | None:
    """Find the user by the cookie; others are led to the log-in and back to the page, with what they typed."""
    form = FORMS.get(request.endpoint or "")
    request.max_content_length = form.bytes_max if form is not None else FORM_BYTES_MAX
    g.viewer = None
    token = request.cookies.get(COOKIE, "")
    if 0 < len(token) <= 200:
        with read() as session:
            g.viewer = viewer_by_token(session, token, now_ms())
            if g.viewer is not None and request.method == "GET":
                g.unread = count_unread(session, g.viewer)
                if may_administer(g.viewer):
                    g.holidays_until = runs_out(session, now_ms())
    if request.endpoint in OPEN_PAGES:
        return None
    if g.viewer is None:
        kept = "1" if request.method == "POST" and keep_typed() else None
        page = request.path if form is None else page_of_form()
        return redirect(url_for("console.show_log_in", next=page, kept=kept), 303)
    if g.viewer.must_change and request.endpoint not in NEW_PASSWORD_PAGES:
        return redirect(url_for("console.show_password"), 303)
    if request.method == "GET":
        recall_draft()
    return None


@blueprint.after_request
def forget_served(response: Response) -> Response:
    """A form that succeeded leaves no draft of its page."""
    if request.method == "POST":
        drop_drafts(response.status_code)
    return response


@blueprint.get("/")
def home() -> AnyResponse:
    """Users with moves to make begin with those, all others with the list of flags."""
    starts = {**dict.fromkeys(JUDGES, "console.show_today"), "contractor": "console.list_waiting"}
    return redirect(url_for(starts.get(g.viewer.role, "console.list_flags")))


@blueprint.get("/login")
def show_log_in() -> AnyResponse:
    """The log-in form."""
    if g.viewer is not None:
        return redirect(url_for("console.home"), 303)
    return log_in_page(200, own_page(request.args.get("next", "")))


@blueprint.post("/login")
def take_log_in() -> AnyResponse:
    """Log in. A wrong try shows the form again, with what was wrong."""
    onward = own_page(request.form.get("next", ""))
    if not is_ours(request.cookies.get(FORM_COOKIE, "")):
        expired = Problem("form_expired", "请再登录一次。")
        return log_in_page(expired.status, onward, expired)
    name = request.form.get("name", "")
    try:
        opened = log_in(name, request.form.get("password", "")[:200], known_browser(name))
    except Problem as problem:
        return log_in_page(problem.status, onward, problem)
    response = redirect(onward, 303)
    keep_session(response, opened)
    _set_cookie(response, BROWSER_COOKIE, marked(name), BROWSER_S)
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


def keep_session(response: AnyResponse, opened: LoggedIn) -> None:
    """The browser is logged in from now on."""
    _set_cookie(response, COOKIE, opened.token, SESSION_MS // 1000)


def require_role(*roles: str) -> None:
    """Raises Problem 404 for a user who does not have this page in the menu."""
    if g.viewer.role not in roles:
        raise not_found()


def error_page(problem: Problem) -> Response:
    """A problem as a page."""
    viewer = g.get("viewer")
    back = page_of_form() if viewer is not None and request.endpoint in FORMS else None
    page = render_template("error.html", problem=problem, viewer=viewer, back=back, form_marks=form_marks)
    response = make_response(page, problem.status)
    response.headers.update(problem.headers)
    return response


def render(template: str, names: Names, **shown: object) -> str:
    """A page for the current user."""
    return render_template(
        template,
        viewer=g.viewer,
        unread=g.get("unread", 0),
        form_marks=form_marks,
        draft=g.get("draft"),
        typed=typed,
        holidays_until=g.get("holidays_until"),
        names=names,
        words=words,
        **shown,
    )


def log_in_page(status: int, onward: str, problem: Problem | None = None) -> Response:
    """The log-in form with a token that only its own cookie fits, so that nobody is logged in as somebody
    else without noticing."""
    secret = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(24)
    name = request.form.get("name", "")[:64]
    page = render_template(
        "login.html",
        problem=problem,
        onward=onward,
        name=name,
        viewer=None,
        single=bool(runtime().config.oidc_issuer),
        kept=request.args.get("kept", "") == "1",
        form_token=form_token(secret),
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


def start_asked(asked: Mapping[str, str]) -> int:
    """Where a page of rows is to start: 0 for what is no such number."""
    start = asked.get("start", "")
    return int(start) if re.fullmatch(r"[0-9]{1,6}", start) else 0
