"""What the server writes is readable by its owner only, whatever the umask it is started with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from server.app import create_app
from server.base.config import Config
from server.base.db import db


def test_a_new_server_grants_nothing_to_others(tmp_path: Path) -> None:
    home = tmp_path / "var"
    env = {**os.environ, "GONGDI_DATA_DIR": str(home), "GONGDI_DATABASE_URL": ""}
    for command in (("db", "upgrade"), ("backup", str(tmp_path / "backups" / "today"))):
        full = [sys.executable, "-m", "server", *command]
        subprocess.run(full, env=env, check=True, capture_output=True, umask=0o022)
    found = [home, *home.rglob("*"), *(tmp_path / "backups").rglob("*")]
    assert home / "gongdi.sqlite3" in found and home / "keys" / "secret_keys" in found
    assert [path for path in found if path.stat().st_mode & 0o077] == []


def test_an_app_that_another_program_starts_is_no_less_careful(tmp_path: Path) -> None:
    home = tmp_path / "var"
    before = os.umask(0o022)
    try:
        app = create_app(Config.from_env({"GONGDI_DATA_DIR": str(home)}))
    finally:
        os.umask(before)
    with app.app_context():
        db.engine.dispose()
    assert home.stat().st_mode & 0o777 == 0o700
    assert (home / "gongdi.sqlite3").stat().st_mode & 0o777 == 0o600


def test_a_database_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    file = tmp_path / "gongdi.sqlite3"
    file.touch()
    file.chmod(0o644)
    app = create_app(Config.from_env({"GONGDI_DATA_DIR": str(tmp_path)}))
    with app.app_context():
        db.engine.dispose()
    assert file.stat().st_mode & 0o777 == 0o600
