"""Loading reference data: dated versions of a duty reach tablets, and rows that nothing can meet are refused, all faults
together, before anything is loaded."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from schemas.kinds import KINDS
from server.actions.records.feed import Put, publish
from server.actions.reference.load_reference import load_reference, seed_rows
from server.base.db import read, write
from server.base.problems import Problem
from server.models import Reference, Window
from server.models.scope import REF, lock_scope
from server.rules.calendar import add_days, local_date_of
from server.workflows.scheduler import tick
from tests.server.cast import Cast
from tests.server.reference_files import Files, Row, copied_files
from tests.stories.field import Field

Change = Callable[[Files], None]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    return copied_files(tmp_path, monkeypatch)


def _load(app: Flask, cast: Cast) -> int:
    with app.app_context(), write() as session:
        return load_reference(session, app.extensions["gongdi"].seals, cast.clock.now_ms())


def _refused(app: Flask, cast: Cast) -> list[str]:
    """The lines of what is wrong."""
    with pytest.raises(Problem) as caught:
        _load(app, cast)
    assert (caught.value.status, caught.value.code) == (422, "reference_invalid")
    return (caught.value.detail or "").splitlines()[1:]


def _versions(tablet: Any, code: str) -> list[tuple[Any, Any, Any]]:
    found = [item.body for item in tablet.list("duty") if item.body["code"] == code]
    return sorted((body["valid_from"], body.get("valid_to"), body["cadence"]) for body in found)


@pytest.mark.parametrize("used", [False, True], ids=["fresh", "used"])
def test_a_second_version_of_a_duty_comes_down_with_the_one_in_force(
    app: Flask, cast: Cast, files: Files, tmp_path: Path, used: bool
) -> None:
    field = Field(cast, tmp_path)
    if used:
        _load(app, cast)
    tablet = field.tablet("first")
    cadence = files.row("duties", "DISINFECT")["cadence"]
    files.add_version("duties", "DISINFECT", "2027-01-01", cadence="每日一次")
    assert _load(app, cast) > 0
    cast.clock.advance(1000)
    assert tablet.sync().ok
    assert _versions(tablet, "DISINFECT") == [
        ("2021-12-01", "2027-01-01", cadence),
        ("2027-01-01", None, "每日一次"),
    ]
    assert _load(app, cast) == 0
    cast.clock.advance(1000)
    again = tablet.sync()
    assert again.ok and again.pull.puts == 0


def test_new_slots_are_a_new_version_of_the_duty(
    app: Flask, cast: Cast, files: Files, tmp_path: Path
) -> None:
    slots = [{"code": "once", "opens": "06:00", "due": "20:00", "grace_s": 0}]
    files.add_version("duty_slots", "DISINFECT:normal", "2027-03-01", slots=slots)
    _load(app, cast)
    duties = [item.body for item in Field(cast, tmp_path).tablet("first").list("duty")]
    found = {body["valid_from"]: body["slots"] for body in duties if body["code"] == "DISINFECT"}
    assert [slot["slot"] for slot in found["2021-12-01"]] == ["morning", "afternoon", "night"]
    assert found["2027-03-01"] == [{"slot": "once", "opens": "06:00", "due": "20:00"}]


@pytest.mark.parametrize("used", [False, True], ids=["fresh", "used"])
def test_each_day_is_planned_by_the_version_of_that_day(
    app: Flask, cast: Cast, files: Files, used: bool
) -> None:
    today = local_date_of(cast.clock.now_ms())
    tomorrow = add_days(today, 1)
    if used:
        _load(app, cast)
        tick(app, cast.clock.now_ms())
    files.add_version(
        *("duty_slots", "DISINFECT:normal", tomorrow),
        slots=[{"code": "once", "opens": "06:00", "due": "20:00", "grace_s": 0}],
    )
    _load(app, cast)
    cast.clock.advance(60_000)
    tick(app, cast.clock.now_ms())
    query = sa.select(Window.local_date, Window.slot).where(
        *(Window.scope_id == cast.site_a, Window.duty == "DISINFECT", Window.state != "void"),
        Window.local_date.in_((today, tomorrow)),
    )
    with app.app_context(), read() as session:
        found = sorted((day, slot) for day, slot in session.execute(query))
    assert [slot for day, slot in found if day == tomorrow] == ["once"]
    assert [slot for day, slot in found if day == today] == ["afternoon", "morning"]


def test_every_version_of_a_duty_has_the_form_of_its_kind(app: Flask, cast: Cast, tmp_path: Path) -> None:
    _load(app, cast)
    duties = [item.body for item in Field(cast, tmp_path).tablet("first").list("duty")]
    assert duties and [KINDS["duty"].whole.validate(body) for body in duties] == [{}] * len(duties)


def test_tablets_forget_the_records_that_had_one_id_for_all_versions(
    app: Flask, cast: Cast, tmp_path: Path
) -> None:
    field = Field(cast, tmp_path)
    _load(app, cast)
    old = str(uuid.uuid5(uuid.UUID(REF), "duty|TEMP"))
    with app.app_context(), write() as session:
        scope, seals = lock_scope(session, REF), app.extensions["gongdi"].seals
        assert scope is not None
        publish(session, scope, seals, cast.clock.now_ms(), [Put("duty", old, {"code": "TEMP"})])
    tablet = field.tablet("first")
    assert old in {item.id for item in tablet.list("duty")}
    cast.clock.advance(1000)
    assert _load(app, cast) == 0  # no row is another: what was published before is put right all the same
    assert tablet.sync().ok
    assert old not in {item.id for item in tablet.list("duty")}
    assert len(_versions(tablet, "TEMP")) == 1


def test_a_planned_row_is_not_loaded_and_leaves_a_database_that_has_it(
    app: Flask, cast: Cast, files: Files, tmp_path: Path
) -> None:
    def known() -> tuple[int, int]:
        """How many rows the database has of the duty, and how many versions a tablet has."""
        with app.app_context(), read() as session:
            query = sa.select(Reference).where(Reference.noun == "duties", Reference.code == "CAMERA")
            stored = len(session.scalars(query).all())
        cast.clock.advance(1000)
        assert tablet.sync().ok
        return stored, len(_versions(tablet, "CAMERA"))

    files.change("duties", "CAMERA", planned=True)
    _load(app, cast)
    tablet = Field(cast, tmp_path).tablet("first")
    assert known() == (0, 0)
    files.change("duties", "CAMERA", planned=False)
    _load(app, cast)
    assert known() == (1, 1)
    files.change("duties", "CAMERA", planned=True)
    assert _load(app, cast) == 1
    assert known() == (0, 0)


def _slots(*spans: tuple[str, str, str], **more: Any) -> list[Row]:
    return [{"code": code, "opens": opens, "due": due, "grace_s": 0, **more} for code, opens, due in spans]


_SUPPLY = {"reckons": None, "every": "weeks 1"}
NEXT_DUTY = f"duties.json 第 {len(dict(seed_rows())['duties']) + 1} 条"
FAULTS: dict[str, tuple[Change, str, str]] = {
    "evidence without a kind": (
        lambda files: files.change("duties", "TRAVEL", evidence="trip_log"),
        "duties.json 第 10 条 TRAVEL",
        "evidence_unknown",
    ),
    "evidence that only the server writes": (
        lambda files: files.change("duties", "DISINFECT", evidence="flag"),
        "duties.json 第 7 条 DISINFECT",
        "evidence_unknown",
    ),
    "evidence whose subject is no place": (
        lambda files: files.change("duties", "DISINFECT", evidence="supply_movement"),
        "duties.json 第 7 条 DISINFECT",
        "evidence_unfit",
    ),
    "coverage of what measures nobody": (
        lambda files: files.change("duties", "TEMP", evidence="gate_pass"),
        "duties.json 第 4 条 TEMP",
        "evidence_unfit",
    ),
    "a period without a length": (
        lambda files: files.change("duties", "PLAN", evidence="supply_movement", every="weekly"),
        "duties.json 第 13 条 PLAN",
        "mode_invalid",
    ),
    "a document that never ends": (
        lambda files: files.change(
            "duties", "PLAN", planned=False, evidence="supply_movement", every="weeks 1"
        ),
        "duties.json 第 13 条 PLAN",
        "evidence_unfit",
    ),
    "a state of a field that is not there": (
        lambda files: files.change("duties", "SUPPLY", **_SUPPLY, holds="${days} >= 7"),
        "duties.json 第 11 条 SUPPLY",
        "unknown_field",
    ),
    "a number that is no rule": (
        lambda files: files.change("duties", "SUPPLY", **_SUPPLY, holds="${amount} >= rule('nothing')"),
        "duties.json 第 11 条 SUPPLY",
        "unknown_rule",
    ),
    "a book of a form that is none": (
        lambda files: files.change("duties", "SUPPLY", evidence="ventilation_log"),
        "duties.json 第 11 条 SUPPLY",
        "evidence_unfit",
    ),
    "a book of what nobody can enter": (
        lambda files: files.change("duties", "SUPPLY", items="disinfectant boots"),
        "duties.json 第 11 条 SUPPLY",
        "mode_invalid",
    ),
    "days of a number that is no rule": (
        lambda files: files.change("duties", "SUPPLY", need="supply_days"),
        "duties.json 第 11 条 SUPPLY",
        "mode_invalid",
    ),
    "a place of a record that names none": (
        lambda files: files.change(
            "duties", "SUPPLY", **_SUPPLY, holds="${amount} > 0", places=["dormitory"]
        ),
        "duties.json 第 11 条 SUPPLY",
        "place_not_recorded",
    ),
    "an event of a kind that is not there": (
        lambda files: files.change("duties", "RETEST", trigger="fever_log"),
        "duties.json 第 6 条 RETEST",
        "trigger_unknown",
    ),
    "an answer that names nobody": (
        lambda files: files.change("duties", "RETEST", evidence="supply_movement", when="${amount} > 0"),
        "duties.json 第 6 条 RETEST",
        "relation_unfit",
    ),
    "a place kind that is not there": (
        lambda files: files.change("duties", "DISINFECT", places=["sauna"], goes_on=[]),
        "duties.json 第 7 条 DISINFECT",
        "place_kind_unknown",
    ),
    "places of a record that names none": (
        lambda files: files.change("duties", "DISINFECT", evidence="inspection_round"),
        "duties.json 第 7 条 DISINFECT",
        "place_not_recorded",
    ),
    "no places for a record that names one": (
        lambda files: files.change("duties", "DISINFECT", places=[], goes_on=[]),
        "duties.json 第 7 条 DISINFECT",
        "places_missing",
    ),
    "a place that goes on and is not asked": (
        lambda files: files.change("duties", "DISINFECT", places=["canteen"], goes_on=["toilet"]),
        "duties.json 第 7 条 DISINFECT",
        "goes_on_unasked",
    ),
    "a site kind that is not there": (
        lambda files: files.change("duties", "TEMP", site_kinds=["park"]),
        "duties.json 第 4 条 TEMP",
        "site_kind_unknown",
    ),
    "a unit that is not there": (
        lambda files: files.change("site_kinds", "municipal", unit="yuanlin"),
        "site_kinds.json 第 2 条 municipal",
        "unit_unknown",
    ),
    "a unit that a policy names and that is not there": (
        lambda files: files.change("escalation", "default", fallback_unit="yuanlin"),
        "escalation.json 第 1 条 default",
        "unit_unknown",
    ),
    "slots of no duty": (
        lambda files: files.change("duties", "VENTILATE", planned=True),
        "duty_slots.json 第 5 条 VENTILATE:normal",
        "duty_unknown",
    ),
    "no slots of a duty that is judged by them": (
        lambda files: files.change("duty_slots", "TEMP:normal", planned=True),
        "duties.json 第 4 条 TEMP",
        "slots_missing",
    ),
    "slots that overlap": (
        lambda files: files.change(
            *("duty_slots", "DISINFECT:normal"),
            slots=_slots(("a", "06:00", "12:00"), ("b", "11:00", "20:00")),
        ),
        "duty_slots.json 第 3 条 DISINFECT:normal",
        "slots_overlap",
    ),
    "a slot that is too long for a window": (
        lambda files: files.change(
            "duty_slots", "DISINFECT:normal", slots=_slots(("a" * 25, "06:00", "12:00"))
        ),
        "duty_slots.json 第 3 条 DISINFECT:normal",
        "row_invalid",
    ),
    "readings in a slot that nobody can write": (
        lambda files: files.change(
            *("duty_slots", "TEMP:normal"),
            slots=_slots(("a", "06:00", "12:00"), admits=["seventeen_letters"]),
        ),
        "duty_slots.json 第 1 条 TEMP:normal",
        "slot_not_recorded",
    ),
    "a duty that is too long for a window": (
        lambda files: files.add("duties", {**files.row("duties", "GATE"), "code": "G" * 25}),
        f"{NEXT_DUTY} " + "G" * 25,
        "row_invalid",
    ),
    "a column of rosters that no field has": (
        lambda files: files.add(
            "roster_words", {**files.row("roster_words", "header.team"), "code": "header.shoe_size"}
        ),
        "roster_words.json 第",
        "field_unknown",
    ),
    "one row twice": (
        lambda files: files.add("rules", files.rows("rules")[0]),
        "rules.json 第",
        "row_duplicate",
    ),
    "a version that begins while the one before holds": (
        lambda files: files.add("duties", {**files.row("duties", "TEMP"), "from": "2027-01-01"}),
        f"{NEXT_DUTY} TEMP",
        "row_overlaps",
    ),
    "a version that ends before it begins": (
        lambda files: files.change("duties", "TEMP", to="2021-01-01"),
        "duties.json 第 4 条 TEMP",
        "row_invalid",
    ),
    "a field that nobody reads": (
        lambda files: files.change("duties", "TEMP", built=False),
        "duties.json 第 4 条 TEMP",
        "row_invalid",
    ),
    "a row without a code": (
        lambda files: files.add("units", {"from": "2021-12-01"}),
        "units.json 第 7 条",
        "row_invalid",
    ),
    "a row that is no row": (lambda files: files.write("units", [7]), "units.json 第 1 条", "row_invalid"),  # type: ignore[list-item]
    "no JSON": (
        lambda files: (files.folder / "units.json").write_text("{", "utf-8") and None,
        "units.json: 无法读取",
        "file_unreadable",
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_cannot_be_met_is_refused_with_its_row_and_what_to_do(
    app: Flask, cast: Cast, files: Files, case: str
) -> None:
    change, where, code = FAULTS[case]
    change(files)
    lines = _refused(app, cast)
    assert any(line.startswith(where) and line.endswith(f"[{code}]") for line in lines), lines
    with app.app_context(), read() as session:
        assert session.scalars(sa.select(Reference).where(Reference.noun == "duties")).all() == []


def test_all_faults_are_named_together(app: Flask, cast: Cast, files: Files) -> None:
    files.change("duties", "DISINFECT", evidence="nothing", site_kinds=["park", "pool"])
    files.change("site_kinds", "municipal", unit="yuanlin")
    codes = [line.rsplit("[", 1)[1].rstrip("]") for line in _refused(app, cast)]
    assert codes == ["site_kind_unknown", "site_kind_unknown", "evidence_unknown", "unit_unknown"]


def test_rows_that_an_office_added_by_hand_may_be_named(app: Flask, cast: Cast, files: Files) -> None:
    by_hand = {"name": "公园", "unit": "zhian", "rests": "never", "mark": "P"}
    with app.app_context(), write() as session:
        dates = {"valid_from": "2021-12-01", "valid_to": None}
        session.add(Reference(noun="site_kinds", code="park", data=by_hand, source="x", **dates))
    files.change("duties", "TEMP", site_kinds=["park"])
    assert _load(app, cast) > 0
