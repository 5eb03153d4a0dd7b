"""Which fields records have is served as JSON Schema, for every kind and every version of a form."""

from __future__ import annotations

from typing import Any

import jsonschema_rs

from tests.stories.field import Field
from tests.stories.forms.workbooks import LABEL
from tests.stories.records.conftest import CLEANED, publish

PATH = "/api/v1/records/schema"


def kinds(schema: dict[str, Any]) -> set[tuple[str, int | None]]:
    shapes = [one["properties"] for one in schema["oneOf"]]
    return {(shape["kind"]["const"], shape.get("form", {}).get("const")) for shape in shapes}


def test_it_knows_what_is_written_and_refuses_what_cannot_be(field: Field, caller: Any) -> None:
    schema = caller("section").get(PATH).get_json()
    assert {("disinfection_log", 1), ("gate_pass", None), ("worker", None)} <= kinds(schema)
    valid = jsonschema_rs.validator_for(schema)
    assert valid.is_valid({"kind": "disinfection_log", "form": 1, "body": CLEANED})
    assert not valid.is_valid({"kind": "disinfection_log", "form": 1, "body": {**CLEANED, "agent": "water"}})
    assert not valid.is_valid({"kind": "gate_pass", "form": 1, "body": CLEANED})


def test_a_form_that_was_published_a_moment_ago_is_in_it(field: Field, caller: Any) -> None:
    section = caller("section")
    before = kinds(section.get(PATH).get_json())
    publish(field, "lamp", [{"type": "text", "name": "name", LABEL: "名称"}], title="路灯")
    assert kinds(section.get(PATH).get_json()) - before >= {("lamp", 1)}
