"""What a tablet sends to enrol is validated before anything is looked up."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.enrolment import EnrolmentSchema

ASKED = {"code": "ABCD-EFGHJ-KLMNP", "public_key": "A" * 43, "name": "一号平板", "platform": "Android 13"}


@given(key=st.binary(min_size=32, max_size=32))
def test_every_key_has_one_spelling_that_is_taken(key: bytes) -> None:
    spelled = base64.urlsafe_b64encode(key).decode().rstrip("=")
    assert EnrolmentSchema().validate({**ASKED, "public_key": spelled}) == {}


@pytest.mark.parametrize(
    "key", ["", "A" * 42, "A" * 44, "A" * 42 + "B", "A" * 43 + "=", "+" * 43, "A" * 43 + "\n", None]
)
def test_another_spelling_is_refused(key: object) -> None:
    assert set(EnrolmentSchema().validate({**ASKED, "public_key": key})) == {"public_key"}


@pytest.mark.parametrize("field", ASKED)
def test_all_four_are_needed(field: str) -> None:
    assert set(
        EnrolmentSchema().validate({name: value for name, value in ASKED.items() if name != field})
    ) == {field}


def test_nothing_else_is_taken() -> None:
    assert set(EnrolmentSchema().validate({**ASKED, "role": "admin"})) == {"role"}
