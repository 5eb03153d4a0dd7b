"""Which telephone line is the closest is decided by one rule in two languages: the cases that judge the app's judge the
server's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.reference import REPORTED_TO
from server.field_app import HOME
from server.rules.report_lines import closest_lines

WRITTEN: dict[str, Any] = json.loads((HOME / "src" / "domain" / "report_lines_cases.json").read_text("utf-8"))


@pytest.mark.parametrize("case", WRITTEN["cases"], ids=[case["name"] for case in WRITTEN["cases"]])
def test_the_closest_line_of_each_part_holds(case: dict[str, Any]) -> None:
    today = case.get("today", "2026-11-24")
    lines = closest_lines(WRITTEN["rows"], tuple(REPORTED_TO), case["district"], case["site"], today)
    assert [line["name"] for line in lines] == case["names"]
