"""An app on an empty, migrated database, and the cast in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from server.app import create_app
from server.base.clock import FakeClock
from server.base.config import Config
from server.base.db import db
from tests.server.cast import NOW_MS, Cast, make_cast
from tests.stages import begin, give_keys


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW_MS)


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    return Config.from_env({"GONGDI_DATABASE_URL": database_url, "GONGDI_DATA_DIR": str(tmp_path)})


@pytest.fixture
def app(config: Config, clock: FakeClock) -> Iterator[Flask]:
    """The app; its database has every table."""
    give_keys(config)
    made = create_app(config, clock)
    begin(made)
    yield made
    made.extensions["gongdi_pool"].shutdown()  # nothing of this test works on in the next one's database
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def second_app(app: Flask, config: Config, clock: FakeClock) -> Iterator[Flask]:
    """Another process on the same database, as an app sees it."""
    made = create_app(config, clock)
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def cast(app: Flask, clock: FakeClock) -> Cast:
    return make_cast(app, clock)
