"""What a tablet could not send comes in a file that it signed: once, whoever comes first, and nothing that it did not
write."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask

from server.actions.audit.verify_log import verify_exchanges, verify_scope
from server.actions.devices.revoke_device import revoke_device
from server.actions.sync import read_export
from server.app import create_app
from server.base.config import Config
from server.base.db import read, write
from server.base.problems import Problem
from server.cli.main import gongdi
from server.models import Device, LogEntry, Quarantine, Scope
from tests.server.cast import Cast
from tests.stages import reach_reference
from tests.stories.exports import exported, take
from tests.stories.field import WORKER, Field
from tests.stories.photos import picture

LOG = {"place": "canteen", "agent": "chlorine", "operator": "王师傅"}


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    reach_reference(app)
    return Field(cast, tmp_path)


def _refused(field: Field, path: Path) -> Problem:
    with pytest.raises(Problem) as caught:
        take(field, path)
    assert (caught.value.status, caught.value.code) == (422, "export_invalid")
    assert _stored(field) == []
    return caught.value


def _stored(field: Field) -> list[LogEntry]:
    with field.app.app_context(), read() as session:
        return list(session.scalars(sa.select(LogEntry).order_by(LogEntry.n)))


def test_entries_take_effect_once_whether_the_file_comes_first_or_the_tablet(field: Field) -> None:
    tablet = field.tablet("first")
    worker = tablet.add(field.scope, "worker", WORKER)
    tablet.add(field.scope, "disinfection_log", LOG)
    written_ms = field.cast.clock.now_ms()
    path = exported(field, "first")
    field.cast.clock.advance(3_600_000)
    assert take(field, path).entries == Counter(applied=2)
    assert take(field, path).entries == Counter(duplicate=2)
    tablet.edit(field.scope, worker, {"team": "木工班"})
    report = tablet.sync()
    assert report.ok and tablet.status().unsent == 0
    assert [(entry.n, entry.outcome) for entry in _stored(field)] == [
        (1, "applied"),
        (2, "applied"),
        (3, "applied"),
    ]
    log = _stored(field)[1]
    assert (log.grade, abs(log.event_ms - written_ms) <= log.bound_ms) == ("anchored", True)
    (seen,) = field.tablet("other").list("worker")
    assert seen.body["team"] == "木工班"
    with field.app.app_context(), read() as session:
        scope = session.get_one(Scope, field.cast.site_a)
        seals = field.app.extensions["gongdi"].seals
        assert [*verify_scope(session, seals, scope), *verify_exchanges(session, seals)] == []


def test_more_than_one_push_could_hold_comes_in_parts(field: Field) -> None:
    tablet = field.tablet("first")
    with tablet.together():
        for _ in range(501):
            tablet.add(field.scope, "disinfection_log", LOG)
    assert take(field, exported(field, "first")).entries == Counter(applied=501)


def test_a_photo_comes_with_the_entry_that_promises_it_and_no_other_does(field: Field) -> None:
    tablet, promised, other = field.tablet("first"), picture(), picture(size=(99, 99))
    digest = hashlib.sha256(promised).hexdigest()
    media = [{"sha256": digest, "bytes": len(promised), "type": "image/jpeg"}]
    tablet.add(field.scope, "disinfection_log", LOG, media=media)
    path = exported(field, "first", (promised, other))
    assert take(field, path).photos == Counter(kept=1, media_not_promised=1)
    assert take(field, path).photos == Counter(media_here=1, media_not_promised=1)
    shown = field.cast.client("section").get(f"/api/v1/media/{field.cast.site_a}/{digest}")
    assert shown.status_code == 200
    tablet.add(field.scope, "disinfection_log", LOG)
    lacking = exported(field, "first", photo_list=[{"sha256": digest, "type": "image/../../etc"}])
    assert take(field, lacking).photos == Counter(export_invalid=1)


def test_a_device_that_was_taken_out_meanwhile_leaves_its_work_to_a_person(field: Field) -> None:
    tablet = field.tablet("first")
    tablet.add(field.scope, "disinfection_log", LOG)
    path = exported(field, "first")
    field.cast.clock.advance(60_000)
    device = json.loads(zipfile.ZipFile(path).read("about.json"))["device"]
    with field.app.app_context(), write() as session:
        revoke_device(session, device, field.cast.clock.now_ms())
    assert take(field, path).entries == Counter(held=1)


def test_a_file_says_nothing_of_where_its_tablet_is_now(field: Field) -> None:
    tablet = field.tablet("first")
    assert tablet.sync().ok
    with field.app.app_context(), read() as session:
        before = session.scalars(sa.select(Device.seen_ms)).one()
    tablet.add(field.scope, "disinfection_log", LOG)
    path = exported(field, "first")
    field.cast.clock.advance(3_600_000)
    assert take(field, path).entries == Counter(applied=1)
    with field.app.app_context(), read() as session:
        assert session.scalars(sa.select(Device.seen_ms)).one() == before


def test_lines_that_no_site_takes_are_refused_and_kept(field: Field) -> None:
    tablet = field.tablet("first")
    tablet.add(f"site:{field.cast.site_b}", "disinfection_log", LOG)
    assert take(field, exported(field, "first")).entries == Counter(refused=1)
    with field.app.app_context(), read() as session:
        (kept,) = session.scalars(sa.select(Quarantine))
    assert kept.code == "scope_not_assigned"


def test_nothing_is_taken_that_the_device_did_not_sign(field: Field) -> None:
    for name in ("first", "second"):
        field.tablet(name).add(field.scope, "disinfection_log", LOG)
    second = exported(field, "second")
    about = json.loads(zipfile.ZipFile(second).read("about.json"))
    for about_part in (
        {"sig": about["sig"]},
        {"device": about["device"]},
        {"sig": ""},
        {"sig": "签" * 200},
        {"device": "00000000-0000-7000-8000-000000000000"},
        {"device": "nobody"},
        {"gongdi_export": 2},
    ):
        _refused(field, exported(field, "first", **about_part))
    first = exported(field, "first")
    with zipfile.ZipFile(first) as files:
        parts = {name: files.read(name) for name in files.namelist()}
    parts["entries.ndjson"] = parts["entries.ndjson"].replace("王师傅".encode(), "李师傅".encode())
    with zipfile.ZipFile(first, "w") as files:
        for name, data in parts.items():
            files.writestr(name, data)
    assert "签名不符" in (_refused(field, first).detail or "")


@pytest.mark.parametrize(
    "parts",
    [
        None,
        {},
        {"about.json": b"{"},
        {"about.json": b"\xff"},
        {"about.json": b'{"gongdi_export": "3"}'},
        {"about.json": b'{"gongdi_export": 3}'},
        {"about.json": b"[" * 100_000},
    ],
    ids=["no zip", "empty", "cut", "no text", "wrong type", "no entries", "deep"],
)
def test_a_file_that_is_no_export_is_refused_as_such(field: Field, parts: dict[str, bytes] | None) -> None:
    path = field.folder / "file.zip"
    path.write_bytes(b"PK no zip")
    if parts is not None:
        with zipfile.ZipFile(path, "w") as files:
            for name, data in parts.items():
                files.writestr(name, data)
    _refused(field, path)


def test_a_file_that_inflates_without_end_is_not_read_to_its_end(
    field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    field.tablet("first").add(field.scope, "disinfection_log", LOG)
    monkeypatch.setattr(read_export, "ENTRIES_MAX", 100)
    assert "太大" in (_refused(field, exported(field, "first")).detail or "")


def test_the_command_says_what_came_of_it(field: Field, config: Config) -> None:
    field.tablet("first").add(field.scope, "disinfection_log", LOG)
    path = exported(field, "first", (picture(),))
    photos = "照片: 没有记录承诺这张照片 [media_not_promised] 1"
    env = {"GONGDI_DATABASE_URL": config.database_url, "GONGDI_DATA_DIR": str(config.data_dir)}
    for line in ("记录: 生效 1", "记录: 已有 1"):
        ran = CliRunner().invoke(gongdi, ["device", "take-export", str(path)], obj=create_app, env=env)
        assert (ran.exit_code, ran.output.splitlines()) == (0, ["设备: first", line, photos]), ran.output
    path.write_bytes(b"PK")
    ran = CliRunner().invoke(gongdi, ["device", "take-export", str(path)], obj=create_app, env=env)
    assert (ran.exit_code, "export_invalid" in ran.output, "Traceback" in ran.output) == (1, True, False)
