"""Who is asked for a test is decided by one rule in two languages: the cases that judge the app's judge the server's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from server.base.clock import from_iso
from server.field_app import HOME
from server.rules.calendar import HOUR_MS, local_date_of
from server.rules.newcomers import Entry, Newcomer, Sample, Stay, came_new, has_test, new_since

WRITTEN: dict[str, Any] = json.loads((HOME / "src" / "domain" / "newcomers_cases.json").read_text("utf-8"))


@pytest.mark.parametrize("case", WRITTEN["cases"], ids=[case["name"] for case in WRITTEN["cases"]])
def test_a_test_is_asked_of_the_same_people(case: dict[str, Any]) -> None:
    now_ms = from_iso(case["now"])
    today = local_date_of(now_ms)
    since = new_since([Stay(*stay) for stay in case["stays"]], today)
    known = [ms for ms in map(from_iso, case["entries"]) if since and local_date_of(ms) >= since]
    first = [Entry(ms, ms, ms) for ms in known or [now_ms]]
    samples = [Sample(from_iso(text), is_negative) for text, is_negative in case["samples"]]
    newcomer = Newcomer(since or "", first, samples)
    is_asked = since is not None and came_new(newcomer, today, WRITTEN["new_d"])
    assert (is_asked and not has_test(newcomer, WRITTEN["within_h"] * HOUR_MS)) is case["lacks"]
