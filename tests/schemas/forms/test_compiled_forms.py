"""A form that a clerk wrote becomes a closed value, whose JSON is canonical and read strictly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.forms.definition import read, written
from schemas.forms.limits import COMPILED_BYTES_MAX
from tests.schemas.forms.cast import CLERKS, DECIMALS, LABEL, codes, compiled, example, form, pond


@pytest.mark.parametrize("name", [*CLERKS, "pond_round"])
def test_a_form_as_a_clerk_writes_it_is_compiled_and_survives_its_json(name: str) -> None:
    made = form(name)
    assert made.code == name and made.version == 1
    assert read(written(made)) == made
    assert len(written(made)) < COMPILED_BYTES_MAX / 5


def test_nothing_that_is_usual_is_written() -> None:
    first = json.loads(written(form("pond_round")))["items"][0]
    assert first == {
        "type": "select_one_from_file",
        "name": "place_id",
        "label": "池塘",
        "required": True,
        "file": "places",
        "role": "place",
    }


def test_bounds_of_a_number_are_taken_out_of_its_constraint_and_keep_its_message() -> None:
    minutes = next(item for item in form("pond_round").items if item.name == "minutes")
    assert (minutes.low, minutes.high, minutes.constraint) == (1, 600, None)
    assert minutes.constraint_message == "应为 1 到 600 之间的整数。"


@pytest.mark.parametrize(
    ("constraint", "decimals"),
    [(". >= 0 and not(. = 7)", 2), (". >= 0 and . <= 20", 9), (". > 0", 2), (". >= 0.0000001", 2)],
)
def test_a_constraint_that_says_more_or_compares_otherwise_stays_whole(
    constraint: str, decimals: int
) -> None:
    made = compiled(pond(survey_7={"constraint": constraint, DECIMALS: decimals})).form
    depth = next(item for item in made.items if item.name == "depth_m")
    assert depth.constraint is not None and (depth.low, depth.high) == (-(10**9), 10**9)


def test_cells_are_what_a_spreadsheet_means_by_them() -> None:
    made = compiled(
        pond(survey_4={"required": True}, survey_8={"bind::gongdi:max": 2.0}, settings_2={"version": 3.0})
    )
    assert made.form.version == 3
    by_name = {item.name: item for item in made.form.items}
    assert by_name["look"].required is True and by_name["photo"].max == 2


def test_words_in_other_languages_stand_next_to_the_chinese_ones() -> None:
    made = compiled(
        pond(survey_3={"label::English (en)": "Minutes"}, choices_2={"label::English (en)": "clear"})
    ).form
    assert made.items[1].words == {"English (en)": {"label": "Minutes"}}
    assert made.lists["look"][0].words == {"English (en)": {"label": "clear"}}


def test_what_is_published_with_a_form_comes_out_row_by_row() -> None:
    rows = compiled(example("pump_house_round")).rows
    _, slots = (row.data for row in rows)
    assert [row.noun for row in rows] == ["duties", "duty_slots"] and rows[0].number == 2
    assert [slot["code"] for slot in slots["slots"]] == ["morning", "evening"]
    assert slots["duty"] == "PUMP-HOUSE"


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made.update(extra=1),
        lambda made: made.update(version="1"),
        lambda made: made["items"][0].update(required=["=", "number"]),
        lambda made: made["items"][1].update(relevant=["system", "x"]),
        lambda made: made["items"][1].update(role="anything"),
        lambda made: made["items"][1].update(hint=None),
        lambda made: made.pop("items"),
        lambda made: made["items"][1].update(relevant=_nested(20)),
    ],
)
def test_a_definition_that_the_compiler_would_not_write_is_not_read(change: Any) -> None:
    made = json.loads(written(form("pond_round")))
    change(made)
    with pytest.raises(ValueError, match=r".+"):
        read(json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode())


def test_blank_rows_are_passed_over_but_counted() -> None:
    assert compiled(pond(survey_11={"type": "note", "name": "end", LABEL: "完"})).form.items[-1].name == "end"
    assert codes(pond(survey_11={"type": "nothing", "name": "end"})) >= {
        ("survey", 11, "type", "unknown_type")
    }


def _nested(depth: int) -> Any:
    tree: Any = ["unanswered", ["field", "minutes", "number"]]
    for _ in range(depth):
        tree = ["not", tree]
    return tree
