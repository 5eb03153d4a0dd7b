"""Keys that are lost, wrong, or changed: a database is only ever opened with its own keys, and an old key can be removed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask

from server.actions.audit.verify_log import verify_scope
from server.actions.ops.sealed_columns import SEALED_COLUMNS, sealed_by
from server.actions.records.registers import state_aad
from server.app import create_app
from server.base.config import Config
from server.base.db import Base, db, read, write
from server.base.seal import KeyTrouble, fresh_key, seal_head
from server.cli.main import gongdi
from server.models import KeyFingerprint, LogSegment
from server.models.media import original_key
from server.models.record import FormRegister
from server.models.scope import Scope
from server.workflows import reseal as reseal_part
from server.workflows.scheduler import tick
from tests.server.cast import Cast
from tests.stories.field import WORKER, Field
from tests.stories.photos import Photographer, picture, sha256

Run = Callable[..., Result]
PLAN = "01a22b33-c76b-73ab-9cf0-16d3d834c726"


@pytest.fixture
def run(config: Config) -> Run:
    env = {"GONGDI_DATABASE_URL": config.database_url, "GONGDI_DATA_DIR": str(config.data_dir)}

    def run_it(*args: str, **more: str) -> Result:
        result = CliRunner().invoke(gongdi, args, obj=create_app, env={**env, **more})
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run_it


@pytest.fixture
def worked(cast: Cast, tmp_path: Path) -> Cast:
    """A site where a person was entered: something is sealed, digested and signed."""
    tablet = Field(cast, tmp_path).tablet("t1")
    tablet.add(f"site:{cast.site_a}", "worker", WORKER)
    assert tablet.sync().ok
    return cast


def test_a_database_that_holds_nothing_gets_keys_and_remembers_them(app: Flask, config: Config) -> None:
    assert (config.data_dir / "keys" / "secret_keys").exists()
    with app.app_context(), read() as session:
        names = set(session.scalars(sa.select(KeyFingerprint.name)))
    assert names == {"digest", "signing", "sealing:k1"}


COMMANDS = (
    ("verify-log",),
    ("rebuild", "--check"),
    ("tick",),
    ("serve",),
    ("scheduler",),
    ("user", "list"),
    ("db", "upgrade"),
    ("db", "restored", "--yes"),
    ("seed", "reference"),
    ("keys", "list"),
    ("prepare",),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_without_its_keys_no_command_starts_and_none_makes_new_ones(
    worked: Cast, config: Config, run: Run, command: tuple[str, ...]
) -> None:
    keys = config.data_dir / "keys"
    keys.rename(config.data_dir / "elsewhere")
    result = run(*command)
    assert result.exit_code == 1
    assert "[keys_missing]" in result.output and "keys 文件夹" in result.output
    assert not keys.exists()


@pytest.mark.parametrize("name", ["secret_keys", "digest_key", "signing_key"])
def test_one_key_that_is_missing_or_of_another_database_is_refused(
    worked: Cast, config: Config, run: Run, name: str
) -> None:
    path = config.data_dir / "keys" / name
    right = path.read_text()
    path.unlink()
    assert "[keys_missing]" in run("verify-log").output
    path.write_text(("k1:" if name == "secret_keys" else "") + fresh_key())
    assert "[keys_wrong]" in run("verify-log").output
    path.write_text(right)
    assert run("verify-log").exit_code == 0


def test_data_older_than_fingerprints_is_opened_by_its_own_keys_only(
    worked: Cast, config: Config, run: Run
) -> None:
    for name in ("secret_keys", "digest_key", "signing_key"):
        path = config.data_dir / "keys" / name
        right = path.read_text()
        path.write_text(("k1:" if name == "secret_keys" else "") + fresh_key())
        _forget_fingerprints(worked.app)
        assert "[keys_wrong]" in run("verify-log").output, name
        assert "[keys_wrong]" in run("db", "upgrade").output, name
        path.write_text(right)
    shutil.move(config.data_dir / "keys", config.data_dir / "elsewhere")
    assert "[keys_missing]" in run("db", "upgrade").output
    shutil.move(config.data_dir / "elsewhere", config.data_dir / "keys")
    assert run("db", "upgrade").exit_code == 0
    assert "sealing:k1" in run("keys", "list").output


def test_two_servers_that_start_with_keys_of_their_own_do_not_share_a_database(
    app: Flask, config: Config, tmp_path: Path
) -> None:
    other = replace(config, data_dir=tmp_path / "another machine")
    with pytest.raises(KeyTrouble) as trouble:
        create_app(other)
    assert trouble.value.code == "keys_wrong"


def test_after_a_rotation_old_values_are_sealed_again_and_the_old_key_may_go(
    worked: Cast, config: Config, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photographer = Photographer(worked, tmp_path)
    photographer.upload(photo := picture())
    old = (config.data_dir / "keys" / "secret_keys").read_text().strip()
    fresh = f"k2:{fresh_key()}"
    both = {"GONGDI_SECRET_KEYS": f"{fresh},{old}"}
    assert "[key_needed]" in run("keys", "retire", "k1", **both).output
    assert "[keys_missing]" in run("verify-log", GONGDI_SECRET_KEYS=fresh).output

    rotated = create_app(replace(config, secret_keys=both["GONGDI_SECRET_KEYS"]), worked.clock)
    before = _sealed_with(rotated, "k1")
    monkeypatch.setattr(reseal_part, "BATCHES_MAX", 1)  # a tick ends after one batch
    for name in sorted(column.name for column in SEALED_COLUMNS):
        _tick(rotated)
        if name == "log_segment.lines":
            break
    assert 0 < _sealed_with(rotated, "k1") < before
    for _ in SEALED_COLUMNS:
        _tick(rotated)
    assert _sealed_with(rotated, "k1") == 0
    assert run("keys", "retire", "k1", **both).exit_code == 0
    assert "完成" not in run("keys", "list", **both).output

    assert "[key_retired]" in run("verify-log", GONGDI_SECRET_KEYS=f"{old},{fresh}").output
    assert run("verify-log", GONGDI_SECRET_KEYS=fresh).exit_code == 0
    assert run("rebuild", "--check", GONGDI_SECRET_KEYS=fresh).exit_code == 0
    alone = create_app(replace(config, secret_keys=fresh), worked.clock)
    assert alone.extensions["gongdi"].media.count_sealed_with("k2") == 2
    seen = alone.extensions["gongdi"].media.get(original_key(worked.site_a, sha256(photo)))
    assert seen == photo
    for made in (rotated, alone):
        with made.app_context():
            db.engine.dispose()


def test_what_a_process_with_the_old_ring_writes_meanwhile_is_found_and_sealed_again(
    worked: Cast, config: Config, run: Run, tmp_path: Path
) -> None:
    old = (config.data_dir / "keys" / "secret_keys").read_text().strip()
    fresh = f"k2:{fresh_key()}"
    both = f"{fresh},{old}"
    behind = create_app(replace(config, secret_keys=f"{old},{fresh}"), worked.clock)  # reads k2, writes k1
    late = Field(replace(worked, app=behind), tmp_path).tablet("t2")
    rotated = create_app(replace(config, secret_keys=both), worked.clock)
    _tick(rotated)
    assert _sealed_with(rotated, "k1") == 0
    late.add(f"site:{worked.site_a}", "worker", {**WORKER, "certificate_number": "410711199003070011"})
    assert late.push().problem is None
    assert _sealed_with(rotated, "k1") > 0
    assert "[key_needed]" in run("keys", "retire", "k1", GONGDI_SECRET_KEYS=both).output
    _tick(rotated)
    assert run("keys", "retire", "k1", GONGDI_SECRET_KEYS=both).exit_code == 0
    for made in (rotated, behind):
        with made.app_context():
            db.engine.dispose()


def test_a_register_that_is_a_form_is_sealed_again_bound_to_its_kind(worked: Cast, config: Config) -> None:
    old = (config.data_dir / "keys" / "secret_keys").read_text().strip()
    aad = state_aad("plan_document", PLAN)
    with worked.app.app_context(), write() as session:
        sealed = worked.app.extensions["gongdi"].seals.seal(aad, b"{}")
        row = FormRegister(scope_id=worked.site_a, id=PLAN, kind="plan_document", state=sealed, stamps={})
        session.add(row)
    rotated = create_app(replace(config, secret_keys=f"k2:{fresh_key()},{old}"), worked.clock)
    assert _tick(rotated) and _sealed_with(rotated, "k1") == 0
    with rotated.app_context(), read() as session:
        state = session.get_one(FormRegister, (worked.site_a, PLAN)).state
    assert state != sealed and rotated.extensions["gongdi"].seals.open(aad, state) == b"{}"
    with rotated.app_context():
        db.engine.dispose()


def test_a_value_that_does_not_open_stops_neither_the_others_nor_the_tick(
    worked: Cast, config: Config, run: Run
) -> None:
    with worked.app.app_context(), write() as session:
        segment = session.scalars(sa.select(LogSegment)).one()
        segment.lines = segment.lines[:-1] + bytes([segment.lines[-1] ^ 1])
    old = (config.data_dir / "keys" / "secret_keys").read_text().strip()
    both = f"k2:{fresh_key()},{old}"
    rotated = create_app(replace(config, secret_keys=both), worked.clock)
    assert "failed" not in _tick(rotated)
    assert _sealed_with(rotated, "k1") == 1
    assert "log_segment.lines 1" in run("keys", "retire", "k1", GONGDI_SECRET_KEYS=both).output
    with rotated.app_context(), read() as session:
        scope = session.get_one(Scope, worked.site_a)
        assert len(list(verify_scope(session, rotated.extensions["gongdi"].seals, scope))) == 1
    with rotated.app_context():
        db.engine.dispose()


# When somebody was there and when he was measured, as the log's own columns say; nothing that was measured.
# What is asked for is no secret: a published form is what every tablet gets.
NOT_SEALED = {"coverage_worker.attendance", "published_form.body", "report.pdf", "report.workbook"}


def test_every_column_of_bytes_without_a_length_is_gone_through() -> None:
    columns = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, sa.LargeBinary) and column.type.length is None
    }
    assert {column.name for column in SEALED_COLUMNS} == columns - NOT_SEALED


def _tick(app: Flask) -> dict[str, int]:
    did: dict[str, int] = tick(app, app.extensions["gongdi"].clock.now_ms())["reseal"]
    return did


def _sealed_with(app: Flask, name: str) -> int:
    """How many values in the database are sealed with this key."""
    with app.app_context(), read() as session:
        return sum(
            session.scalar(
                sa.select(sa.func.count()).select_from(one.model).where(sealed_by(one, seal_head(name)))
            )
            or 0
            for one in SEALED_COLUMNS
        )


def _forget_fingerprints(app: Flask) -> None:
    with app.app_context(), write() as session:
        session.execute(sa.delete(KeyFingerprint))
