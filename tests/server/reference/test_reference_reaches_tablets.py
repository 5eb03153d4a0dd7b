"""What tablets judge by comes down in `ref`: rules, slots, kinds of places and sites, units, words. A change of any of them
is there after the next sync."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from schemas.kinds import KINDS
from schemas.ref_records import KINDS_OF_REF
from server.actions.reference.list_areas import ListedArea, enter_areas
from server.actions.reference.load_reference import load_reference, rules_in_force, tx_of
from server.actions.reference.office_rows import set_row
from server.base.db import read, write
from server.rules.calendar import add_days, local_date_of
from sync_protocol.client.tablet import Tablet
from tests.server.cast import Cast
from tests.server.reference_files import Files, copied_files
from tests.stories.field import Field

ROWS = {
    "rule": "rules",
    "slot": "slots",
    "place_kind": "place_kinds",
    "site_kind": "site_kinds",
    "unit": "units",
}


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return Field(cast, tmp_path)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    return copied_files(tmp_path, monkeypatch)


def _load(field: Field) -> int:
    with field.app.app_context(), write() as session:
        changed = load_reference(session, field.app.extensions["gongdi"].seals, field.cast.clock.now_ms())
    field.cast.clock.advance(1_000)
    return changed


def _set(field: Field, noun: str, code: str, **changes: object) -> None:
    seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
    with field.app.app_context(), write() as session:
        assert set_row(tx_of(session, seals, now_ms), noun, code, changes) > 0
    field.cast.clock.advance(1_000)


def _words(tablet: Tablet, kind: str) -> dict[str, tuple[str, dict[str, str]]]:
    (body,) = [item.body for item in tablet.list("words") if item.body["code"] == kind]
    return {
        one["field"]: (one["title"], {said["code"]: said["word"] for said in one.get("words", [])})
        for one in body["items"]
    }


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS_OF_REF])
def test_every_record_of_a_kind_has_the_shape_that_is_published(field: Field, kind: str) -> None:
    _load(field)
    area = ListedArea("231281", "安达市", "medium", "2026-11-10", "2026-11-18", None)
    with field.app.app_context(), write() as session:
        tx = tx_of(session, field.app.extensions["gongdi"].seals, field.cast.clock.now_ms())
        enter_areas(tx, [area], "国务院客户端", is_complete=False)
    bodies = [item.body for item in field.tablet("first").list(kind)]
    assert bodies and [KINDS[kind].whole.validate(body) for body in bodies] == [{}] * len(bodies)


@pytest.mark.parametrize("kind", ROWS)
def test_each_version_of_each_row_is_a_record(field: Field, kind: str) -> None:
    _load(field)
    found = {(item.body["code"], item.body.get("valid_from")) for item in field.tablet("first").list(kind)}
    with field.app.app_context(), read() as session:
        rows = rules_in_force(session).rows[ROWS[kind]]
    assert found == {(row["code"], row["from"]) for row in rows}


@pytest.mark.parametrize(
    ("noun", "kind", "changes"),
    [
        ("place_kinds", "place_kind", {"name": "泵房"}),
        ("site_kinds", "site_kind", {"name": "公园", "unit": "zhian"}),
        ("units", "unit", {"name": "园林科", "reviews": True}),
    ],
)
def test_a_row_that_an_office_writes_is_on_a_tablet_after_its_next_sync(
    field: Field, noun: str, kind: str, changes: dict[str, object]
) -> None:
    _load(field)
    tablet, today = field.tablet("first"), local_date_of(field.cast.clock.now_ms())
    assert tablet.in_force(kind, "fresh_one", today) is None
    _set(field, noun, "fresh_one", **changes)
    report = tablet.sync()
    assert report.ok and report.pull.puts == 1
    found = tablet.in_force(kind, "fresh_one", today)
    assert found is not None and found["name"] == changes["name"]
    _set(field, noun, "fresh_one", name="改了名称")
    assert tablet.sync().ok
    names = [tablet.in_force(kind, "fresh_one", day) for day in (today, add_days(today, 1))]
    assert [one["name"] for one in names if one] == [changes["name"], "改了名称"]


def test_words_say_the_titles_and_lists_of_the_kinds_in_code(field: Field) -> None:
    _load(field)
    tablet = field.tablet("first")
    title, words = _words(tablet, "gate_pass")["health_code"]
    assert (title, words["green"]) == (
        KINDS["gate_pass"].whole.fields["health_code"].metadata["title"],
        KINDS["gate_pass"].whole.fields["health_code"].metadata["words"]["green"],
    )
    assert _words(tablet, "worker")["trade"][1]["020"]  # reference data that no other record has
    assert _words(tablet, "flag")["duty"][1]["INTEGRITY"] == "记录链异常"
    assert {item.body["code"] for item in tablet.list("words")}.isdisjoint({"disinfection_log", *ROWS})


def test_what_is_loaded_again_brings_nothing_and_what_is_put_off_is_forgotten(
    field: Field, files: Files
) -> None:
    _load(field)
    tablet = field.tablet("first")
    assert _load(field) == 0
    again = tablet.sync()
    assert again.ok and again.pull.puts == 0
    files.change("rules", "drill_months", planned=True)
    assert _load(field) == 1
    assert tablet.sync().ok
    assert "drill_months" not in {item.body["code"] for item in tablet.list("rule")}
