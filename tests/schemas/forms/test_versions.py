"""A version is accepted for good, so a later one may not turn a name into something else."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.forms.surroundings import Surroundings
from tests.schemas.forms.cast import LABEL, MASK, ROLE, Sheets, codes, compiled, pond

V2 = {"version": 2}
SEALED = {"sealed": "yes"}


def after(first: Sheets) -> Surroundings:
    return Surroundings(earlier=(compiled(first).form,))


def test_the_same_content_again_is_no_change_and_a_new_version_is_one() -> None:
    assert not compiled(pond(), after(pond())).changed
    assert compiled(pond(settings_2=V2, survey_3={LABEL: "停留时长"}), after(pond())).changed


def test_a_number_that_is_taken_or_lower_is_refused() -> None:
    other = {LABEL: "停留时长"}
    assert codes(pond(survey_3=other), after(pond())) == {("settings", 2, "version", "version_taken")}
    assert codes(pond(survey_3=other), after(pond(settings_2=V2))) == {
        ("settings", 2, "version", "version_not_higher")
    }


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"survey_3": {"type": "text", "constraint": "", "bind::gongdi:unit": "", ROLE: ""}, "survey_6": {"relevant": ""}},
         ("survey", 3, "type", "retyped")),
        ({"survey_3": {ROLE: ""}}, ("survey", 3, ROLE, "changed_role")),
        ({"survey_5": {MASK: "name"}}, ("survey", 5, MASK, "changed_mask")),
        ({"choices_3": {"name": "dirty"}}, ("choices", None, None, "removed_choice")),
        ({"gongdi_2": {"sealed": "no"}}, ("gongdi", 2, "sealed", "changed_sealed")),
        ({"gongdi_2": {**SEALED, "health": "no"}}, ("gongdi", 2, "health", "changed_health")),
    ],
)  # fmt: skip
def test_what_entries_rest_on_does_not_change(changes: dict[str, Any], where: tuple[Any, ...]) -> None:
    first = pond(gongdi_2=SEALED)
    second = pond(**{"gongdi_2": SEALED, "settings_2": V2, **changes})
    assert codes(second, after(first)) == {where}


def test_a_fact_does_not_become_a_register() -> None:
    plain = {"survey_5": {"relevant": ""}, "survey_6": {"relevant": ""}}
    second = pond(settings_2=V2, gongdi_2={"nature": "register"}, **plain)
    assert codes(second, after(pond(**plain))) == {("gongdi", 2, "nature", "changed_nature")}


def test_a_field_that_was_dropped_does_not_come_back_as_another_type() -> None:
    dropped = pond(settings_2=V2)
    del dropped["survey"][5]
    third = pond(
        settings_2={"version": 3}, survey_7={"type": "text", "constraint": "", "bind::gongdi:unit": ""}
    )
    third["survey"][5].pop("bind::gongdi:decimals")
    around = Surroundings(earlier=(compiled(pond()).form, compiled(dropped).form))
    assert codes(third, around) == {("survey", 7, "type", "retyped")}


def test_a_choice_is_retired_by_a_date_and_stays_valid() -> None:
    made = compiled(pond(settings_2=V2, choices_3={"to": "2022-01-01"}), after(pond())).form
    assert made.choices(made.items[2]) == ("clear", "rubbish", "other")


def test_a_place_moves_once_from_its_kind_to_its_id() -> None:
    first = pond(survey_4={ROLE: "place"}, survey_2={ROLE: ""})
    del first["survey"][0]
    by_id = pond(settings_2=V2)
    assert codes(by_id, after(first)) == set()
    back = pond(settings_2={"version": 3})
    back["survey"][2][ROLE] = "place"
    del back["survey"][0]
    around = Surroundings(earlier=(compiled(first).form, compiled(by_id).form))
    assert codes(back, around) == {("survey", 3, ROLE, "changed_role")}
