"""A backup that is taken while people work, and the day on which it is needed."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask

from server.app import create_app
from server.base.config import Config
from server.base.db import db, read
from server.base.seal import fresh_key
from server.cli.main import gongdi
from server.models import LogEntry, Media
from server.models.media import original_key
from sync_protocol.client.tablet import Tablet
from sync_protocol.client.transport import Request, Response, WsgiTransport
from tests.postgresql import create_database, drop_database, programs
from tests.server.cast import Cast
from tests.stories.field import WORKER, Field
from tests.stories.photos import Photographer, picture, sha256

LOG = {"place": "canteen", "agent": "chlorine", "operator": "王师傅"}
Run = Callable[..., Result]


class Wire:
    """The way to a server that can be exchanged for another."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    def send(self, request: Request) -> Response:
        return WsgiTransport(self.app).send(request)


@pytest.fixture(autouse=True)
def postgresql_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{programs()}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def run(config: Config) -> Run:
    def run_it(*args: str, to: Config = config) -> Result:
        env = {"GONGDI_DATABASE_URL": to.database_url, "GONGDI_DATA_DIR": str(to.data_dir)}
        result = CliRunner().invoke(gongdi, args, obj=create_app, env=env)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run_it


@pytest.fixture
def wire(cast: Cast) -> Wire:
    return Wire(cast.app)


@pytest.fixture
def tablet(cast: Cast, tmp_path: Path, wire: Wire) -> Tablet:
    """A tablet that entered a person."""
    tablet = Field(cast, tmp_path).tablet("t1", transport=wire)
    tablet.add(f"site:{cast.site_a}", "worker", WORKER)
    assert tablet.sync().ok
    return tablet


@pytest.fixture
def elsewhere(config: Config, tmp_path: Path) -> Iterator[Config]:
    """Another machine with an empty database, to which the keys were brought."""
    folder = tmp_path / "elsewhere"
    shutil.copytree(config.data_dir / "keys", folder / "keys")
    if config.database_file is not None:
        yield replace(config, data_dir=folder, database_url=f"sqlite:///{folder}/gongdi.sqlite3")
        return
    server = config.database_url.replace("+psycopg", "").rpartition("/")[0]
    url = create_database(server, "elsewhere")
    yield replace(config, data_dir=folder, database_url=url.replace("postgresql", "postgresql+psycopg"))
    drop_database(server, "elsewhere")


def test_what_was_acknowledged_before_a_backup_under_load_is_in_it_and_the_rest_comes_back(
    cast: Cast, tablet: Tablet, wire: Wire, config: Config, elsewhere: Config, run: Run, tmp_path: Path
) -> None:
    Photographer(cast, tmp_path).upload(photo := picture())
    before = _entries(cast.app)
    with ThreadPoolExecutor(1) as other:
        taken = other.submit(run, "backup", str(tmp_path / "backup"))
        while not taken.done() or _entries(cast.app) == before:
            tablet.add(f"site:{cast.site_a}", "disinfection_log", LOG)
            tablet.push()
    assert taken.result().exit_code == 0, taken.result().output
    assert tablet.sync().ok
    written = _entries(cast.app)
    assert len(written) > len(before)

    result = run("restore", str(tmp_path / "backup"), to=elsewhere)
    assert result.exit_code == 0, result.output
    assert "日志完好" in result.output
    with _opened(elsewhere, cast) as restored:
        assert before <= _entries(restored)
        kept = restored.extensions["gongdi"].media.get(original_key(cast.site_a, sha256(photo)))
        assert kept == photo
        wire.app = restored
        for _ in range(3):  # it hears of the new epoch, and brings what the backup lacks
            tablet.sync()
            cast.clock.advance(60_000)
        assert _entries(restored) == written
    assert run("rebuild", "--check", to=elsewhere).exit_code == 0
    assert run("verify-log", to=elsewhere).exit_code == 0


def test_a_restore_without_the_keys_or_with_others_does_nothing_and_says_what_to_do(
    tablet: Tablet, elsewhere: Config, run: Run, tmp_path: Path
) -> None:
    assert run("backup", str(tmp_path / "backup")).exit_code == 0
    keys = elsewhere.data_dir / "keys"
    aside = keys.rename(elsewhere.data_dir / "aside")
    result = run("restore", str(tmp_path / "backup"), to=elsewhere)
    assert result.exit_code == 1
    assert "[keys_missing]" in result.output and "keys 文件夹" in result.output
    assert not keys.exists()
    shutil.copytree(aside, keys)
    for name in ("secret_keys", "digest_key", "signing_key"):
        (keys / name).write_text(("k1:" if name == "secret_keys" else "") + fresh_key())
        assert "[keys_wrong]" in run("restore", str(tmp_path / "backup"), to=elsewhere).output
        shutil.copy(aside / name, keys / name)
    if elsewhere.database_file is not None:
        assert not elsewhere.database_file.exists()
    assert run("restore", str(tmp_path / "backup"), to=elsewhere).exit_code == 0


def test_a_restore_never_covers_what_is_there(cast: Cast, tablet: Tablet, run: Run, tmp_path: Path) -> None:
    assert run("backup", str(tmp_path / "backup")).exit_code == 0
    tablet.add(f"site:{cast.site_a}", "disinfection_log", LOG)
    assert tablet.sync().ok
    written = _entries(cast.app)
    assert "[database_in_use]" in run("restore", str(tmp_path / "backup")).output
    assert _entries(cast.app) == written


def test_the_backup_holds_no_key_and_is_its_owners_only(
    tablet: Tablet, config: Config, run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    assert run("backup", str(folder)).exit_code == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    held = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for name in ("secret_keys", "digest_key", "signing_key"):
        text = (config.data_dir / "keys" / name).read_text().strip().removeprefix("k1:")
        assert text.encode() not in held
    assert "[folder_in_use]" in run("backup", str(folder)).output


def _change_a_byte(folder: Path) -> None:
    (file,) = folder.glob("database.*")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def _change(name: str, value: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        manifest = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps({**manifest, name: value}))

    return change


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a changed byte": (_change_a_byte, "backup_unusable"),
    "no manifest": (lambda folder: (folder / "manifest.json").unlink(), "backup_unusable"),
    "a manifest that is none": (
        lambda folder: (folder / "manifest.json").write_text("[]"),
        "backup_unusable",
    ),
    "a photo too few": (lambda folder: shutil.rmtree(folder / "media"), "backup_unusable"),
    "a later version": (_change("schema", "9999"), "backup_unusable"),
    "a later format": (_change("format", 2), "backup_unusable"),
    "a file outside": (_change("file", "../t1/tablet.sqlite3"), "backup_unusable"),
    "another kind of database": (_change("database", "other"), "database_differs"),
}


def test_a_backup_that_is_damaged_is_refused_before_anything_happens(
    cast: Cast, tablet: Tablet, elsewhere: Config, run: Run, tmp_path: Path
) -> None:
    Photographer(cast, tmp_path).upload(picture())
    assert run("backup", str(tmp_path / "backup")).exit_code == 0
    for name, (damage, code) in DAMAGES.items():
        folder = Path(shutil.copytree(tmp_path / "backup", tmp_path / name))
        damage(folder)
        result = run("restore", str(folder), to=elsewhere)
        assert result.exit_code == 1 and f"[{code}]" in result.output, name
    with _opened(elsewhere, cast) as app, app.app_context(), read() as session:
        assert "entry" not in sa.inspect(session.connection()).get_table_names()


def test_a_photo_that_the_database_knows_and_the_backup_lacks_is_named(
    cast: Cast, tablet: Tablet, elsewhere: Config, run: Run, tmp_path: Path
) -> None:
    Photographer(cast, tmp_path).upload(picture())
    with cast.app.app_context(), read() as session:
        photo = session.scalars(sa.select(Media)).one()
    cast.app.extensions["gongdi"].media.delete([original_key(photo.scope_id, photo.sha256)])
    assert run("backup", str(tmp_path / "backup")).exit_code == 0
    result = run("restore", str(tmp_path / "backup"), to=elsewhere)
    assert result.exit_code == 1 and "缺少照片文件: 1" in result.output


def test_a_backup_for_which_there_is_no_room_leaves_nothing_that_looks_like_one(
    tablet: Tablet, config: Config, tmp_path: Path
) -> None:
    """A limit to the size of files stands for a full disk: what goes beyond is not written."""
    env = {**os.environ, "GONGDI_DATABASE_URL": config.database_url, "GONGDI_DATA_DIR": str(config.data_dir)}
    folder = tmp_path / "backups"
    command = [sys.executable, "-m", "server", "backup", str(folder / "today")]
    result = subprocess.run(
        command,
        env=env,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000)),
    )
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr and len(result.stderr.strip().splitlines()) == 1
    assert list(folder.iterdir()) == []


def test_without_the_tools_of_postgresql_a_backup_says_what_is_missing(
    tablet: Tablet, config: Config, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run("backup", str(tmp_path / "backup"))
    if config.database_file is not None:
        assert result.exit_code == 0  # SQLite needs none
    else:
        assert result.exit_code == 1 and "pg_dump" in result.output and "[tool_missing]" in result.output
        assert not (tmp_path / "backup").exists()


def _entries(app: Flask) -> set[str]:
    with app.app_context(), read() as session:
        return set(session.scalars(sa.select(LogEntry.id)))


@contextmanager
def _opened(config: Config, cast: Cast) -> Iterator[Flask]:
    app = create_app(config, cast.clock)
    try:
        yield app
    finally:
        with app.app_context():
            db.engine.dispose()
