"""Commands on the database of a story, at the story's time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from server.app import create_app
from server.base.clock import FakeClock
from server.cli.main import gongdi
from server.workflows import local_app
from tests.server.cast import Cast
from tests.stages import reach_reference
from tests.stories.field import Field

Run = Callable[..., Result]


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    """Tablets at a server that has its reference data."""
    reach_reference(app)
    return Field(cast, tmp_path)


@pytest.fixture
def run(app: Flask, database_url: str, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `gongdi` with these arguments."""
    data_dir = app.extensions["gongdi"].config.data_dir
    env = {"GONGDI_DATABASE_URL": database_url, "GONGDI_DATA_DIR": str(data_dir)}
    monkeypatch.setattr(local_app, "SystemClock", lambda: clock)

    def run_it(*args: str) -> Result:
        result = CliRunner().invoke(gongdi, args, obj=create_app, env=env)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run_it
