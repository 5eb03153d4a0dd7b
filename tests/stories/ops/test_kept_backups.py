"""Backups that the scheduler makes by itself, how many it keeps, and what a monitor sees of them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from server.actions.reference.load_reference import load_reference
from server.base.config import Config
from server.base.db import write
from server.models import Heartbeat
from server.workflows import keep_backups as module
from server.workflows.keep_backups import keep_backups
from tests.postgresql import programs
from tests.server.cast import Cast

HOUR_MS = 3_600_000


@pytest.fixture
def config(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setenv("PATH", f"{programs()}{os.pathsep}{os.environ['PATH']}")
    return replace(config, backup_dir=tmp_path / "backups")


@pytest.fixture
def cast(cast: Cast) -> Cast:
    with cast.app.app_context(), write() as session:
        load_reference(session, cast.app.extensions["gongdi"].seals, cast.clock.now_ms())
    return cast


def _keep(cast: Cast, hours: int = 0) -> dict[str, int]:
    cast.clock.advance(hours * HOUR_MS)
    return keep_backups(cast.app, cast.clock.now_ms())


def _names(config: Config) -> list[str]:
    assert config.backup_dir is not None
    return sorted(path.name for path in config.backup_dir.iterdir())


def _ready(app: Flask, now_ms: int) -> list[str]:
    with app.app_context(), write() as session:
        session.merge(Heartbeat(name="test", at_ms=now_ms, took_ms=1, did={}))
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 200
    return list(answer.get_json()["warnings"])


def test_one_is_made_a_day_however_often_the_scheduler_looks(cast: Cast, config: Config) -> None:
    assert _keep(cast) == {"made": 1, "deleted": 0}
    assert _keep(cast, hours=23) == {}
    assert _keep(cast, hours=1) == {"made": 1, "deleted": 0}
    assert len(_names(config)) == 2


def test_the_newest_are_kept_and_what_people_put_there_is_left_alone(cast: Cast, config: Config) -> None:
    assert config.backup_dir is not None
    own = config.backup_dir / "before the move"
    own.mkdir(parents=True)
    (config.backup_dir / "gongdi-20200101T000000Z").mkdir()  # ours by its name, but never completed
    for _ in range(16):
        _keep(cast, hours=24)
    names = _names(config)
    assert len(names) == 14 + 2 and own.name in names and "gongdi-20200101T000000Z" in names
    assert _keep(cast, hours=24) == {"made": 1, "deleted": 1}
    assert _names(config)[:3] != names[:3], "the oldest went"


def test_a_backup_that_fails_leaves_the_older_ones_and_is_tried_again(
    cast: Cast, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    _keep(cast)
    kept = _names(config)
    with monkeypatch.context() as patch:
        patch.setattr(module, "make_backup", _no_room)
        with pytest.raises(OSError, match="No space"):
            _keep(cast, hours=24)
    assert _names(config) == kept
    assert _keep(cast) == {"made": 1, "deleted": 0}


def _no_room(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_monitor_is_warned_when_the_newest_is_late(cast: Cast, config: Config) -> None:
    cast.app.test_client()
    assert "backup_late" in _ready(cast.app, cast.clock.now_ms())
    _keep(cast)
    cast.clock.advance(36 * HOUR_MS)
    assert "backup_late" not in _ready(cast.app, cast.clock.now_ms())
    figures = cast.app.test_client().get("/metrics").text
    assert f"gongdi_backup_age_seconds {36 * 3600}.0" in figures
    cast.clock.advance(60_000)
    assert "backup_late" in _ready(cast.app, cast.clock.now_ms())


def test_without_a_folder_nothing_is_made_and_nobody_is_warned(cast: Cast) -> None:
    app = cast.app
    runtime = app.extensions["gongdi"]
    app.extensions["gongdi"] = replace(runtime, config=replace(runtime.config, backup_dir=None))
    assert _keep(cast) == {}
    assert "backup" not in app.test_client().get("/readyz").get_json()["checks"]
