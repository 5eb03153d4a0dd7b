"""Forms and what comes with them by commands: all faults at once, or all of it in force."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from server.actions.reference.load_reference import load_reference, rules_in_force
from server.base.db import read, write
from server.models import PublishedForm, Reference, Scope
from tests.schemas.forms.cast import CLERKS, example
from tests.stories.field import Field
from tests.stories.forms.conftest import Run, field, run
from tests.stories.forms.workbooks import LABEL, as_json, only_form, pond, workbook

__all__ = ["field", "run"]


def counts(field: Field) -> tuple[int, int, int]:
    """How many forms and rows there are, and how far the reference data's scope is."""
    with field.app.app_context(), read() as session:
        forms, rows = (
            session.scalar(sa.select(sa.func.count()).select_from(one)) or 0
            for one in (PublishedForm, Reference)
        )
        return forms, rows, session.scalars(sa.select(Scope.seq).where(Scope.kind == "ref")).one()


@pytest.mark.parametrize("name", CLERKS)
def test_a_clerks_form_is_published_where_its_kinds_are_known(
    field: Field, run: Run, tmp_path: Path, name: str
) -> None:
    for kind in ("waterworks", "compound", "sales_office", "park"):
        assert run("site-kind", "set", kind, "--name", kind, "--unit", "zhian").exit_code == 0
    assert run("place-kind", "set", "pump_house", "--name", "泵房").exit_code == 0
    own = f"{name}_own"  # forms of some of these codes come with the server
    sheets = json.loads(json.dumps(example(name)).replace(f'"{name}"', f'"{own}"'))
    file = as_json(tmp_path / f"{own}.json", sheets)
    done = run("form", "publish", str(file))
    assert done.exit_code == 0, done.output
    again = run("form", "publish", str(file))
    assert "没有变化" in again.output


def test_the_faults_of_a_form_are_all_named_and_nothing_changes(
    field: Field, run: Run, tmp_path: Path
) -> None:
    wrong = pond(survey_5={"relevant": "${nothing} = 'x'"}, choices_4={"name": "3"}, gongdi_2={"mark": "Q"})
    file, before = workbook(tmp_path / "wrong.xlsx", wrong), counts(field)
    checked = run("form", "check", str(file), "--json")
    assert checked.exit_code == 1
    faults = json.loads(checked.output)
    assert {"sheet", "row", "column", "code", "message"} == faults[0].keys()
    assert [(one["sheet"], one["row"], one["column"]) for one in faults[:1]] == [("survey", 5, "G")]
    refused = run("form", "publish", str(file))
    assert refused.exit_code == 1
    assert "survey 第 5 行" in refused.output and "gongdi 第 2 行" in refused.output
    assert counts(field) == before


@pytest.mark.parametrize(
    ("changed", "sheet", "code"),
    [
        ({"duties_2": {"places": "lake"}}, "duties", "place_kind_unknown"),
        ({"duties_2": {"evidence": "lake_round"}}, "duties", "evidence_unknown"),
        ({"duties_2": {"slots": "morning@06:00-12:00 noon@11:00-13:00"}}, "duties", "slots_overlap"),
        ({"duties_2": {"places": ""}}, "duties", "places_missing"),
        ({"site_kinds_2": {"unit": "nobody"}}, "site_kinds", "unit_unknown"),
        ({"place_kinds_2": {"code": "dormitory", "from": "2022-01-01"}}, "place_kinds", "row_in_force"),
    ],
)
def test_a_sheet_that_reference_data_does_not_take_keeps_the_form_out(
    field: Field, run: Run, tmp_path: Path, changed: dict[str, dict[str, str]], sheet: str, code: str
) -> None:
    sheets = pond(**changed)
    if sheet == "place_kinds":
        sheets["duties"][0]["places"] = "dormitory"
    file, before = as_json(tmp_path / "form.json", sheets), counts(field)
    found = json.loads(run("form", "check", str(file), "--json").output)
    assert (sheet, 2, code) in [(one["sheet"], one["row"], one["code"]) for one in found]
    assert run("form", "publish", str(file)).exit_code == 1
    assert counts(field) == before


@pytest.mark.parametrize("data", [b"", b"not a workbook", b"PK\x03\x04broken"])
def test_a_file_that_is_no_workbook_is_a_fault_of_one_line(
    field: Field, run: Run, tmp_path: Path, data: bytes
) -> None:
    file = tmp_path / "form.xlsx"
    file.write_bytes(data)
    for command in ("check", "publish", "diff"):
        done = run("form", command, str(file))
        assert done.exit_code == 1 and len(done.output.strip().splitlines()) == 1
    assert len(json.loads(run("form", "check", str(file), "--json").output)) == 1


def test_what_is_exported_is_the_same_form_again(field: Field, run: Run, tmp_path: Path) -> None:
    run("form", "publish", str(workbook(tmp_path / "pond.xlsx", pond())))
    for name in ("again.xlsx", "again.json"):
        assert run("form", "export", "pond_round", "--out", str(tmp_path / name)).exit_code == 0
        assert "没有变化" in run("form", "publish", str(tmp_path / name)).output
        assert "内容相同" in run("form", "diff", str(tmp_path / name)).output
    shipped = run("form", "export", "disinfection_log", "--version", "1")
    assert json.loads(shipped.output)["settings"][0]["form_id"] == "disinfection_log"
    assert run("form", "export", "nothing").exit_code == 1
    assert openpyxl.load_workbook(tmp_path / "again.xlsx").sheetnames == list(pond())


def test_the_difference_to_the_version_in_force_is_said_in_words(
    field: Field, run: Run, tmp_path: Path
) -> None:
    run("form", "publish", str(as_json(tmp_path / "1.json", only_form())))
    changed = only_form(
        2,
        survey_3={LABEL: "水色"},
        survey_6={"type": "text", "name": "note", LABEL: "备注"},
        choices_4={"to": "2026-12-31"},
    )
    said = run("form", "diff", str(as_json(tmp_path / "2.json", changed))).output
    for part in (
        "第 1 版 → 第 2 版",
        "~ 项 look 的名称",
        "水面 → 水色",
        "+ 项 note: 备注",
        "有漂浮物 (至 2026-12-31)",
    ):
        assert part in said


def test_a_retired_form_is_offered_no_more_and_its_records_stay_valid(
    field: Field, run: Run, tmp_path: Path
) -> None:
    run("form", "publish", str(as_json(tmp_path / "1.json", only_form())))
    assert run("form", "retire", "pond_round").exit_code == 0
    with field.app.app_context(), read() as session:
        latest = rules_in_force(session).kinds.get("pond_round")
        assert latest is not None and latest.version == 2
        assert latest.form.to == "2026-11-24"  # type: ignore[union-attr]
        assert rules_in_force(session).kinds.get("pond_round", 1) is not None
    assert run("form", "retire", "pond_round").exit_code == 1
    assert run("form", "retire", "nothing").exit_code == 1
    tablet = field.tablet("first")
    tablet.add(field.scope, "pond_round", {"place": "pond", "look": "clear"})
    assert tablet.sync().ok and tablet.refused() == []


def test_a_form_needs_a_second_user_where_users_are_named(field: Field, run: Run, tmp_path: Path) -> None:
    file = str(as_json(tmp_path / "1.json", only_form()))
    assert run("form", "publish", file, "--author", "admin", "--approver", "admin").exit_code == 1
    assert run("form", "publish", file, "--author", "admin").exit_code == 2
    assert run("form", "publish", file, "--author", "section", "--approver", "admin").exit_code == 0
    with field.app.app_context(), read() as session:
        row = session.get_one(PublishedForm, ("pond_round", 1))
        assert (row.author_id, row.approver_id) == (field.cast.users["section"], field.cast.users["admin"])


def test_a_duty_gets_another_version_from_tomorrow_and_the_past_keeps_its_own(field: Field, run: Run) -> None:
    assert run("duty", "set", "DISINFECT", "--slots", "morning evening").exit_code == 0
    with field.app.app_context(), read() as session:
        rows = [
            row for row in rules_in_force(session).rows["duty_slots"] if row["code"] == "DISINFECT:normal"
        ]
    assert [(row["from"], row["to"], len(row["slots"])) for row in rows] == [
        ("2021-12-01", "2026-11-24", 3),
        ("2026-11-24", None, 2),
    ]
    past = run("duty", "set", "DISINFECT", "--severity", "severe", "--from", "2026-11-23")
    assert past.exit_code == 1 and "最早从明天起用" in past.output
    with field.app.app_context(), write() as session:  # loading the files again changes none of it
        seals = field.app.extensions["gongdi"].seals
        assert load_reference(session, seals, field.cast.clock.now_ms()) == 0
    assert "evening@15:30-20:00" in run("duty", "list").output


def test_what_is_new_begins_today_and_is_listed(field: Field, run: Run) -> None:
    assert run("unit", "set", "gongyuan", "--name", "公园科", "--reviews").exit_code == 0
    assert run("site-kind", "set", "park", "--name", "公园", "--unit", "gongyuan").exit_code == 0
    assert run("place-kind", "set", "pond", "--name", "池塘", "--no-living").exit_code == 0
    for command, part in (("unit", "公园科"), ("site-kind", "gongyuan"), ("place-kind", "池塘")):
        assert part in run(command, "list").output
    assert run("site-kind", "set", "beach", "--name", "沙滩", "--unit", "nobody").exit_code == 1
    assert run("site-kind", "set", "beach").exit_code == 1
    assert "没有变化" in run("place-kind", "set", "pond", "--name", "池塘").output
