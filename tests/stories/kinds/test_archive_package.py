"""A site ends: its archive package goes to the archives (档案室) and is verified there without any server."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.base.db import read
from server.files.verify_archive import MANIFEST, verify_archive
from server.models import AuditEvent
from server.rules.calendar import instant_ms
from server.workflows.scheduler import tick
from sync_protocol.signatures import public_text
from tests.server.cast import Cast
from tests.stories.field import WORKER, Field
from tests.stories.flags.cast import missed_flag, planned_field
from tests.stories.forms.conftest import Run, run
from tests.stories.kinds.desk import at_the_console
from tests.stories.photos import Photographer, picture, sha256
from tests.stories.wire import LOG

__all__ = ["run"]
WHY = "移交档案室〔2026〕3 号"
Parts = dict[str, bytes]


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    """A site with a worker, readings, logs, a photo and a flag."""
    made = planned_field(app, cast, tmp_path)
    tablet = made.tablet("of the site")
    worker = tablet.add(made.scope, "worker", WORKER)
    tablet.add(made.scope, "temperature_check", {"worker": worker, "celsius": 36.5, "point": "gate"})
    tablet.add(made.scope, "disinfection_log", LOG)
    missed_flag(made, tablet)
    photographer, data = Photographer(cast, tmp_path / "p"), picture()
    photographer.promise(data)
    assert photographer.patch(photographer.create(data).headers["Location"], 0, data).status_code == 204
    cast.clock.set(instant_ms("2026-11-28", "10:00"))
    assert tablet.sync().ok
    tick(app, cast.clock.now_ms())
    return made


@pytest.fixture
def package(field: Field, run: Run, tmp_path: Path) -> Path:
    out = tmp_path / "归档.zip"
    done = run("site", "archive", field.cast.site_a, "--by", "section", "--reason", WHY, "--out", str(out))
    assert done.exit_code == 0, done.output
    return out


def parts_of(package: Path) -> Parts:
    with zipfile.ZipFile(package) as file:
        return {name: file.read(name) for name in file.namelist()}


def packed(parts: Parts, into: Path) -> Path:
    with zipfile.ZipFile(into, "w") as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return into


def test_it_has_records_papers_photos_and_the_log_and_is_verified_offline(
    field: Field, package: Path, run: Run
) -> None:
    parts = parts_of(package)
    assert {
        "目录.xlsx",
        "目录.txt",
        "时段.csv",
        "记录/disinfection_log.csv",
        "记录/disinfection_log.xlsx",
    } <= set(parts)
    assert [name for name in parts if name.startswith("问题标记/")]
    assert all(data.startswith(b"%PDF") for name, data in parts.items() if name.endswith(".pdf"))
    assert any(sha256(data) in name for name, data in parts.items() if name.startswith("照片/"))
    index = parts["目录.txt"].decode()
    for said in (
        "归档包目录",
        WHY,
        "消毒记录",
        "问题标记 ",
        "照片 1 张",
        "测温记录 1 行",
        "人员 1 行",
        "gongdi archive verify",
    ):
        assert said in index, said
    found = verify_archive(package)
    assert (found.faults, found.left_out >= 2, found.anchors > 0) == ([], True, True)
    seals = field.app.extensions["gongdi"].seals
    assert verify_archive(package, public_text(seals.signing_key)).faults == []
    done = run("archive", "verify", str(package))
    assert done.exit_code == 0 and "核验无误" in done.output and found.key in index


def test_nothing_about_people_is_in_it(package: Path) -> None:
    everything = b"".join(parts_of(package).values())
    for trace in (WORKER["name"], WORKER["certificate_number"], WORKER["phone"], "36.5"):
        assert str(trace).encode() not in everything


def _changed(name: str) -> Callable[[Parts], None]:
    def change(parts: Parts) -> None:
        (found,) = [one for one in parts if one.startswith(name)][:1]
        parts[found] = parts[found][:-2] + bytes([parts[found][-2] ^ 1]) + parts[found][-1:]

    return change


def _missing(parts: Parts) -> None:
    del parts["时段.csv"]


def _more(parts: Parts) -> None:
    parts["记录/x.csv"] = b"x"


def _said_otherwise(parts: Parts) -> None:
    manifest = json.loads(parts[MANIFEST])
    manifest["site"]["name"] = "别处"
    parts[MANIFEST] = json.dumps(manifest).encode()


def _line_taken_out(parts: Parts) -> None:
    (name,) = [one for one in parts if one.startswith("日志/") and parts[one].count(b"\n") > 2][:1]
    parts[name] = b"".join(parts[name].splitlines(keepends=True)[1:])


def _no_zip(parts: Parts) -> None:
    parts.clear()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_changed("记录/"), "被改动"),
        (_changed("照片/"), "被改动"),
        (_changed("问题标记/"), "被改动"),
        (_changed("manifest.sig"), "签名不符"),
        (_missing, "缺少文件"),
        (_more, "多出的文件"),
        (_said_otherwise, "签名不符"),
        (_line_taken_out, "接不上"),
        (_no_zip, "读不出来"),
    ],
)
def test_what_was_changed_is_found(
    package: Path, tmp_path: Path, change: Callable[[Parts], None], said: str
) -> None:
    parts = parts_of(package)
    change(parts)
    faults = verify_archive(packed(parts, tmp_path / "other.zip")).faults
    assert any(said in fault for fault in faults), faults


def test_another_key_is_not_the_servers(package: Path) -> None:
    faults = verify_archive(package, "A" * 43).faults
    assert faults == ["归档包不是用给出的服务器密钥签的"]


def test_a_clerk_makes_it_at_the_page_for_a_reason_that_is_kept(field: Field, tmp_path: Path) -> None:
    clerk, here = at_the_console(field, "section"), f"/console/sites/{field.cast.site_a}/archive"
    page = clerk.get(here).text
    assert "健康资料不在其中" in page
    assert here in clerk.get(f"/console/sites/{field.cast.site_a}").text
    form = {"form_token": page.split('name="form_token" value="')[1].split('"')[0]}
    assert clerk.post(here, data={**form, "reason": "x"}).status_code == 422
    answer = clerk.post(here, data={**form, "reason": WHY})
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/zip"
    made = tmp_path / "page.zip"
    made.write_bytes(answer.data)
    assert verify_archive(made).faults == []
    with field.app.app_context(), read() as session:
        (kept,) = session.scalars(sa.select(AuditEvent).where(AuditEvent.what == "archived"))
        assert (kept.user_id, kept.reason) == (field.cast.users["section"], WHY)
    for other in ("admin", "inspector", "contractor"):
        assert at_the_console(field, other).get(here).status_code == 404


def test_a_command_needs_somebody_who_reads_the_sites_records(field: Field, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "no.zip"
    done = run("site", "archive", field.cast.site_a, "--by", "admin", "--reason", WHY, "--out", str(out))
    assert done.exit_code != 0 and not out.exists()
