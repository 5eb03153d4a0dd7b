"""The kinds are those of the wire contract, name by name, and nothing is looser or tighter than its table."""

from __future__ import annotations

import pytest

from schemas.kinds import KINDS, validate_body

# The table "Kinds" of the contract, and the id of the place that 2026.2 added; `?` may be absent or null.
TABLE = {
    "worker": (
        "name certificate_type certificate_number company team trade role team_leader? phone? contract? entered_on"
        " exited_on? dormitory? canteen_staff?"
    ),
    "temperature_check": "worker celsius slot point mask_worn? method? note?",
    "disinfection_log": "place place_name? agent concentration_mg_l? amount_l? area_m2? operator note? place_id?",
    "gate_pass": "worker direction celsius? mask_worn? health_code? method note? refused_for?",
}
CHOICES = {
    (
        "worker",
        "certificate_type",
    ): "id_card hmt_residence foreign_permanent passport hk_macao_permit taiwan_permit",
    ("worker", "role"): "worker manager",
    ("worker", "contract"): "labour written_agreement",
    ("temperature_check", "slot"): "entry before_work after_work meal retest",
    ("temperature_check", "point"): "gate work_area dormitory canteen office",
    ("temperature_check", "method"): "forehead ear wrist camera",
    ("disinfection_log", "place"): "dormitory canteen toilet bathroom rest_room office gate isolation_room",
    ("disinfection_log", "agent"): "chlorine alcohol peroxide quaternary other",
    ("gate_pass", "direction"): "in out",
    ("gate_pass", "health_code"): "green yellow red none",
    ("gate_pass", "method"): "face card qr manual",
    ("gate_pass", "refused_for"): "fever code no_mask not_on_roster other",
}


@pytest.mark.parametrize("kind", TABLE)
def test_a_kind_has_the_fields_of_the_contract_in_its_order(kind: str) -> None:
    assert KINDS[kind].fields == tuple(name.strip("?") for name in TABLE[kind].split())


@pytest.mark.parametrize("kind", TABLE)
def test_what_is_marked_optional_may_be_absent_or_null_and_nothing_else_may(kind: str) -> None:
    for name in TABLE[kind].split():
        field = KINDS[kind].whole.fields[name.strip("?")]
        assert (field.required, field.allow_none) == (not name.endswith("?"), name.endswith("?")), name


@pytest.mark.parametrize(("kind", "field"), CHOICES)
def test_a_choice_has_the_words_of_the_contract_and_no_others(kind: str, field: str) -> None:
    words = CHOICES[kind, field].split()
    for word in words:
        assert f"/body/{field}" not in validate_body(kind, "add", {field: word})[2]
    for wrong in (words[0].upper(), words[0] + " ", "", words[0] + "\n", 0, True, [words[0]]):
        assert f"/body/{field}" in validate_body(kind, "add", {field: wrong})[2], wrong


def test_kinds_that_name_people_or_their_health_are_sealed() -> None:
    assert {name for name, kind in KINDS.items() if kind.sealed} == {
        "worker",
        "temperature_check",
        "gate_pass",
        "case",
        "inspection_round",
        "worker_merge",
    }


def test_who_somebody_is_stays_when_two_disagree_and_the_rest_follows_the_latest() -> None:
    rules = KINDS["worker"].merge_rules
    assert rules.keys() == set(KINDS["worker"].fields)
    kept = {name for name, rule in rules.items() if rule == "keep"}
    assert kept == {"name", "certificate_type", "certificate_number"}
