"""Which trips touch which listed area, and what is asked of whoever comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.actions.reference.load_reference import SEED_DATA
from server.rules.calendar import add_days
from server.rules.travel import Trip, areas_of, contact_measure, measure, relation
from tests.sync_protocol.cases import vectors

RULES = json.loads((SEED_DATA / "return_rules.json").read_text("utf-8"))["rows"]


def row(code: str, begins: str, ends: str | None = None, **more: Any) -> dict[str, Any]:
    named = {"code": code, "name": code, "level": "medium", "source": "国务院客户端"}
    return {**named, "from": begins, "to": ends, **more}


def hits(listed: list[dict[str, Any]], area: str, arrived: str, left: str) -> list[str]:
    return [one.code for one in areas_of(listed, lambda _: 14).hits(Trip(area, arrived, left))]


@pytest.mark.parametrize("case", vectors("travel.json")["cases"], ids=lambda case: case["name"])
def test_a_trip_hits_what_the_vectors_say(case: dict[str, Any]) -> None:
    rows = [
        {**area, "from": area["valid_from"], "to": area.get("valid_to"), "source": ""}
        for area in case["areas"]
    ]
    found = areas_of(rows, lambda _: case["look_back_d"]).hits(Trip(**case["trip"]))
    assert sorted(area.code for area in found) == case["hits"]


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


@pytest.mark.parametrize(
    "day,isolated,watched", [("2021-12-20", 14, 7), ("2022-06-27", 14, 7), ("2022-06-28", 7, 3)]
)
def test_a_contact_is_isolated_and_watched_as_the_rule_of_the_day_says(
    day: str, isolated: int, watched: int
) -> None:
    rule = contact_measure(RULES, day)
    assert rule is not None and (rule["days"], rule["watch_days"]) == (isolated, watched)
    assert rule["source"] and rule["mark"] == "F"


def test_a_rule_for_contacts_is_for_no_area() -> None:
    for near in ("area", "county", "prefecture"):
        for level in ("high", "medium", "named"):
            rule = measure(RULES, level, near, "2022-07-01")
            assert rule is None or not rule["code"].startswith("CONTACT")
