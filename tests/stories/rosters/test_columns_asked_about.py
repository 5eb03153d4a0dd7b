"""What a roster's columns mean: a person is asked where a title does not say, and the answer is kept."""

from __future__ import annotations

from server.base.db import read
from server.models import Roster
from tests.server.cast import Caller, Cast
from tests.server.rosters.people import TITLES, person
from tests.stories.rosters.uploads import (
    counts,
    preview,
    xlsx,
)


def test_an_unsure_title_is_asked_about_and_remembered_for_that_company(
    desk: Cast, contractor: Caller
) -> None:
    titles = ["工人大名", "身份证号", "班组", "工种", "手机号", "进场日期"]
    data = xlsx([person(1).cells()], titles)
    roster = preview(contractor, desk.site_a, data)
    assert roster["state"] == "mapping"
    assert [column["field"] for column in roster["columns"]][:2] == [None, "certificate_number"]
    chosen = {"columns": [{"sheet": 0, "column": 0, "field": "name"}]}
    wrong = {
        "columns": [{"sheet": 0, "column": 0, "field": "team"}, {"sheet": 0, "column": 2, "field": "team"}]
    }
    assert contractor.post(f"/api/v1/rosters/{roster['id']}/columns", json=wrong).status_code == 422
    answer = contractor.post(f"/api/v1/rosters/{roster['id']}/columns", json=chosen)
    assert (answer.status_code, answer.get_json()["state"]) == (200, "preview")
    assert preview(contractor, desk.site_a, data)["state"] == "preview"
    competitor = desk.client("competitor")
    assert preview(competitor, desk.site_b, data)["state"] == "mapping"


def test_a_choice_against_a_known_word_counts_for_one_file_only(desk: Cast, contractor: Caller) -> None:
    titles = ["工人大名", "身份证号", "班组", "工种", "手机号", "退场日期"]
    data = xlsx([person(1).cells()], titles)
    roster = preview(contractor, desk.site_a, data)
    assert [column["field"] for column in roster["columns"]][5] == "exited_on"
    chosen = {
        "columns": [
            {"sheet": 0, "column": 0, "field": "name"},
            {"sheet": 0, "column": 5, "field": "entered_on"},
        ]
    }
    answer = contractor.post(f"/api/v1/rosters/{roster['id']}/columns", json=chosen)
    assert counts(answer.get_json()) == (1, 0, 0, 0, 0)
    again = preview(contractor, desk.site_a, data)
    assert again["state"] == "mapping"
    assert [question["field"] for question in again["needed"]] == ["entered_on"], (
        "退场日期 means what it means"
    )


def test_what_was_not_read_is_kept_with_the_preview(desk: Cast, contractor: Caller) -> None:
    roster = preview(contractor, desk.site_a, xlsx([person(1).cells(), ["合计：1人"]]))
    with desk.app.app_context(), read() as session:
        detail = session.get_one(Roster, roster["id"]).details
    assert detail["passed_over"] == [{"sheet": 0, "sheet_name": "花名册", "count": 1, "rows": [3]}]
    assert (detail["skipped"], detail["hidden_columns"]) == ([], [])


def test_questions_hold_no_names_and_no_numbers(desk: Cast, contractor: Caller) -> None:
    data = xlsx([person(n).cells() for n in range(2, 9)], ["", "", *TITLES[2:]])
    roster = preview(contractor, desk.site_a, data)
    assert roster["state"] == "mapping"
    with desk.app.app_context(), read() as session:
        detail = session.get_one(Roster, roster["id"]).details
    assert all(column["samples"] for column in detail["columns"])
    for n in range(2, 9):
        assert person(n).name not in str(detail) and person(n).certificate_number not in str(detail)
