"""Which trips touch which listed area, and what is asked of whoever comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.actions.reference.load_reference import SEED_DATA
from server.rules.calendar import add_days
from server.rules.travel import Trip, areas_of, measure, relation

RULES = json.loads((SEED_DATA / "return_rules.json").read_text("utf-8"))["rows"]


def row(code: str, begins: str, ends: str | None = None, **more: Any) -> dict[str, Any]:
    named = {"code": code, "name": code, "level": "medium", "source": "国务院客户端"}
    return {**named, "from": begins, "to": ends, **more}


def hits(listed: list[dict[str, Any]], area: str, arrived: str, left: str) -> list[str]:
    return [one.code for one in areas_of(listed, lambda _: 14).hits(Trip(area, arrived, left))]


LISTED = [row("410702001", "2021-12-16", "2021-12-30")]


@pytest.mark.parametrize(
    ("area", "arrived", "left", "is_hit"),
    [
        ("410702001", "2021-12-20", "2021-12-21", True),
        ("410702", "2021-12-20", "2021-12-21", True),  # the county is all that was said
        ("4107", "2021-12-20", "2021-12-21", True),
        ("410702002", "2021-12-20", "2021-12-21", False),  # another township
        ("410711001", "2021-12-20", "2021-12-21", False),
        ("410702001", "2021-11-20", "2021-12-02", True),  # 14 days before it was listed
        ("410702001", "2021-11-20", "2021-12-01", False),
        ("410702001", "2021-12-30", "2022-01-03", True),  # the day on which it left the list
        ("410702001", "2021-12-31", "2022-01-03", False),
    ],
)
def test_a_trip_hits_by_the_beginning_of_a_code_and_by_the_days(
    area: str, arrived: str, left: str, is_hit: bool
) -> None:
    assert hits(LISTED, area, arrived, left) == (["410702001"] if is_hit else [])


def test_a_list_that_says_since_when_counts_from_then() -> None:
    listed = [row("4201", "2021-12-16", since="2021-11-17")]
    assert hits(listed, "420106", "2021-11-10", "2021-11-17") == ["4201"]
    assert hits(listed, "420106", "2021-11-10", "2021-11-16") == []
    assert hits([row("4201", "2021-12-16", since="2021-12-16")], "420106", "2021-12-02", "2021-12-02") == [
        "4201"
    ]


def test_an_area_that_was_listed_twice_is_hit_for_each_time() -> None:
    listed = [row("410702", "2021-12-01", "2021-12-10"), row("410702", "2021-12-20", "2021-12-28")]
    assert hits(listed, "410702", "2021-12-05", "2021-12-25") == ["410702", "410702"]
    assert hits(listed, "410702", "2021-12-26", "2021-12-27") == ["410702"]


codes = st.sampled_from(["4107", "410702", "410703", "410702001", "410702002", "4201", "420106", "420106001"])
days = st.integers(0, 90).map(lambda n: add_days("2021-11-01", n))


@given(
    st.lists(st.tuples(codes, days, st.none() | st.integers(0, 30)), max_size=12),
    codes,
    days,
    st.integers(0, 20),
)
def test_looking_up_finds_what_comparing_with_each_would(
    listed: list[tuple[str, str, int | None]], area: str, arrived: str, length: int
) -> None:
    rows = [row(code, day, None if n is None else add_days(day, n)) for code, day, n in listed]
    left = add_days(arrived, length)
    expected = sorted(
        one["code"]
        for one in rows
        if relation(area, one["code"]) == "area"
        and left >= add_days(one["from"], -14)
        and (one["to"] is None or arrived <= one["to"])
    )
    assert sorted(hits(rows, area, arrived, left)) == expected


@pytest.mark.parametrize(
    ("level", "near", "day", "words"),
    [
        ("high", "area", "2021-12-20", "集中隔离 14 天, 再居家监测 7 天"),
        ("medium", "county", "2021-12-20", "居家隔离 14 天"),
        ("medium", "prefecture", "2022-01-20", "健康监测 7 天, 第 2、7 天核酸检测"),
        ("high", "area", "2022-07-01", "集中隔离 7 天, 第 1、2、3、5、7 天核酸检测"),
        ("medium", "county", "2022-07-01", None),
        ("high", "area", "2021-12-01", None),
    ],
)
def test_what_is_asked_follows_from_the_rule_of_the_day(
    level: str, near: str, day: str, words: str | None
) -> None:
    found = measure(RULES, level, near, day)
    assert (found["name"] if found is not None else None) == words
