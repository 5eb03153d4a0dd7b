"""A value for everybody on a list that has no column for it: set through the API, kept with the file."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.cast import Caller, Cast
from tests.server.rosters.people import TITLES, person
from tests.stories.rosters.uploads import preview, rows, xlsx

LIST = xlsx([person(n).cells()[:5] for n in (1, 2)], TITLES[:5])


@pytest.fixture
def path(desk: Cast, contractor: Caller) -> str:
    roster = preview(contractor, desk.site_a, LIST)
    assert (roster["state"], [question["field"] for question in roster["needed"]]) == (
        "mapping",
        ["entered_on"],
    )
    return f"/api/v1/rosters/{roster['id']}"


def _says(contractor: Caller, path: str, **given: str) -> dict[str, Any]:
    answer = contractor.post(f"{path}/columns", json={"given": given})
    body: dict[str, Any] = answer.get_json()
    return body


def test_one_date_of_entry_is_that_of_all_and_stays_when_columns_are_changed(
    contractor: Caller, path: str
) -> None:
    assert _says(contractor, path, entered_on="2026-11-03")["state"] == "preview"
    changed = {"columns": [{"sheet": 0, "column": 4, "field": ""}]}
    roster = contractor.post(f"{path}/columns", json=changed).get_json()
    assert [row["entered_on"] for row in rows(contractor, roster, "new")] == ["2026-11-03"] * 2


@pytest.mark.parametrize("day", ["2099-01-01", "20261103", "gestern", "2026-02-30"])
def test_a_date_that_can_not_be_is_refused(contractor: Caller, path: str, day: str) -> None:
    answer = _says(contractor, path, entered_on=day)
    assert (answer["status"], answer["code"], list(answer["errors"])) == (
        422,
        "given_invalid",
        ["/given/entered_on"],
    )


def test_nothing_said_is_asked_again(contractor: Caller, path: str) -> None:
    answer = _says(contractor, path)
    assert (answer["status"], answer["code"]) == (422, "columns_invalid")
    assert "进场日期" in answer["detail"]


def test_what_was_said_is_taken_back_by_an_empty_text(contractor: Caller, path: str) -> None:
    _says(contractor, path, entered_on="2026-11-03")
    assert _says(contractor, path, entered_on="")["status"] == 422


def test_a_team_is_said_of_all_as_well(desk: Cast, contractor: Caller) -> None:
    data = xlsx([[*person(1).cells()[:2], *person(1).cells()[3:]]], [*TITLES[:2], *TITLES[3:]])
    roster = preview(contractor, desk.site_a, data)
    assert roster["counts"]["rejected"] == 1
    answer = _says(contractor, f"/api/v1/rosters/{roster['id']}", team="木工二班")
    assert [row["team"] for row in rows(contractor, answer, "new")] == ["木工二班"]


def test_a_column_of_dates_that_is_empty_is_asked_about_as_one_that_is_not_there(
    desk: Cast, contractor: Caller
) -> None:
    data = xlsx([[*person(n).cells()[:5], ""] for n in (1, 2)])
    roster = preview(contractor, desk.site_a, data)
    assert [question["field"] for question in roster["needed"]] == ["entered_on"]
    answer = _says(contractor, f"/api/v1/rosters/{roster['id']}", entered_on="2026-11-03")
    assert [row["entered_on"] for row in rows(contractor, answer, "new")] == ["2026-11-03"] * 2
    assert [one["code"] for one in answer["unread_columns"]] == ["empty"]


def test_a_few_dates_are_no_reason_to_give_others_the_same(desk: Cast, contractor: Caller) -> None:
    data = xlsx([person(1).cells(), [*person(2).cells()[:5], ""]])
    roster = preview(contractor, desk.site_a, data)
    assert (roster["state"], roster["counts"]["rejected"]) == ("preview", 1)
