"""What comes of bodies: the examples of clerks' forms, and what each rule of a form refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.book import form_book
from schemas.forms.conditions import Context
from schemas.forms.kind import FormKind
from schemas.forms.validate import Verdict, validate_form_body
from tests.schemas.forms.cast import CLERKS, EXAMPLES, LABEL, compiled, form, pond
from tests.schemas.forms.made_forms import HASHES, UUID

ENTRIES = [
    pytest.param(name, entry, id=f"{name} {i}")
    for name in CLERKS
    for i, entry in enumerate(json.loads((EXAMPLES / f"{name}.entries.json").read_text("utf-8")))
]
ROUND = {"place_id": UUID, "minutes": 7, "look": "clear"}


def filled(value: Any) -> Any:
    """An example's body with real ids and hashes."""
    if isinstance(value, dict):
        return {name: filled(below) for name, below in value.items()}
    if isinstance(value, list):
        return [filled(below) for below in value]
    if isinstance(value, str) and value.startswith("$"):
        return UUID if value.startswith("$place:") else HASHES[int(value.removeprefix("$sha:")) - 1]
    return value


def judged(body: dict[str, Any], context: Context | None = None, **changes: Any) -> Verdict:
    """A body of 池塘巡查, whose tables may be changed."""
    return validate_form_body(FormKind(compiled(pond(**changes)).form), "add", body, context or Context())


@pytest.mark.parametrize(("name", "entry"), ENTRIES)
def test_an_entry_of_a_clerks_form_has_the_outcome_that_its_example_says(
    name: str, entry: dict[str, Any]
) -> None:
    body, book = filled(entry["body"]), form_book([form(name)])
    verdict = book.validate(name, "add", body, 1, Context(media=frozenset(HASHES)))
    assert verdict.code == entry.get("code")
    assert entry["outcome"] == ("applied" if verdict.code is None else "refused")
    assert "pointer" not in entry or entry["pointer"] in verdict.errors
    assert verdict.clean is None or verdict.clean == body


def test_a_hidden_field_must_be_absent_and_null_is_absent() -> None:
    assert judged({**ROUND, "why": "其他"}).errors.keys() == {"/body/why"}
    assert judged({**ROUND, "why": None}).clean == ROUND


def test_a_field_that_is_shown_and_required_must_be_there() -> None:
    assert judged({**ROUND, "look": "other"}).errors == {"/body/why": ["缺少这一项, 请填写。"]}


def test_what_is_hidden_counts_as_unanswered_further_down() -> None:
    further = {"type": "text", "name": "more", LABEL: "再说明", "relevant": "${why} != ''"}
    body = {**ROUND, "why": "x", "more": "y"}
    assert judged(body, survey_9=further).errors.keys() == {"/body/why", "/body/more"}


def test_the_group_of_a_field_hides_it() -> None:
    group = {"type": "begin_group", "name": "g", LABEL: "组", "relevant": "${look} = 'other'"}
    rows = {
        "survey_9": group,
        "survey_10": {"type": "text", "name": "more", LABEL: "说明", "required": "yes"},
    }
    rows["survey_11"] = {"type": "end_group"}
    assert judged(ROUND, **rows).clean == ROUND
    assert judged({**ROUND, "more": "y"}, **rows).errors.keys() == {"/body/more"}
    assert judged({**ROUND, "look": "other", "why": "z"}, **rows).errors.keys() == {"/body/more"}


def test_a_constraint_that_names_an_unanswered_field_is_false() -> None:
    constraint = {"constraint": ". >= ${minutes}"}
    without = {"type": "integer", "name": "times", LABEL: "次数"}
    body = {**ROUND, "times": 3}
    assert judged(body, survey_9={**without, "constraint": "${depth_m} <= ."}).errors.keys() == {
        "/body/times"
    }
    assert (
        judged(body, survey_9={**without, "constraint": "${depth_m} = '' or ${depth_m} <= ."}).clean == body
    )
    assert judged(body, survey_9={**without, **constraint}).errors.keys() == {"/body/times"}


def test_a_constraint_with_todays_date_never_refuses_but_raises_a_doubt() -> None:
    day = {"type": "date", "name": "day", LABEL: "日期", "constraint": ". <= today()"}
    late = judged({**ROUND, "day": "2021-12-02"}, Context(today="2021-12-01"), survey_9=day)
    assert (late.code, late.doubts) == (None, ("day",))
    assert judged({**ROUND, "day": "2021-12-01"}, Context(today="2021-12-01"), survey_9=day).doubts == ()


def test_a_doubt_also_comes_through_a_calculation() -> None:
    rows: dict[str, Any] = {
        "survey_9": {"type": "date", "name": "day", LABEL: "日期"},
        "survey_10": {"type": "calculate", "name": "age", "calculation": "days-between(${day}, today())"},
        "survey_11": {"type": "text", "name": "more", LABEL: "说明", "constraint": "${age} >= 0"},
    }
    body = {**ROUND, "day": "2021-12-02", "more": "x"}
    assert judged(body, Context(today="2021-12-01"), **rows).doubts == ("more",)


def test_a_photo_is_promised_by_its_entry_and_is_in_one_field_only() -> None:
    second = {"type": "file", "name": "paper", LABEL: "文件"}
    body = {**ROUND, "photo": [HASHES[0]]}
    assert judged(body, Context(media=frozenset())).errors.keys() == {"/body/photo"}
    assert judged(body, Context(media=frozenset(HASHES))).clean == body
    twice = {**body, "paper": [HASHES[0]]}
    assert judged(twice, survey_9=second).errors.keys() == {"/body/paper"}


def test_the_number_in_force_decides_and_not_one_in_the_form() -> None:
    row = {"constraint": ". <= rule('pond_depth_max')", "constraint_message::中文 (zh)": "太深。"}
    body = {**ROUND, "depth_m": 3}
    for limit, errors in ((5, {}), (2, {"/body/depth_m": ["太深。"]})):
        assert judged(body, Context(rule={"pond_depth_max": limit}.get), survey_7=row).errors == errors


@pytest.mark.parametrize("act", ["edit", "ADD", ""])
def test_a_fact_is_not_edited(act: str) -> None:
    assert validate_form_body(FormKind(form("pond_round")), act, ROUND).code == "bad_act"


def test_an_edit_of_a_register_brings_a_few_fields_each_of_which_must_be_right() -> None:
    plain = {"relevant": ""}
    sheets = pond(
        gongdi_2={"nature": "register"}, survey_5=plain, survey_6=plain, survey_3={"constraint": ". != 13"}
    )
    kind = FormKind(compiled(sheets).form)
    assert validate_form_body(kind, "edit", {"minutes": 8}).clean == {"minutes": 8}
    assert validate_form_body(kind, "edit", {"depth_m": None}).clean == {"depth_m": None}
    assert validate_form_body(kind, "edit", {"minutes": 13}).errors.keys() == {"/body/minutes"}
    assert validate_form_body(kind, "edit", {}).code == "body_invalid"
    assert kind.merge_rules["minutes"] == "latest"


def test_a_void_has_no_body_and_a_body_is_an_object() -> None:
    kind = FormKind(form("pond_round"))
    assert validate_form_body(kind, "void", None).clean == {}
    assert validate_form_body(kind, "void", ROUND).code == "body_invalid"
    assert validate_form_body(kind, "add", [ROUND]).errors.keys() == {"/body"}


def test_a_name_of_the_servers_own_is_refused_as_such() -> None:
    assert judged({**ROUND, "rev": 7}).code == "server_owned"
