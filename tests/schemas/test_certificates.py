"""Certificate numbers and company codes, by their published rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.certificates import (
    CERTIFICATE_TYPES,
    PROBLEMS,
    birth_date,
    certificate_problem,
    company_problem,
    person_check_character,
)
from tests.schemas.strategies import certificates

GB_11643_EXAMPLE = "11010519491231002X"  # the standard's own example


@pytest.mark.parametrize(
    ("certificate_type", "number"),
    [
        ("id_card", GB_11643_EXAMPLE),
        ("id_card", "440524188001010014"),  # the standard's other example
        ("hmt_residence", "810000199408230021"),  # the specimen card of the public notice
        ("hmt_residence", "830000199201300022"),
        ("foreign_permanent", "AUS110080010101"),
        ("foreign_permanent", "911124198108030024"),
        ("passport", "E12345678"),
        ("hk_macao_permit", "H1234567800"),
        ("taiwan_permit", "12345678"),
    ],
)
def test_sound_numbers_pass(certificate_type: str, number: str) -> None:
    assert certificate_problem(certificate_type, number) is None


@pytest.mark.parametrize(
    ("certificate_type", "number", "problem"),
    [
        ("id_card", "110105491231002", "void_15_digit"),
        ("id_card", "110105194912310021", "check_character"),
        ("id_card", "110105194902300025", "birth_date"),
        ("id_card", "110105000012310025", "birth_date"),
        ("id_card", GB_11643_EXAMPLE.lower(), "id_card_form"),
        ("id_card", "１10105194912310021", "id_card_form"),
        ("id_card", "110105194912310020\n", "id_card_form"),
        ("id_card", "", "id_card_form"),
        ("hmt_residence", GB_11643_EXAMPLE, "hmt_residence_form"),
        ("hmt_residence", "810000199408230022", "check_character"),
        ("hmt_residence", "81000019940823002", "hmt_residence_form"),
        ("foreign_permanent", "aus110080010101", "foreign_permanent_form"),
        ("foreign_permanent", "811124198108030024", "foreign_permanent_form"),
        ("passport", "E123", "loose_form"),
        ("passport", "护照12345", "loose_form"),
        ("taiwan_permit", "1234 5678", "loose_form"),
    ],
)
def test_each_fault_has_its_own_name(certificate_type: str, number: str, problem: str) -> None:
    assert certificate_problem(certificate_type, number) == problem


@given(number=certificates("id_card"), at=st.integers(0, 16), other=st.sampled_from("0123456789"))
def test_one_mistyped_digit_is_always_noticed(number: str, at: int, other: str) -> None:
    mistyped = number[:at] + other + number[at + 1 :]
    assert certificate_problem("id_card", number) is None
    assert mistyped == number or certificate_problem("id_card", mistyped) is not None


@given(number=certificates("id_card"))
def test_the_last_character_is_the_only_one_that_fits(number: str) -> None:
    fitting = [last for last in "0123456789X" if certificate_problem("id_card", number[:17] + last) is None]
    assert fitting == [person_check_character(number[:17])]


@given(text=st.text(max_size=25), certificate_type=st.sampled_from(CERTIFICATE_TYPES))
def test_any_text_whatever_gets_an_answer_in_the_catalogue(text: str, certificate_type: str) -> None:
    for problem in (certificate_problem(certificate_type, text), company_problem(text)):
        assert problem is None or problem in PROBLEMS


def test_a_birth_date_is_read_from_the_numbers_that_have_one() -> None:
    assert str(birth_date("id_card", GB_11643_EXAMPLE)) == "1949-12-31"
    assert birth_date("passport", GB_11643_EXAMPLE) is None
    assert birth_date("id_card", "110105194902300025") is None


@pytest.mark.parametrize("code", ["91110000101623741K", "911101066976941872", "91110108551385082Q"])
def test_codes_of_real_companies_pass(code: str) -> None:
    assert company_problem(code) is None


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("91350211M0000XUF46", "company_check_character"),
        ("91110000101623741A", "company_check_character"),
        ("91110000101623741I", "company_form"),
        ("91110000101623741k", "company_form"),
        ("91110000101623741K\n", "company_form"),
        ("", "company_form"),
    ],
)
def test_what_is_no_company_code_is_named(code: str, problem: str) -> None:
    assert company_problem(code) == problem
