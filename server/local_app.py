"""An app without endpoints: the database, the keys and the store of one set of settings. Commands and the scheduler work on
it; `server.app` adds the endpoints, which take seconds to import."""

from __future__ import annotations

from flask import Flask

from server import models
from server.clock import Clock, SystemClock
from server.config import Config
from server.db import db, engine_options
from server.media_store import open_store
from server.runtime import Runtime
from server.seal import load_seals

assert models  # the tables have to be known before the first query


def local_app(config: Config, clock: Clock | None = None) -> Flask:
    """The app for these settings, on the machine's clock or another. Raises ConfigError for a key that cannot be used."""
    app = Flask("server", static_folder=None)
    config.data_dir.mkdir(parents=True, exist_ok=True)
    app.config["SQLALCHEMY_DATABASE_URI"] = config.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(config.database_url)
    seals = load_seals(config)
    app.extensions["gongdi"] = Runtime(config, clock or SystemClock(), seals, open_store(config, seals))
    db.init_app(app)
    return app
