"""The files of seed_data/: every row says where it comes from and when it holds, and what it names is
there."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import limits
from schemas.book import SHIPPED
from schemas.temperature_check import TemperatureCheckBody
from server.rules import from_rows
from server.rules.duties.coverage import MEASURED_BY
from server.rules.reference_faults import reference_faults
from tests.server.rules.cast import DUTIES, HOLIDAYS, LOADED, SEED_DATA, rows

NOUNS = [*sorted(path.stem for path in SEED_DATA.glob("*.json")), "holidays"]
CODES = {noun: {row["code"] for row in rows(noun)} for noun in NOUNS}


@pytest.mark.parametrize("noun", NOUNS)
def test_every_row_has_a_source_a_mark_and_dates(noun: str) -> None:
    for row in rows(noun):
        assert 0 < len(row["source"]) <= limits.SOURCE_MAX
        assert row["mark"] in ("F", "M", "P"), row
        date.fromisoformat(row["from"])
        assert row["to"] is None or row["from"] < row["to"]
        assert 0 < len(row["code"]) <= 64


@pytest.mark.parametrize("noun", NOUNS)
def test_codes_are_unique_and_versions_do_not_overlap(noun: str) -> None:
    assert max(Counter((row["code"], row["from"]) for row in rows(noun)).values(), default=1) == 1
    by_code: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(rows(noun), key=lambda row: row["from"]):
        for older in by_code.setdefault(row["code"], []):
            assert older["to"] is not None and older["to"] <= row["from"]
        by_code[row["code"]].append(row)


def test_every_file_is_described() -> None:
    readme = (SEED_DATA / "README.md").read_text(encoding="utf-8")
    for path in SEED_DATA.iterdir():
        if path.suffix in (".json", ".csv"):
            assert f"`{path.name}`" in readme


def test_nothing_is_wrong_with_the_files() -> None:
    assert reference_faults({noun: rows(noun) for noun in NOUNS}, {}, SHIPPED.kinds) == []


def test_escalation_names_every_severity() -> None:
    for policy in rows("escalation"):
        for step in policy["steps"]:
            assert "*" in step["delays"]
            assert len(step["code"]) <= 24


def test_all_duties_of_the_domain_are_listed() -> None:
    listed = "REG EXIT GATE TEMP TEMP-CANTEEN RETEST DISINFECT VENTILATE DORM TRAVEL SUPPLY ISOLATE PLAN"
    listed += " DRILL PATROL CAMERA CAMERA-CHECK PLATFORM ROSTER CLEAN ONE-GATE GUARD TRAINING MASK"
    listed += " ENTRY-TEST RESPONSIBLE-SITE LIAISON SPECIALIST FUNDS"
    assert set(listed.split()) | {"SILENT"} == CODES["duties"]


def test_slots_are_ones_that_tablets_write() -> None:
    slot_field = TemperatureCheckBody().fields["slot"]
    written = {choice for check in slot_field.validators for choice in getattr(check, "choices", ())}
    for rule in DUTIES:
        if rule.judging == "coverage" and rule.evidence == MEASURED_BY:
            assert all(slot.admits and set(slot.admits) <= written for slot in rule.slots)
        assert all(len(slot.code) <= limits.SLOT_MAX for slot in rule.slots)


def test_a_company_that_operates_sites_reviews_nothing() -> None:
    assert from_rows.reviewing(rows("units"))["shizheng"] is False


def test_an_alias_names_one_trade() -> None:
    words = [word for row in rows("trades") for word in (row["name"], *row["aliases"])]
    assert len(words) == len(set(words))
    assert all(re.fullmatch("[0-9]{3}", code) for code in CODES["trades"])


def test_the_official_calendar_is_whole_from_2021_to_2026() -> None:
    assert HOLIDAYS.years == frozenset(range(2021, 2027))
    for year in sorted(HOLIDAYS.years):
        off = [day for day in HOLIDAYS.days_off if day.startswith(str(year))]
        assert len(off) >= 27
    weekend = [date.fromisoformat(day).weekday() >= 5 for day in HOLIDAYS.make_up]
    assert all(weekend)


def test_numbers_hold_as_of_the_day_of_the_event() -> None:
    old = {"code": "fever_celsius", "value": 37.3, "from": "2021-12-01", "to": "2022-06-01"}
    new = {"code": "fever_celsius", "value": 37.5, "from": "2022-06-01", "to": None}
    assert from_rows.number([old, new], "fever_celsius", "2022-05-31") == 37.3
    assert from_rows.number([old, new], "fever_celsius", "2022-06-01") == 37.5
    with pytest.raises(LookupError):
        from_rows.number([old, new], "fever_celsius", "2021-11-30")


def test_a_duty_is_in_force_only_while_both_its_rows_are() -> None:
    duties = [row for row in LOADED["duties"] if row["code"] == "DISINFECT"]
    levels = [row for row in LOADED["duty_slots"] if row["code"] == "DISINFECT:normal"]
    ended = [{**duties[0], "to": "2021-12-31"}]
    (rule,) = from_rows.duty_rules(ended, levels)
    assert (rule.valid_from, rule.valid_to) == ("2021-12-01", "2021-12-31")
    assert from_rows.duty_rules(ended, [{**levels[0], "from": "2022-01-01"}]) == []


_DATES = ["2021-01-01", "2021-06-01", "2022-01-01", "2022-06-01"]


@st.composite
def _versions(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Dated versions of one row, some of which overlap."""
    begins = draw(st.lists(st.sampled_from(_DATES), unique=True, max_size=4))
    ends = st.sampled_from([None, *_DATES, "2023-01-01"])
    found = [{"code": "X", "from": begin, "to": draw(ends), "n": n} for n, begin in enumerate(begins)]
    return [row for row in found if row["to"] is None or row["from"] < row["to"]]


@given(_versions(), _versions())
def test_each_day_has_the_version_that_is_made_of_the_rows_in_force(
    duties: list[dict[str, Any]], levels: list[dict[str, Any]]
) -> None:
    found = list(from_rows.versions(duties, levels))
    assert len({begins for _, _, begins, _ in found}) == len(found)
    for day in (*_DATES, "2020-12-31", "2021-03-01", "2023-03-01"):
        covering = [one for one in found if one[2] <= day and (one[3] is None or day < one[3])]
        duty, level = (from_rows.in_force(some, "X", day) for some in (duties, levels))
        assert [(one[0], one[1]) for one in covering] == ([] if duty is None else [(duty, level)])
