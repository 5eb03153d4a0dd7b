"""Every refusal has one number for good, a place, and words for people."""

from __future__ import annotations

import re

import pytest

from sync_protocol.outcomes import (
    CATALOGUE,
    EFFECTIVE,
    FINAL,
    OUTCOMES,
    RETIRED,
    RETRY,
    Code,
    entry_code,
    problem_code,
    problem_title,
)


def test_no_number_and_no_code_is_used_twice() -> None:
    numbers = [code.number for code in CATALOGUE] + list(RETIRED)
    assert len(set(numbers)) == len(numbers)
    assert len({(code.where, code.code) for code in CATALOGUE}) == len(CATALOGUE)


@pytest.mark.parametrize("code", CATALOGUE, ids=lambda code: f"{code.number} {code.code}")
def test_each_refusal_can_be_shown_to_a_person(code: Code) -> None:
    assert re.fullmatch(r"[a-z_]{1,40}", code.code)
    assert re.search("[一-鿿]", code.title)
    assert re.search("[一-鿿]", code.remedy)
    assert code.where == "entry" if code.number < 200 else code.where == "envelope"
    assert (code.status is None) == (code.where == "entry")
    assert (entry_code if code.where == "entry" else problem_code)(code.code) is code


def test_a_code_that_is_both_is_found_by_its_place() -> None:
    assert entry_code("device_revoked").number != problem_code("device_revoked").number
    assert problem_title("device_revoked") == problem_code("device_revoked").title


def test_only_retry_is_kept_by_the_device() -> None:
    assert set(OUTCOMES) - set(FINAL) == {RETRY}
    assert set(EFFECTIVE) < set(FINAL)
