"""An app without endpoints: the database, the keys and the store of one set of settings. Commands and the scheduler work on
it; `server.app` adds the endpoints, which take seconds to import."""

from __future__ import annotations

from flask import Flask

from server import models
from server.base.clock import Clock, SystemClock
from server.base.config import Config
from server.base.connections import engine_options
from server.base.db import db
from server.base.media_store import open_store
from server.base.runtime import Runtime, make_private
from server.base.seal import Seals
from server.workflows.open_keys import open_keys

assert models  # the tables have to be known before the first query


def local_app(config: Config, clock: Clock | None = None) -> Flask:
    """The app for these settings, on the machine's clock or another. Raises ConfigError for a key that cannot be used,
    KeyTrouble for keys that are not those of the database, OperationalError when it does not answer."""
    app = Flask("server", static_folder=None)
    make_private(config)
    app.config["SQLALCHEMY_DATABASE_URI"] = config.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(config.database_url)
    db.init_app(app)
    clock = clock or SystemClock()
    seals = _own_keys(app, config, clock)
    app.extensions["gongdi"] = Runtime(config, clock, seals, open_store(config, seals))
    return app


def _own_keys(app: Flask, config: Config, clock: Clock) -> Seals:
    with app.app_context():
        try:
            return open_keys(config, clock.now_ms())
        except BaseException:
            db.engine.dispose()  # nothing else will: there is no app
            raise
