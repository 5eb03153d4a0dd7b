"""统一登录: log in with an account of the bureau's OpenID Connect provider, and tie that account to one's user.

An account that nobody has tied logs nobody in. It is tied by a form, after a log-in by password: somebody whose browser
was led to the provider under another's account sees whose it is before anything happens."""

from __future__ import annotations

import logging
from collections.abc import Callable
from uuid import UUID

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from authlib.integrations.flask_client.apps import FlaskOAuth2App
from flask import Flask, current_app, g, redirect, request, session, url_for
from joserfc.errors import JoseError
from requests import RequestException
from werkzeug.wrappers import Response as AnyResponse

from server.actions.accounts.list_users import one_user
from server.actions.accounts.single_log_in import account_digest, log_in_tied, tie_account, untie_account
from server.actions.reference.name_codes import read_names
from server.base.config import Config
from server.base.db import read, write
from server.base.problems import Problem, not_found
from server.console.forms import own_page
from server.console.pages import blueprint, keep_session, log_in_page, render, require_role
from server.console.submit import Answer, submit
from server.console.users import show_password, show_user
from server.models.user import ADMIN
from server.web.responses import now_ms, runtime

TIMEOUT_S = 10  # for each request to the provider, while somebody waits
_NAME_MAX = 80
_log = logging.getLogger("gongdi.log_in")


def set_up_single_log_in(app: Flask, config: Config) -> None:
    """Know the provider that the settings name. What a log-in leaves with the browser meanwhile is in a signed cookie that
    only these pages get."""
    if not config.oidc_issuer:
        return
    app.secret_key = app.extensions["gongdi"].seals.digest("log-in cookie", "")
    app.config |= {
        "SESSION_COOKIE_NAME": "gongdi_single",
        "SESSION_COOKIE_PATH": "/console/login/single",
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": config.public_url.startswith("https://"),
    }
    app.extensions["gongdi_provider"] = OAuth(app).register(
        "provider",
        server_metadata_url=f"{config.oidc_issuer}/.well-known/openid-configuration",
        client_id=config.oidc_client_id,
        client_secret=config.oidc_client_secret,
        client_kwargs={
            "scope": "openid profile",
            "code_challenge_method": "S256",
            "default_timeout": TIMEOUT_S,
        },
    )


@blueprint.get("/login/single")
def start_single_log_in() -> AnyResponse:
    """To the provider; the way back is the next page."""
    provider = _provider()
    session["onward"] = own_page(request.args.get("next", ""))
    try:
        to: AnyResponse = provider.authorize_redirect(_way_back())
    except (RequestException, ValueError, RuntimeError) as error:
        return _failed(error)
    return to


@blueprint.get("/login/single/back")
def end_single_log_in() -> Answer:
    """From the provider: in, where the account is tied. Whoever is logged in already is asked whether to tie it."""
    provider = _provider()
    try:
        claims = provider.authorize_access_token()["userinfo"]
        if claims["iss"] != runtime().config.oidc_issuer:
            raise ValueError("the metadata name another issuer")
    except (AuthlibBaseError, JoseError, RequestException, ValueError, RuntimeError, KeyError) as error:
        return _failed(error)
    digest = account_digest(runtime().seals, claims["iss"], claims["sub"])
    onward = own_page(session.pop("onward", ""))
    if g.viewer is not None:
        name = str(claims.get("preferred_username") or claims.get("name") or claims["sub"])[:_NAME_MAX]
        session["account"], session["account_name"], session["for"] = digest, name, g.viewer.id
        return _tie_page(None)
    try:
        with write() as opened:
            logged_in = log_in_tied(opened, digest, now_ms())
    except Problem as problem:
        return log_in_page(problem.status, onward, problem)
    response = redirect(onward, 303)
    keep_session(response, logged_in)
    return response


@blueprint.post("/login/single/tie")
def tie_own_account() -> Answer:
    """Tie the account that the provider named to the user who is logged in."""
    digest = session.get("account")
    if digest is None or session.get("for") != g.viewer.id:
        raise not_found()
    done = submit(
        lambda tx: tie_account(tx.session, one_user(tx.session, g.viewer.id), digest, tx.now_ms),
        url_for("console.show_password"),
        _tie_page,
    )
    session.clear()
    return done


@blueprint.post("/password/untie")
def untie_own_account() -> Answer:
    """The account at the provider opens nothing here any more."""
    return _untie(g.viewer.id, url_for("console.show_password"), lambda _problem: show_password())


@blueprint.post("/admin/users/<uuid:user_id>/untie")
def untie_user(user_id: UUID) -> Answer:
    """For somebody who has lost the account, or the office."""
    require_role(ADMIN)
    done = url_for("console.show_user", user_id=user_id)
    return _untie(str(user_id), done, lambda _problem: show_user(user_id))


def _untie(user_id: str, done: str, page: Callable[[Problem], str]) -> Answer:
    return submit(
        lambda tx: untie_account(tx.session, one_user(tx.session, user_id), g.viewer.id, tx.now_ms),
        done,
        page,
    )


def _tie_page(problem: Problem | None) -> str:
    with read() as found:
        names = read_names(found)
    return render("tie_account.html", names, problem=problem, account=session["account_name"])


def _provider() -> FlaskOAuth2App:
    provider: FlaskOAuth2App | None = current_app.extensions.get("gongdi_provider")
    if provider is None:
        raise not_found()
    return provider


def _way_back() -> str:
    path = url_for("console.end_single_log_in")
    return (runtime().config.public_url or request.host_url.rstrip("/")) + path


def _failed(error: Exception) -> AnyResponse:
    """The provider is away, or what came is not for this browser, is too old, or was made by somebody else."""
    _log.warning("single log-in failed: %s", type(error).__name__)
    problem = Problem("single_log_in_failed")
    return log_in_page(problem.status, own_page(session.pop("onward", "")), problem)
