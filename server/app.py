"""The application: wiring only."""

from __future__ import annotations

import logging
import pkgutil
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

from flask import Flask, Response, redirect, request, url_for
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as AnyResponse

from server import __version__, console
from server.api import (
    devices,
    docs,
    events,
    flag_photos,
    flags,
    gates,
    media,
    odata,
    ops,
    papers,
    records,
    rosters,
    sessions,
    sites,
    sync,
    telemetry,
    uploads,
)
from server.api.openapi import make_api
from server.base.clock import Clock
from server.base.config import Config
from server.base.db import DatabaseTrouble, is_passing
from server.base.media_store import StoreTrouble
from server.base.problems import Problem
from server.base.seal import SealBroken
from server.console import pages
from server.console.single_log_in import set_up_single_log_in
from server.field_app import pages as field_pages
from server.guides import pages as guide_pages
from server.web.cors import allow_origins
from server.web.figures import Figures
from server.web.log_in_turns import LogInTurns
from server.web.request_log import log_requests
from server.web.responses import answer_problem, problem_of
from server.web.security_headers import set_security_headers
from server.workflows.local_app import local_app

# Every module of the console puts its pages on the blueprint of `pages`.
for _module in pkgutil.iter_modules(console.__path__, f"{console.__name__}."):
    import_module(_module.name)

REQUEST_BYTES_MAX = 4 * 1024 * 1024  # of any request; endpoints bound their own tighter
API_BLUEPRINTS = (
    sessions.blueprint,
    sites.blueprint,
    flags.blueprint,
    papers.blueprint,
    records.blueprint,
    rosters.blueprint,
    media.blueprint,
    devices.blueprint,
    gates.passes,
    gates.people,
    events.blueprint,
)
OTHER_BLUEPRINTS = (
    sync.blueprint,
    uploads.blueprint,
    flag_photos.blueprint,
    telemetry.blueprint,
    odata.blueprint,
    docs.blueprint,
    ops.blueprint,
    pages.blueprint,
    field_pages.blueprint,
    guide_pages.blueprint,
)

_log = logging.getLogger("gongdi.app")


def create_app(config: Config, clock: Clock | None = None) -> Flask:
    """The WSGI app for these settings. Raises ConfigError for a key that cannot be used, KeyTrouble for keys that are not
    those of the database, OperationalError when it does not answer."""
    app = local_app(config, clock)
    app.extensions["gongdi_pool"] = ThreadPoolExecutor(1, "rosters")
    app.extensions["gongdi_figures"] = Figures()
    app.extensions["gongdi_log_ins"] = LogInTurns(config.threads)
    app.url_map.strict_slashes = False
    if isinstance(app.json, DefaultJSONProvider):
        app.json.ensure_ascii, app.json.sort_keys = False, False
    _register_blueprints(app)
    _register_errors(app)
    allow_origins(app, config.cors_origins)
    set_up_single_log_in(app, config)
    set_security_headers(app)
    log_requests(app)
    if config.trusted_proxies:
        hops = config.trusted_proxies
        proxied = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)
        app.wsgi_app = proxied  # type: ignore[method-assign]
    else:
        _warn_of_proxies(app)
    return app


def _warn_of_proxies(app: Flask) -> None:
    """Behind a proxy that is not counted, every client has the proxy's address, and they share its limits. Said once a
    process: the header may be a client's own."""
    seen = threading.Event()

    @app.before_request
    def _look() -> None:
        if "X-Forwarded-For" in request.headers and not seen.is_set():
            seen.set()
            _log.warning("X-Forwarded-For came while GONGDI_TRUSTED_PROXIES is 0: see docs/OPERATING.md")


def _register_blueprints(app: Flask) -> None:
    api = make_api(app, __version__)
    for api_blueprint in API_BLUEPRINTS:
        api.register_blueprint(api_blueprint)
    for blueprint in OTHER_BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.add_url_rule("/", "home", lambda: redirect(url_for("console.home")))


def _register_errors(app: Flask) -> None:
    """Whatever goes wrong is answered in one shape: a page in the console, a problem everywhere else."""

    def answer(problem: Problem) -> Response:
        return pages.error_page(problem) if request.path.startswith("/console") else answer_problem(problem)

    def on_http(error: HTTPException) -> AnyResponse:
        if error.code is not None and error.code < 400:  # a redirect is an exception to Flask
            return error.get_response()
        return answer(problem_of(error))

    def on_silence(error: DatabaseTrouble | StoreTrouble) -> Response:
        if isinstance(error, DatabaseTrouble) and not is_passing(error):
            raise error  # a fault of ours: 500, with its traceback in the log
        _log.warning("the database or the store did not answer", exc_info=error)
        busy = Problem("busy", "请稍后重试。")
        return answer(busy.with_header("Retry-After", "5"))

    def on_unreadable(error: SealBroken) -> Response:
        _log.error("sealed data does not open: another key, or changed bytes", exc_info=error)
        return answer(Problem("sealed_data_unreadable"))

    app.register_error_handler(Problem, answer)
    app.register_error_handler(SealBroken, on_unreadable)
    app.register_error_handler(HTTPException, on_http)
    app.register_error_handler(DatabaseTrouble, on_silence)
    app.register_error_handler(StoreTrouble, on_silence)
