"""Users: who there is, adding one with a one-time password, editing, disabling, resetting."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from schemas.limits import REASON_MAX
from server.actions.accounts import manage_users as users
from server.actions.accounts.list_users import TEXT_MAX, one_user, users_found
from server.actions.accounts.log_in import NAME_CHARS_MAX, PASSWORD_CHARS_MAX
from server.actions.accounts.manage_users import ONE_TIME_MS, PASSWORD_CHARS_MIN, NewUser, UserChange
from server.actions.reference.check_codes import wrong
from server.actions.reference.name_codes import read_names
from server.base.db import read, write
from server.base.problems import Problem
from server.console import words
from server.console.forms import check_form
from server.console.pages import ROWS, blueprint, keep_session, render, require_role, start_asked
from server.console.submit import Answer, submit, submit_once
from server.models.paging import Slice
from server.models.site import all_companies
from server.models.tx import Tx
from server.models.user import ADMIN, User
from server.web.responses import log_in, now_ms, runtime

_STATES = {"active": "在用", "disabled": "已停用"}
_LIMITS = {"name_max": NAME_CHARS_MAX, "text_max": TEXT_MAX, "reason_max": REASON_MAX}
_DAYS = ONE_TIME_MS // 86_400_000


@blueprint.get("/admin/users")
def list_users() -> str:
    """The users that somebody looks for, and a form for a new one."""
    return _list_page(None)


@blueprint.post("/admin/users")
def add_user() -> Answer:
    """A new user; the one-time password is shown once."""
    require_role(ADMIN)

    def act(tx: Tx) -> tuple[User, str]:
        given, password = request.form, users.one_time_password()
        if given.get("role") == ADMIN:
            raise Problem("administrator_by_command")
        sight = _sight()
        columns = (sight.display_name, sight.unit, sight.company, sight.district)
        new = NewUser(given.get("name", ""), given.get("role", ""), password, *columns, one_time=True)
        return users.add_user(tx.session, new, tx.now_ms, g.viewer.id), password

    return submit_once(act, _password_page, _list_page)


@blueprint.get("/admin/users/<uuid:user_id>")
def show_user(user_id: UUID) -> str:
    """One user, the devices, and what can be changed."""
    return _user_page(str(user_id), None)


@blueprint.post("/admin/users/<uuid:user_id>")
def edit_user(user_id: UUID) -> Answer:
    """Change how a user is called and what the user sees."""
    return _on_user(
        user_id, lambda tx, user: users.edit_user(tx.session, user, _sight(), g.viewer.id, tx.now_ms)
    )


@blueprint.post("/admin/users/<uuid:user_id>/active")
def switch_user(user_id: UUID) -> Answer:
    """Disable a user, or enable them again."""
    active = request.form.get("active") == "1"
    reason = request.form.get("reason", "")
    return _on_user(
        user_id, lambda tx, user: users.set_active(tx.session, user, active, tx.now_ms, g.viewer.id, reason)
    )


@blueprint.post("/admin/users/<uuid:user_id>/password")
def reset_user(user_id: UUID) -> Answer:
    """A new one-time password, shown once."""
    require_role(ADMIN)

    def act(tx: Tx) -> tuple[User, str]:
        user = one_user(tx.session, str(user_id))
        return user, users.reset_password(tx.session, user, g.viewer.id, tx.now_ms)

    return submit_once(act, _password_page, lambda problem: _user_page(str(user_id), problem))


@blueprint.get("/password")
def show_password() -> str:
    """Change one's own password; whoever has a one-time password must."""
    return _own_page(None)


@blueprint.post("/password")
def change_password() -> Answer:
    """The password is checked as at a log-in, and counted as one try; other sessions of the user end."""
    check_form()
    given = {name: request.form.get(name, "") for name in ("current", "password", "again")}
    try:
        if given["password"] != given["again"]:
            raise wrong("again", "两次输入的新密码不一样。")
        if given["password"] == given["current"]:
            raise wrong("password", "新密码不能与现在的相同。")
        log_in(g.viewer.name, given["current"][:PASSWORD_CHARS_MAX])
        with write() as session:
            user = one_user(session, g.viewer.id)
            users.set_password(session, user, given["password"], now_ms(), g.viewer.id)
        opened = log_in(g.viewer.name, given["password"])
    except Problem as problem:
        return _own_page(problem), problem.status
    response: AnyResponse = redirect(url_for("console.home"), 303)
    keep_session(response, opened)
    return response


def _on_user(user_id: UUID, act: Callable[[Tx, User], object]) -> Answer:
    require_role(ADMIN)
    key = str(user_id)
    return submit(
        lambda tx: act(tx, one_user(tx.session, key)),
        url_for("console.show_user", user_id=user_id),
        lambda problem: _user_page(key, problem),
    )


def _sight() -> UserChange:
    """How a user is called and what the user sees, as the form says; nothing of what the role has not."""
    given = request.form
    districts = ",".join(given.getlist("district"))
    return UserChange(
        given.get("display_name", ""),
        given.get("unit") or None,
        given.get("company", "").strip() or None,
        districts or None,
    )


def _list_page(problem: Problem | None) -> str:
    require_role(ADMIN)
    asked = {name: request.args.get(name, "") for name in ("role", "state", "text")}
    start = start_asked(request.args)
    with read() as session:
        found, total = users_found(session, asked, Slice(start, ROWS))
        companies = all_companies(session)
        names = read_names(session)
    listed = {"users": found, "total": total, "start": start, "rows": ROWS, "asked": asked}
    roles = {code: text for code, text in words.ROLES.items() if code != ADMIN}
    choices = {"roles": roles, "all_roles": words.ROLES, "states": _STATES, "companies": companies}
    return render("users.html", names, problem=problem, days=_DAYS, **listed, **choices, **_LIMITS)


def _user_page(user_id: str, problem: Problem | None) -> str:
    require_role(ADMIN)
    with read() as session:
        user = one_user(session, user_id)
        devices = users.working_devices(session, user)
        companies = all_companies(session)
        names = read_names(session)
    values = {"user": user, "devices": devices, "companies": companies, "states": _STATES, "now": now_ms()}
    return render("user.html", names, problem=problem, days=_DAYS, **values, **_LIMITS)


def _password_page(made: tuple[User, str]) -> str:
    with read() as session:
        names = read_names(session)
    return render("one_time_password.html", names, user=made[0], password=made[1])


def _own_page(problem: Problem | None) -> str:
    with read() as session:
        names = read_names(session)
        tied = one_user(session, g.viewer.id).oidc_digest is not None
    single = {"single": bool(runtime().config.oidc_issuer), "tied": tied}
    lengths = {"least": PASSWORD_CHARS_MIN, "most": PASSWORD_CHARS_MAX}
    return render(
        "password.html", names, problem=problem, must_change=g.viewer.must_change, **single, **lengths
    )
