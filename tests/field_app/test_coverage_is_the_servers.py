"""The app says on the spot what the server will say later: both weigh the same cases the same way. The app's half
is coverage.test.ts, which reads the same file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from server.field_app import HOME
from server.rules.coverage import Pass, Reading, Span, present, weigh

CASES: dict[str, Any] = json.loads((HOME / "src" / "domain" / "coverage_cases.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["name"])
def test_the_servers_rule_gives_what_the_app_shows(case: dict[str, Any]) -> None:
    window = CASES["windows"][case["window"]]
    span = Span(0, window["opens"], window["deadline"], window["closes"], tuple(window["admits"]))
    passes, readings = [Pass(*row) for row in case["passes"]], [Reading(*row) for row in case["readings"]]
    only, without = case.get("only"), case.get("without", ())
    evidence = weigh(passes, readings, span, case["share"], only, without)
    needed = present(passes, readings, span) - set(without)
    assert (evidence.fulfilled, evidence.need, evidence.have) == (
        case["fulfilled"],
        len(case["needed"]),
        len(case["measured"]),
    )
    assert (needed if only is None else needed & set(only)) == set(case["needed"])
