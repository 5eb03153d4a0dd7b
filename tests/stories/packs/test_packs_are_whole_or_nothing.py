"""A pack is checked and loaded as a whole; every fault names its file, sheet, row and column."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from server.base.db import read
from server.models import Device, LogEntry, PublishedForm, Reference
from tests.stories.field import Field
from tests.stories.forms.conftest import Run
from tests.stories.forms.workbooks import pond

ROW = {"source": "测试", "mark": "P", "from": "2026-11-01", "to": None}
UNIT = {"code": "ponds", "name": "池塘办", "kind": "section", "reviews": True, **ROW}

LAKE = {"code": "lake", "name": "湖泊", "rests": "never", **ROW}
SLOTS_OF_NONE = {"code": "NONE:normal", "duty": "NONE", "preset": "normal", "slots": [], **ROW}


def write_pack(folder: Path, forms: dict[str, Any], **rows: list[dict[str, Any]]) -> Path:
    """A folder of a pack. A form is its sheets."""
    (folder / "forms").mkdir(parents=True, exist_ok=True)
    about = {"code": "ponds", "title": "池塘方案", **ROW, "forms": [f"{name}.json" for name in forms]}
    (folder / "pack.json").write_text(json.dumps(about), "utf-8")
    for name, sheets in forms.items():
        (folder / "forms" / f"{name}.json").write_text(json.dumps(sheets), "utf-8")
    for noun, some in rows.items():
        (folder / f"{noun}.json").write_text(json.dumps({"rows": some}), "utf-8")
    return folder


def content(field: Field) -> tuple[Any, ...]:
    """All that loading could change."""
    with field.app.app_context(), read() as session:
        rows = session.execute(
            sa.select(Reference.noun, Reference.code, Reference.valid_from, Reference.valid_to)
        )
        forms = session.execute(sa.select(PublishedForm.code, PublishedForm.version))
        counts = [
            session.scalar(sa.select(sa.func.count()).select_from(table)) for table in (LogEntry, Device)
        ]
        return sorted(map(str, rows)), sorted(map(str, forms)), counts


def faults(run: Run, folder: Path) -> list[dict[str, Any]]:
    done = run("pack", "check", str(folder), "--json")
    assert done.exit_code == 1
    found: list[dict[str, Any]] = json.loads(done.output)
    return found


def test_a_pack_is_loaded_once_and_the_second_time_changes_nothing(
    field: Field, run: Run, tmp_path: Path
) -> None:
    sheets = pond(site_kinds_2={"unit": "ponds"})
    folder = write_pack(tmp_path / "ponds", {"pond_round": sheets}, units=[UNIT])
    before = content(field)
    assert run("pack", "check", str(folder)).exit_code == 0
    assert content(field) == before
    done = run("pack", "load", str(folder))
    assert done.exit_code == 0, done.output
    assert "新的表单版本 1 个" in done.output
    loaded = content(field)
    assert loaded != before
    again = run("pack", "load", str(folder))
    assert (again.exit_code, content(field)) == (0, loaded)
    assert "没有变化" in again.output
    assert "池塘方案" in run("pack", "list").output
    proved = run("verify-log")
    assert proved.exit_code == 0, proved.output


def test_a_fault_in_any_form_keeps_all_of_the_pack_out_and_is_named(
    field: Field, run: Run, tmp_path: Path
) -> None:
    good, bad = pond(), pond(survey_4={"constraint": ". >= ("}, settings_2={"form_id": "second"})
    folder = write_pack(tmp_path / "ponds", {"pond_round": good, "second": bad}, units=[UNIT])
    before = content(field)
    (fault,) = faults(run, folder)
    assert (fault["file"], fault["sheet"], fault["row"]) == ("forms/second.json", "survey", 4)
    assert fault["column"] is not None and fault["message"]
    done = run("pack", "load", str(folder))
    assert done.exit_code == 1
    assert "forms/second.json survey 第 4 行" in done.output
    assert content(field) == before


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({"units": [UNIT, {**UNIT, "reviews": "ja"}]}, ("units.json", 2, "row_invalid")),
        ({"site_kinds": [{**LAKE, "unit": "nobody"}]}, ("site_kinds.json", 1, "unit_unknown")),
        ({"trades": [UNIT]}, ("trades.json", None, "unknown_file")),
        ({"duty_slots": [SLOTS_OF_NONE]}, ("duty_slots.json", 1, "duty_unknown")),
    ],
)
def test_a_row_that_cannot_be_loaded_is_named_by_its_file_and_number(
    field: Field, run: Run, tmp_path: Path, rows: dict[str, Any], expected: tuple[str, int | None, str]
) -> None:
    folder = write_pack(tmp_path / "ponds", {"pond_round": pond()}, **rows)
    before = content(field)
    assert expected in [(one["file"], one["row"], one["code"]) for one in faults(run, folder)]
    assert run("pack", "load", str(folder)).exit_code == 1
    assert content(field) == before


def test_a_file_that_is_not_listed_and_one_that_is_not_there_are_named(
    field: Field, run: Run, tmp_path: Path
) -> None:
    folder = write_pack(tmp_path / "ponds", {"pond_round": pond()})
    (folder / "forms" / "pond_round.json").rename(folder / "forms" / "other.json")
    assert {(one["file"], one["code"]) for one in faults(run, folder)} == {
        ("forms/pond_round.json", "file_missing"),
        ("forms/other.json", "form_unlisted"),
    }


def test_what_is_planned_is_not_loaded(field: Field, run: Run, tmp_path: Path) -> None:
    planned = {"code": "LATER", "planned": True, "evidence": "what_will_be", **ROW}
    folder = write_pack(tmp_path / "ponds", {"pond_round": pond()}, duties=[planned])
    assert run("pack", "load", str(folder)).exit_code == 0
    with field.app.app_context(), read() as session:
        query = sa.select(Reference.code).where(Reference.noun == "duties")
        codes = set(session.scalars(query))
    assert "POND" in codes and "LATER" not in codes
