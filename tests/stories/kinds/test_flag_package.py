"""A flag goes to a court or another bureau as one archive: its file, its history as a chain, what proves it, and no more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from server.base.db import read
from server.files.verify_archive import MANIFEST, verify_archive
from server.models import AuditEvent, Flag, Window
from tests.server.office import marks_of
from tests.stories.field import WORKER, Field
from tests.stories.flags.cast import moved
from tests.stories.kinds.desk import at_the_console
from tests.stories.kinds.test_archive_package import field, packed, parts_of

__all__ = ["field"]
WHY = "移送市人民法院〔2027〕3 号"


@pytest.fixture
def flag_id(field: Field) -> str:
    """The flag of a morning without disinfection, which the section has acknowledged."""
    with field.app.app_context(), read() as session:
        found = session.scalars(
            sa.select(Flag.id).where(Flag.duty == "DISINFECT").order_by(Flag.opened_ms)
        ).first()
        assert found is not None
        assert len(session.scalars(sa.select(Flag.id)).all()) > 1, "the site has other flags too"
    moved(field.cast.client("section"), found, "acknowledge")
    return found


@pytest.fixture
def package(field: Field, flag_id: str, tmp_path: Path) -> Path:
    clerk, here = at_the_console(field, "section"), f"/console/flags/{flag_id}/archive"
    assert here in clerk.get(f"/console/flags/{flag_id}").text
    answer = clerk.post(here, data={**marks_of(clerk.get(here).text), "reason": WHY})
    assert answer.status_code == 200, answer.text
    made = tmp_path / "案卷.zip"
    made.write_bytes(answer.data)
    return made


def test_it_is_verified_without_a_server(package: Path) -> None:
    found = verify_archive(package)
    assert (found.faults, found.lines > 0, found.anchors > 0) == ([], True, True)


def test_it_has_this_flags_file_history_and_windows_and_no_other_flag(
    field: Field, flag_id: str, package: Path
) -> None:
    parts = parts_of(package)
    (file,) = [name for name in parts if name.startswith("问题标记/") and name.endswith(".pdf")]
    (history,) = [name for name in parts if name.endswith("-经过.ndjson")]
    assert file.removesuffix(".pdf") == history.removesuffix("-经过.ndjson")
    actions = [json.loads(line)["action"] for line in parts[history].splitlines()]
    assert actions[0] == "opened" and actions[-1] == "acknowledge"
    with field.app.app_context(), read() as session:
        windows = session.scalars(sa.select(Window.id).where(Window.flag_id == flag_id)).all()
    assert parts["时段.csv"].count(b"\n") == 1 + len(windows)
    assert "案卷包目录: 牧野花园" in parts["目录.txt"].decode() and WHY in parts["目录.txt"].decode()


def test_nothing_about_people_is_in_it(package: Path) -> None:
    everything = b"".join(parts_of(package).values())
    for trace in (WORKER["name"], WORKER["certificate_number"], WORKER["phone"]):
        assert str(trace).encode() not in everything


@pytest.mark.parametrize("how", ["edited", "cut", "swapped"])
def test_a_history_that_was_changed_is_found_even_if_the_files_are_listed_anew(
    package: Path, tmp_path: Path, how: str
) -> None:
    parts = parts_of(package)
    (name,) = [one for one in parts if one.endswith("-经过.ndjson")]
    lines = parts[name].splitlines(keepends=True)
    if how == "edited":
        lines[0] = lines[0].replace(b'"opened"', b'"closed"')
    elif how == "cut":
        lines = lines[:-1]
    else:
        lines[0], lines[1] = lines[1], lines[0]
    parts[name] = b"".join(lines)
    faults = verify_archive(packed(parts, tmp_path / "other.zip")).faults
    assert any(fault.startswith("问题标记") and "经过" in fault for fault in faults), faults


def test_a_package_of_before_there_were_histories_is_read(package: Path, tmp_path: Path) -> None:
    parts = parts_of(package)
    manifest = json.loads(parts[MANIFEST])
    del manifest["flags"]
    parts[MANIFEST] = json.dumps(manifest).encode()
    faults = verify_archive(packed(parts, tmp_path / "old.zip")).faults
    assert faults == ["清单 (manifest.json) 的签名不符"]  # and nothing else


def test_the_reason_is_kept_and_others_may_not(field: Field, flag_id: str, package: Path) -> None:
    with field.app.app_context(), read() as session:
        (kept,) = session.scalars(sa.select(AuditEvent).where(AuditEvent.what == "archived"))
        assert kept.reason == WHY and kept.subject.startswith("牧野花园 ")
    for other in ("admin", "inspector", "contractor"):
        assert at_the_console(field, other).get(f"/console/flags/{flag_id}/archive").status_code == 404
    clerk, here = at_the_console(field, "section"), f"/console/flags/{flag_id}/archive"
    assert clerk.post(here, data={**marks_of(clerk.get(here).text), "reason": "x"}).status_code == 422
