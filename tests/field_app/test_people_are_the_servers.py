"""Who is one person is decided by one rule in two languages: the cases that judge the app's judge the server's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.field_app import HOME
from server.rules.people import person_keys

CASES: list[dict[str, Any]] = json.loads((HOME / "src" / "domain" / "people_cases.json").read_text("utf-8"))[
    "cases"
]
_ids = st.sampled_from("abcdef")


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_person_is_counted_by_one_record(case: dict[str, Any]) -> None:
    assert person_keys(map(tuple, case["records"]), map(tuple, case["merges"])) == case["keys"]


@given(st.dictionaries(_ids, st.sampled_from("123")), st.lists(st.tuples(_ids, _ids), max_size=6))
def test_people_are_what_digests_and_merges_join_and_nothing_else(
    records: dict[str, str], merges: list[tuple[str, str]]
) -> None:
    found = person_keys(records.items(), merges)
    joined = {key: {key} for key in records}
    pairs = [(a, b) for a in records for b in records if records[a] == records[b]]
    for a, b in [*pairs, *((a, b) for a, b in merges if a in records and b in records)] * len(records):
        joined[a] |= joined[b]
        joined[b] |= joined[a]
    order = list(records)
    for key, group in joined.items():
        assert {other for other in found if found[other] == found[key]} == group
        assert found[key] == min(group, key=order.index)
