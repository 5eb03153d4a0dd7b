"""What is wrong with a form is found all together, each fault at its cell, with a code and in Chinese."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.forms.faults import column_letters
from schemas.forms.surroundings import Surroundings
from tests.schemas.forms.cast import DECIMALS, HINT, LABEL, MASK, MAX, ROLE, codes, example, faults, pond

AROUND = Surroundings(
    code_kinds=("worker",),
    kinds=("inspection_round",),
    site_kinds=("construction", "park"),
    place_kinds=("pond",),
    rules=("fever_celsius",),
)
SURVEY: list[tuple[dict[str, Any], int, str, str]] = [
    ({"name": "Minutes"}, 3, "name", "bad_name"),
    ({"name": "media"}, 3, "name", "reserved_name"),
    ({"name": "rev"}, 3, "name", "reserved_name"),
    ({"name": "place_id"}, 3, "name", "duplicate_name"),
    ({"name": ""}, 3, "name", "missing"),
    ({"type": "integre"}, 3, "type", "unknown_type"),
    ({"type": "begin_repeat"}, 3, "type", "unknown_type"),
    ({"type": "integer seen"}, 3, "type", "unknown_type"),
    ({"type": "select_one nothing"}, 4, "type", "unknown_list"),
    ({"type": "select_one_from_file people.xml"}, 4, "type", "unknown_file"),
    ({"type": "select_one_from_file patrols.csv"}, 4, "type", "unknown_file"),
    ({"type": "select_one_from_file places.csv"}, 4, "name", "place_id"),
    ({"type": "select_one_from_file inspection_round.csv"}, 4, ROLE, "bad_role"),
    ({"type": "end_group"}, 4, "type", "no_group"),
    ({"type": "begin_group"}, 4, "type", "open_group"),
    ({LABEL: ""}, 3, LABEL, "missing"),
    ({LABEL: "时<b>长</b>"}, 3, LABEL, "markup"),
    ({LABEL: "共 ${minutes} 分钟"}, 3, LABEL, "label_reference"),
    ({LABEL: "时\n长"}, 3, LABEL, "control_character"),
    ({LABEL: "时\u202e长"}, 3, LABEL, "control_character"),
    ({LABEL: "长" * 201}, 3, LABEL, "too_long"),
    ({HINT: "<script>"}, 3, HINT, "markup"),
    ({"required": "maybe"}, 3, "required", "expression_syntax"),
    ({"required": "${look} = 'clear'"}, 3, "required", "forward_reference"),
    ({"relevant": "${minutes} > 1"}, 3, "relevant", "forward_reference"),
    ({"relevant": "${missing} = 1"}, 3, "relevant", "unknown_field"),
    ({"constraint": ". >= rule('nothing')"}, 3, "constraint", "unknown_rule"),
    ({"constraint": ". div 0 > 1"}, 3, "constraint", "division_by_zero"),
    ({"constraint": ". + 1"}, 3, "constraint", "type_mismatch"),
    ({"calculation": "1 + 1"}, 3, "calculation", "not_for_type"),
    ({"choice_filter": "kind = 'pond'"}, 3, "choice_filter", "not_for_type"),
    ({"parameters": "max-pixels=1600"}, 3, "parameters", "not_for_type"),
    ({MASK: "name"}, 3, MASK, "not_for_type"),
    ({DECIMALS: 2}, 3, DECIMALS, "not_for_type"),
    ({"bind::gongdi:keep": "si"}, 3, "bind::gongdi:keep", "bad_value"),
    ({"bind::gongdi:to": "2021-02-30"}, 3, "bind::gongdi:to", "bad_value"),
    ({ROLE: "boss"}, 3, ROLE, "bad_value"),
    ({ROLE: "worker"}, 3, ROLE, "bad_role"),
    ({ROLE: "amount"}, 7, ROLE, "duplicate_role"),
    ({"default": "soon"}, 3, "default", "bad_value"),
    ({"default": "dry"}, 4, "default", "unknown_choice"),
    ({MAX: 2001}, 5, MAX, "bad_value"),
    ({"bind::gongdi:pattern": "^[a-z]+$"}, 5, "bind::gongdi:pattern", "bad_value"),
    ({MASK: "phone"}, 5, MASK, "must_be_sealed"),
    ({"name": "phone"}, 5, "name", "must_be_sealed"),
    ({DECIMALS: "any"}, 7, DECIMALS, "bad_value"),
    ({DECIMALS: 10}, 7, DECIMALS, "bad_value"),
    ({MAX: 13}, 8, MAX, "bad_value"),
    ({"parameters": "quality=low"}, 8, "parameters", "bad_value"),
    ({"choice_filter": "name = 'x'"}, 2, "choice_filter", "bad_filter"),
    ({"choice_filter": "kind = 'lake'"}, 2, "choice_filter", "unknown_place_kind"),
    ({ROLE: ""}, 2, ROLE, "bad_role"),
]


@pytest.mark.parametrize(("cells", "row", "header", "code"), SURVEY, ids=lambda part: str(part)[:40])
def test_a_fault_of_the_survey_is_named_at_its_cell(
    cells: dict[str, Any], row: int, header: str, code: str
) -> None:
    assert ("survey", row, header, code) in codes(pond(**{f"survey_{row}": cells}), AROUND)


@pytest.mark.parametrize(
    ("where", "cells", "header", "code"),
    [
        ("choices_2", {"name": 1}, "name", "numeric_choice"),
        ("choices_2", {"name": True}, "name", "numeric_choice"),
        ("choices_2", {"name": "a b"}, "name", "bad_name"),
        ("choices_3", {"name": "clear"}, "name", "duplicate_choice"),
        ("choices_3", {"list_name": ""}, "list_name", "missing"),
        ("choices_3", {LABEL: ""}, LABEL, "missing"),
        ("settings_2", {"form_id": "worker"}, "form_id", "code_kind"),
        ("settings_2", {"form_id": "Pond-Round"}, "form_id", "bad_name"),
        ("settings_2", {"version": "2021.1"}, "version", "bad_value"),
        ("settings_2", {"version": ""}, "version", "missing"),
        ("settings_2", {"default_language": "English (en)"}, "default_language", "bad_value"),
        ("settings_2", {"namespaces": ""}, "namespaces", "bad_value"),
        ("settings_2", {"form_title": "长" * 41}, "form_title", "too_long"),
        ("settings_3", {"form_title": "另一张"}, None, "too_many_rows"),
        ("gongdi_2", {"from": "soon"}, "from", "bad_value"),
        ("gongdi_2", {"to": "2021-11-30"}, "to", "bad_value"),
        ("gongdi_2", {"mark": "X"}, "mark", "bad_value"),
        ("gongdi_2", {"source": ""}, "source", "missing"),
        ("gongdi_2", {"nature": "server"}, "nature", "bad_value"),
        ("gongdi_2", {"site_kinds": "castle"}, "site_kinds", "unknown_site_kind"),
        ("gongdi_2", {"writers": "inspector boss"}, "writers", "bad_value"),
        ("duties_2", {"code": "POND", "name": "池塘", "holds": "${minutes} > 'x'"}, "holds", "type_mismatch"),
        ("duties_2", {"code": "", "name": "池塘"}, "code", "missing"),
    ],
)
def test_a_fault_of_another_sheet_is_named_at_its_cell(
    where: str, cells: dict[str, Any], header: str | None, code: str
) -> None:
    sheet, _, row = where.rpartition("_")
    sheets = {**pond(), "duties": [{}]} if sheet == "duties" else pond()
    sheets[sheet] += [{}] * (int(row) - 1 - len(sheets[sheet]))
    sheets[sheet][int(row) - 2] = {**sheets[sheet][int(row) - 2], **cells}
    assert (sheet, int(row), header, code) in codes(sheets, AROUND)


def test_a_column_or_sheet_that_nobody_reads_is_refused() -> None:
    assert ("survey", 1, "appearance", "unknown_column") in codes(pond(survey_3={"appearance": "minimal"}))
    assert ("survey", 1, "label", "unknown_column") in codes(pond(survey_3={"label": "时长"}))
    assert ("entities", None, None, "unknown_sheet") in codes({**pond(), "entities": [{"list_name": "a"}]})


@pytest.mark.parametrize("sheet", ["survey", "settings", "gongdi"])
def test_a_sheet_that_every_form_has_may_not_lack(sheet: str) -> None:
    sheets = pond()
    del sheets[sheet]
    assert (sheet, None, None, "missing_sheet") in codes(sheets)


def test_too_many_choices_are_named_at_the_first_one_beyond() -> None:
    sheets = pond()
    sheets["choices"] = sheets["choices"][:3] + [
        {"list_name": "seen", "name": f"s{i}", LABEL: f"第 {i} 种"} for i in range(1, 302)
    ]
    assert codes(sheets) == {("choices", 305, "name", "too_many_choices")}


def test_a_hundred_and_one_fields_and_a_form_of_more_than_32_kib_are_refused() -> None:
    fields = [{"type": "text", "name": f"f{i}", LABEL: "项"} for i in range(101)]
    assert ("survey", 102, "name", "too_many_fields") in codes({**pond(), "survey": fields, "choices": []})
    fields = [{"type": "text", "name": f"f{i}", LABEL: "长" * 190} for i in range(60)]
    assert codes({**pond(), "survey": fields, "choices": []}) == {("survey", None, None, "form_too_large")}


def test_groups_do_not_stand_in_each_other() -> None:
    survey = [
        {"type": "begin_group", "name": "a", LABEL: "甲"},
        {"type": "begin group", "name": "b", LABEL: "乙"},
        {"type": "text", "name": "c", LABEL: "丙"},
        {"type": "end group"},
    ]
    assert ("survey", 3, "type", "nested_group") in codes({**pond(), "survey": survey, "choices": []})


def test_a_register_has_no_condition_over_several_fields() -> None:
    register = {"nature": "register"}
    assert ("survey", 5, "relevant", "register_condition") in codes(pond(gongdi_2=register))
    only_own = {"relevant": ""}
    assert codes(pond(gongdi_2=register, survey_5=only_own, survey_6=only_own)) == set()


def test_all_faults_come_together_in_the_order_of_the_sheets_and_at_most_fifty() -> None:
    bad = faults(
        pond(
            gongdi_2={"mark": "X"}, survey_8={LABEL: ""}, survey_3={"relevant": "1 ="}, choices_2={LABEL: ""}
        )
    )
    assert [(fault.sheet, fault.row) for fault in bad] == [
        ("survey", 3),
        ("survey", 8),
        ("choices", 2),
        ("gongdi", 2),
    ]
    many = [{"type": "text", "name": f"F{i}", LABEL: "项"} for i in range(80)]
    assert len(faults({**pond(), "survey": many, "choices": []})) == 50


def test_a_fault_reads_as_a_clerk_would_look_for_it() -> None:
    (fault,) = faults(pond(survey_5={"relevant": "${look} = ‘other’"}))
    assert str(fault).startswith("survey 第 5 行 I 列 (relevant): 有全角")
    assert fault.as_json() == {
        "sheet": "survey",
        "row": 5,
        "column": "I",
        "code": "expression_syntax",
        "message": fault.message,
    }


@pytest.mark.parametrize(
    "sheets", [None, [], 7, {"survey": 7}, {"survey": [7]}, {"survey": [{"type": []}]}, {}]
)
def test_what_is_no_set_of_tables_is_refused(sheets: Any) -> None:
    assert faults(sheets)


@pytest.mark.parametrize(("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA")])
def test_columns_are_named_as_spreadsheets_name_them(index: int, letters: str) -> None:
    assert column_letters(index) == letters


def test_the_examples_have_no_fault_where_their_kinds_are_known() -> None:
    assert codes(example("pond_round"), AROUND) == set()
