"""The application: wiring only."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

from flask import Flask, Response, redirect, request, url_for
from flask.json.provider import DefaultJSONProvider
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as AnyResponse

from server import __version__, models
from server.api import devices, docs, flags, media, ops, rosters, sessions, sites, sync, uploads
from server.api.openapi import make_api
from server.clock import Clock, SystemClock
from server.config import Config
from server.console import flags as flag_pages
from server.console import overview as overview_pages
from server.console import pages, papers
from server.console import people as people_pages
from server.console import questions as question_pages
from server.console import roster_columns as roster_column_pages
from server.console import rosters as roster_pages
from server.db import db, engine_options
from server.door import answer_problem, problem_of
from server.field_app import pages as field_pages
from server.media_store import StoreTrouble, open_store
from server.open_keys import open_keys
from server.problems import Problem
from server.request_log import log_requests
from server.runtime import Runtime, make_private
from server.seal import SealBroken, Seals
from server.security_headers import set_security_headers

assert models  # the tables have to be known before the first query
# Their pages stand on the blueprint of `pages`.
assert flag_pages and overview_pages and papers and people_pages and question_pages
assert roster_column_pages and roster_pages

REQUEST_BYTES_MAX = 4 * 1024 * 1024  # of any request; doors bound their own tighter
DOORS = (
    sessions.blueprint,
    sites.blueprint,
    flags.blueprint,
    rosters.blueprint,
    media.blueprint,
    devices.blueprint,
)
OTHERS = (
    sync.blueprint,
    uploads.blueprint,
    docs.blueprint,
    ops.blueprint,
    pages.blueprint,
    field_pages.blueprint,
)

_log = logging.getLogger("gongdi.app")


def create_app(config: Config, clock: Clock | None = None) -> Flask:
    """The WSGI app for these settings. Raises ConfigError for a key that cannot be used, KeyTrouble for keys that are not
    those of the database, OperationalError when it does not answer."""
    app = Flask(__name__, static_folder=None)
    make_private(config)
    app.config["SQLALCHEMY_DATABASE_URI"] = config.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(config.database_url)
    app.config["MAX_CONTENT_LENGTH"] = REQUEST_BYTES_MAX
    db.init_app(app)
    clock = clock or SystemClock()
    seals = _own_keys(app, config, clock)
    app.extensions["gongdi"] = Runtime(config, clock, seals, open_store(config, seals))
    app.extensions["gongdi_pool"] = ThreadPoolExecutor(1, "rosters")
    app.extensions["gongdi_figures"] = ops.Figures()
    app.url_map.strict_slashes = False
    if isinstance(app.json, DefaultJSONProvider):
        app.json.ensure_ascii, app.json.sort_keys = False, False
    _register_doors(app)
    _register_errors(app)
    set_security_headers(app)
    log_requests(app)
    if config.trusted_proxies:
        hops = config.trusted_proxies
        proxied = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)
        app.wsgi_app = proxied  # type: ignore[method-assign]
    return app


def _own_keys(app: Flask, config: Config, clock: Clock) -> Seals:
    with app.app_context():
        try:
            return open_keys(config, clock.now_ms())
        except BaseException:
            db.engine.dispose()  # nobody else will: there is no app
            raise


def _register_doors(app: Flask) -> None:
    api = make_api(app, __version__)
    for door in DOORS:
        api.register_blueprint(door)
    for blueprint in OTHERS:
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

    def on_silence(error: OperationalError | StoreTrouble) -> Response:
        _log.warning("the database or the store did not answer", exc_info=error)
        busy = Problem(503, "busy", "服务暂时繁忙", "请稍后重试。")
        return answer(busy.with_header("Retry-After", "5"))

    def on_unreadable(error: SealBroken) -> Response:
        _log.error("sealed data does not open: another key, or changed bytes", exc_info=error)
        return answer(
            Problem(503, "sealed_data_unreadable", "数据暂时无法解密", "请联系管理员查看 /readyz。")
        )

    app.register_error_handler(Problem, answer)
    app.register_error_handler(SealBroken, on_unreadable)
    app.register_error_handler(HTTPException, on_http)
    app.register_error_handler(OperationalError, on_silence)
    app.register_error_handler(StoreTrouble, on_silence)
