"""Run by test_declared_once.py, with the field `blood_type` (血型) declared for workers in one place."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
from flask import Flask

from server.field_app.contracts import contracts
from tests.server.cast import Cast
from tests.server.rosters.people import TITLES, person
from tests.stages import reach_reference
from tests.stories.field import WORKER, Field
from tests.stories.kinds.desk import at_the_console
from tests.stories.rosters.uploads import commit, preview, read_at_once, rows, xlsx


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    reach_reference(app)
    cast.clock.advance(1_000)
    return Field(cast, tmp_path)


def test_it_is_served_to_every_tablet_and_checked_by_its_list(field: Field) -> None:
    first = field.tablet("first")
    first.add(field.scope, "worker", {**WORKER, "blood_type": "a"})
    assert first.sync().ok
    (served,) = field.tablet("second").list("worker")
    assert served.body["blood_type"] == "a"
    first.edit(field.scope, served.id, {"blood_type": "z"})
    first.sync()
    page = at_the_console(field, "section").get("/console/questions").text
    assert "血型" in page and "只能是这几个之一: A 型, B 型, O 型" in page


def test_its_schema_is_served(field: Field) -> None:
    said = field.app.test_client().get("/sync/v1/kinds").get_json()["worker"]["properties"]["blood_type"]
    assert (said["title"], said["enum"]) == ("血型", ["a", "b", "o", None])


def test_a_roster_with_its_column_is_read_listed_and_taken_home(field: Field) -> None:
    read_at_once(field.cast)
    contractor = field.cast.client("contractor")
    file = xlsx([[*person(1).cells(), "A型"], [*person(2).cells(), "C型"]], [*TITLES, "血型"])
    shown = preview(contractor, field.cast.site_a, file)
    (warned,) = rows(contractor, shown, "warned")
    assert [(one["code"], one["column"]) for one in warned["problems"]] == [("value_unknown", "血型")]
    commit(contractor, shown)
    section, people = at_the_console(field, "section"), f"/console/sites/{field.cast.site_a}"
    page = section.get(f"{people}/people").text
    assert "<th>血型</th>" in page and page.count('<td data-label="血型">A 型</td>') == 1
    book = openpyxl.load_workbook(io.BytesIO(section.get(f"{people}/roster.xlsx").data))
    lines = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows(min_row=2)]
    column = lines[0].index("血型")
    assert sorted(str(line[column] or "") for line in lines[1:]) == ["", "A 型"]


def test_a_change_of_it_shows_in_the_next_preview(field: Field) -> None:
    read_at_once(field.cast)
    contractor = field.cast.client("contractor")
    for blood, verdict in (("A型", "new"), ("B 型", "changed"), ("B型", "same")):
        file = xlsx([[*person(1).cells(), blood]], [*TITLES, "血型"])
        shown = preview(contractor, field.cast.site_a, file)
        assert shown["counts"][verdict] == 1, blood
        if verdict == "changed":
            (row,) = rows(contractor, shown, "changed")
            assert [(one["title"], one["to"]) for one in row["changes"]] == [("血型", "B 型")]
        commit(contractor, shown)
        field.cast.clock.advance(1_000)


def test_two_values_of_it_are_settled_by_a_person(field: Field) -> None:
    first = field.tablet("one")
    worker = first.add(field.scope, "worker", WORKER)
    assert first.sync().ok
    second = field.tablet("another", field.second_inspector())
    first.edit(field.scope, worker, {"blood_type": "a"})
    second.edit(field.scope, worker, {"blood_type": "o"})
    field.cast.clock.advance(1_000)
    assert first.sync().ok and second.sync().ok
    page = at_the_console(field, "section").get("/console/questions").text
    assert "血型" in page and "<b>A 型</b>" in page and "<b>O 型</b>" in page


def test_the_apps_form_asks_for_it() -> None:
    fields = contracts()["kinds"]["worker"]["fields"]
    assert fields["blood_type"]["title"] == "血型" and fields["blood_type"]["optional"]
    assert fields["blood_type"]["checks"][0]["words"] == {"a": "A 型", "b": "B 型", "o": "O 型"}
