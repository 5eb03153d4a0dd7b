"""Every problem that the server can answer is in the catalogue once, with a number of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from server.base.catalogue import _ENTRIES, CATALOGUE, RETIRED
from server.base.problems import Problem, protocol_problem
from sync_protocol.outcomes import CATALOGUE as PROTOCOL

SERVER = Path(__file__).parents[2] / "server"
SOURCE = "\n".join(path.read_text("utf-8") for path in SERVER.rglob("*.py") if path.name != "catalogue.py")


def test_a_code_and_a_number_are_given_once() -> None:
    numbers = [entry.number for entry in _ENTRIES]
    assert len(set(numbers)) == len(numbers) == len(CATALOGUE)
    assert not set(numbers) & (RETIRED.keys() | {code.number for code in PROTOCOL})


@pytest.mark.parametrize("code", sorted(set(re.findall(r'\bProblem\(\s*"(\w+)"', SOURCE))))
def test_what_the_code_raises_is_in_the_catalogue(code: str) -> None:
    assert Problem(code).title


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_what_the_catalogue_has_is_raised_somewhere(code: str) -> None:
    assert re.search(rf'"{code.removeprefix("sheet_is_")}"', SOURCE)


@pytest.mark.parametrize("code", [one.code for one in PROTOCOL if one.where == "envelope"])
def test_a_problem_of_the_protocol_says_what_its_catalogue_says(code: str) -> None:
    problem = protocol_problem(code)
    assert (problem.code, bool(problem.title)) == (code, True)
    assert 400 <= problem.status < 600
