"""The app says on the spot what the server will say later: both weigh the same cases the same way. The app's half
is coverage.test.ts, which reads the same file."""

from __future__ import annotations

import json
from typing import Any

import pytest

from server.field_app import HOME
from server.rules.duties.coverage import Pass, Reading, Span, Whom, present, weigh

CASES: dict[str, Any] = json.loads((HOME / "src" / "domain" / "coverage_cases.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["name"])
def test_the_servers_rule_gives_what_the_app_shows(case: dict[str, Any]) -> None:
    window = CASES["windows"][case["window"]]
    times = (window[name] for name in ("opens", "due", "deadline", "closes"))
    span = Span(0, *times, tuple(window["admits"]))
    passes = [Pass(*certain(row)) for row in case["passes"]]
    readings = [Reading(*certain(row)) for row in case["readings"]]
    only, without = case.get("only"), case.get("without", ())
    evidence = weigh(passes, readings, span, case["share"], Whom(only, without))
    surely, maybe = (
        people - set(without) if only is None else people & set(only)
        for people in present(passes, readings, span)
    )
    assert (set(surely), set(maybe)) == (set(case["surely"]), set(case.get("maybe", case["surely"])))
    assert evidence.fulfilled == case["fulfilled"]
    assert evidence.need == len(surely if evidence.fulfilled == "none" else maybe)
    assert evidence.have == len(case["measured"])


def certain(row: list[Any]) -> list[Any]:
    """A row whose time is certain has its moment twice."""
    return [*row, row[2]] if len(row) == 3 else row
