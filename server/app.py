"""The application: wiring only."""

from __future__ import annotations

from flask import Flask

from server import models
from server.api.door import register_problems
from server.clock import Clock, SystemClock
from server.config import Config
from server.db import db, engine_options
from server.runtime import Runtime
from server.seal import load_seals

assert models  # the tables have to be known before the first query


def create_app(config: Config, clock: Clock | None = None) -> Flask:
    """The WSGI app for these settings. Raises ConfigError for a key that cannot be used."""
    app = Flask(__name__)
    config.data_dir.mkdir(parents=True, exist_ok=True)
    app.config["SQLALCHEMY_DATABASE_URI"] = config.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(config.database_url)
    app.extensions["gongdi"] = Runtime(config, clock or SystemClock(), load_seals(config))
    db.init_app(app)
    register_problems(app)
    return app
