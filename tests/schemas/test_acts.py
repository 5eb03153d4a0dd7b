"""Which acts which kind knows, what each needs, and who may write what."""

from __future__ import annotations

import pytest

from schemas.kinds import KINDS, validate_body
from tests.schemas.test_strictness import CHECK, LOG, WORKER


@pytest.mark.parametrize(
    ("kind", "act"),
    [
        ("worker", "amend"),
        ("temperature_check", "edit"),
        ("gate_pass", "edit"),
        ("disinfection_log", "edit"),
        ("worker", "x"),
    ],
)
def test_facts_are_not_edited_and_registers_not_amended(kind: str, act: str) -> None:
    clean, code, errors = validate_body(kind, act, {})
    assert (clean, code, list(errors)) == (None, "bad_act", ["/act"])


@pytest.mark.parametrize("act", ["add", "amend"])
def test_an_addition_and_a_correction_need_the_whole_body(act: str) -> None:
    assert validate_body("temperature_check", act, CHECK) == (CHECK, None, {})
    _, code, errors = validate_body("temperature_check", act, {"celsius": 36.5})
    assert code == "body_invalid"
    assert set(errors) == {"/body/worker", "/body/slot", "/body/point"}


def test_null_says_the_same_as_absence_in_an_addition() -> None:
    assert validate_body("temperature_check", "add", {**CHECK, "note": None, "method": None}) == (
        CHECK,
        None,
        {},
    )


def test_null_empties_an_optional_field_in_an_edit() -> None:
    assert validate_body("worker", "edit", {"phone": None}) == ({"phone": None}, None, {})


def test_null_does_not_empty_a_required_field() -> None:
    _, code, errors = validate_body("worker", "edit", {"team": None})
    assert (code, set(errors)) == ("body_invalid", {"/body/team"})


def test_an_edit_of_nothing_is_refused() -> None:
    assert validate_body("worker", "edit", {})[1] == "body_invalid"


def test_an_edit_is_judged_field_by_field() -> None:
    assert validate_body("worker", "edit", {"trade": "030"}) == ({"trade": "030"}, None, {})
    assert set(validate_body("worker", "edit", {"trade": "30", "team": "x"})[2]) == {"/body/trade"}


@pytest.mark.parametrize("body", [None, {}])
def test_a_voiding_needs_no_body(body: object) -> None:
    assert validate_body("worker", "void", body) == ({}, None, {})


@pytest.mark.parametrize("body", [{"note": "x"}, [], "", 0])
def test_a_voiding_with_a_body_is_refused(body: object) -> None:
    assert validate_body("gate_pass", "void", body)[1] == "body_invalid"


def test_a_kind_that_nobody_knows_is_refused() -> None:
    assert validate_body("nothing", "add", {})[1] == "unknown_kind"


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.nature == "server"])
def test_what_the_server_owns_is_not_pushed(kind: str) -> None:
    for act in ("add", "edit", "amend", "void"):
        assert validate_body(kind, act, {})[1] == "kind_not_allowed"


@pytest.mark.parametrize("field", ["certificate_masked", "certificate_digest", "rev", "state", "seq", "id"])
@pytest.mark.parametrize("act", ["add", "edit"])
def test_a_field_that_only_the_server_writes_is_refused_as_such(field: str, act: str) -> None:
    _, code, errors = validate_body("worker", act, {**WORKER, field: "x", "wrong": 1})
    assert code == "server_owned"
    assert set(errors) == {f"/body/{field}", "/body/wrong"}


def test_a_field_that_nobody_knows_is_refused_alongside_what_else_is_wrong() -> None:
    _, code, errors = validate_body("disinfection_log", "add", {**LOG, "wrong": 1, "agent": 2})
    assert (code, set(errors)) == ("body_invalid", {"/body/wrong", "/body/agent"})


def test_pointers_to_strange_names_are_escaped_shortened_and_few() -> None:
    strange = {"a/b~c": 1, "长" * 1000: 1, "\ud800": 1, **{f"x{i}": 1 for i in range(1000)}}
    _, code, errors = validate_body("disinfection_log", "add", {**LOG, **strange})
    assert code == "body_invalid"
    assert "/body/a~1b~0c" in errors
    assert len(errors) <= 60
    assert max(map(len, errors)) < 60
    "".join(errors).encode()


def test_leaving_before_arriving_is_refused_at_the_exit() -> None:
    _, _, errors = validate_body("worker", "add", {**WORKER, "exited_on": "2021-10-31"})
    assert set(errors) == {"/body/exited_on"}
    assert validate_body("worker", "add", {**WORKER, "exited_on": WORKER["entered_on"]})[1] is None
    assert validate_body("worker", "edit", {"exited_on": "1999-01-01"})[1] is None


def test_an_edit_with_type_and_number_judges_them_together() -> None:
    wrong = {"certificate_type": "hmt_residence", "certificate_number": "11010519491231002X"}
    assert set(validate_body("worker", "edit", wrong)[2]) == {"/body/certificate_number"}
    assert validate_body("worker", "edit", {"certificate_number": "11010519491231002X"})[1] is None
