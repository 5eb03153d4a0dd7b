"""Seeds: some, and all that ever failed; and what the oracle is worth."""

from __future__ import annotations

import ast
import io
import os
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

from tests.simulation import planted
from tests.simulation.runs import in_words, read_steps, run
from tests.simulation.simulator import Simulator

COUNT, TOGETHER = 40, 10
SEEDS = range(
    30016, 30016 + COUNT
)  # fixed, until thousands of fresh ones are clean: `./run simulate` has those
FAILED = [
    line.partition("#")[0].split()
    for line in (Path(__file__).parent / "failed_seeds.txt").read_text("utf-8").splitlines()
    if line.partition("#")[0].strip()
]
SAMPLE = ("a digest is not updated", "a record is lost")


@pytest.mark.parametrize("first", range(0, COUNT, TOGETHER))
def test_nothing_goes_wrong_whatever_fails_or_lies(city: Simulator, first: int) -> None:
    for seed in SEEDS[first : first + TOGETHER]:
        ended = run(city, seed)
        assert not ended.problems, in_words(ended)


@pytest.mark.parametrize(("seed", "steps"), [(int(row[0]), row[1:]) for row in FAILED])
def test_a_seed_that_failed_once_does_not_again(city: Simulator, seed: int, steps: list[str]) -> None:
    ended = run(city, seed, read_steps(steps[0]) if steps else None)
    assert not ended.problems, in_words(ended)


@pytest.mark.parametrize("name", SAMPLE)
def test_a_planted_fault_is_found(city: Simulator, name: str) -> None:
    (fault,) = (fault for fault in planted.FAULTS if fault.name == name)
    count, _ = planted.find(city, fault, 40)
    assert count


def test_the_oracle_is_short_and_shares_no_code_with_the_product() -> None:
    code = set[tuple[str, int]]()
    for name in ("oracle", "evidence", "truth"):
        text = (Path(__file__).parent / f"{name}.py").read_text("utf-8")
        assert not re.findall(r"^(?:from|import) (?:server|sync_protocol|schemas)\b", text, re.MULTILINE)
        prose = {line for node in ast.walk(ast.parse(text)) for line in _words_of(node)}
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type not in _NO_CODE:
                code |= {(name, n) for n in range(token.start[0], token.end[0] + 1) if n not in prose}
    assert len(code) <= 500


_NO_CODE = (
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE),
    *(tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER),
)


def _words_of(node: ast.AST) -> range:
    """The lines of a docstring."""
    if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
        return range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
    return range(0)


def test_the_same_seed_gives_the_same_run_in_every_process(city: Simulator) -> None:
    """Whatever ran before it, and however the process orders its sets."""
    root = Path(__file__).parents[2]
    printed = [
        subprocess.run(
            [sys.executable, "-c", _REPLAY],
            env={**os.environ, "PYTHONHASHSEED": chance},
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for chance in ("0", "7")
    ]
    run(city, 3)
    assert {*printed} == {run(city, 5).fingerprint + "\n"}


_REPLAY = """
from tests.simulation.runs import run
from tests.simulation.simulator import simulator
with simulator() as city:
    print(run(city, 5).fingerprint)
"""
