"""What a roster's columns mean: a person is asked where a title does not say, and the answer is kept."""

from __future__ import annotations

from server.base.db import read
from server.console.pages import COOKIE
from server.models import Roster
from server.rules.rosters.unread import ROWS
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
    titles = [*TITLES, "性别", "血型", "身份证号码"]
    rows = [[*person(1).cells(), "男", "A", "无"], ["合计：1人"], ["制表人：王芳"]]
    roster = preview(contractor, desk.site_a, xlsx(rows, titles))
    assert [(one["code"], one["message"], one["rows"]) for one in roster["passed_over"]] == [
        ("total", ROWS["total"], [3]),
        ("note", ROWS["note"], [4]),
    ]
    unread = {one["code"]: [column["title"] for column in one["columns"]] for one in roster["unread_columns"]}
    assert unread == {"not_needed": ["性别"], "unknown": ["血型"], "second": ["身份证号码"]}


def test_the_page_says_every_column_and_row_that_was_not_read(desk: Cast, contractor: Caller) -> None:
    titles = [*TITLES, "性别", "血型", ""]
    rows = [[*person(1).cells(), "男", "A", "未分类"], ["合计：1人"]]
    roster = preview(contractor, desk.site_a, xlsx(rows, titles))
    contractor.client.set_cookie(COOKIE, contractor.token, path="/console")
    page = contractor.client.get(f"/console/rosters/{roster['id']}").text
    assert "没有读取的: 3 列, 1 行, 0 张表" in page
    for words in ("性别", "最少够用", "血型", "不认识的列名", "第 9 列", "补上列名", "第 3 行", "合计"):
        assert words in page, words


def test_a_column_that_the_company_once_declined_is_said_so(desk: Cast, contractor: Caller) -> None:
    titles = [*TITLES[1:], "工人大名", "血型"]
    cells = person(1).cells()
    data = xlsx([[*cells[1:], cells[0], "A"]], titles)
    roster = preview(contractor, desk.site_a, data)
    last = len(titles) - 1
    chosen = [{"sheet": 0, "column": last - 1, "field": "name"}, {"sheet": 0, "column": last, "field": ""}]
    contractor.post(f"/api/v1/rosters/{roster['id']}/columns", json={"columns": chosen})
    mine = contractor.get(f"/api/v1/rosters/{roster['id']}").get_json()
    assert [one["code"] for one in mine["unread_columns"]] == ["chosen"]
    again = preview(contractor, desk.site_a, data)
    assert [one["code"] for one in again["unread_columns"]] == ["remembered"]
    assert again["skipped"] == []


def test_questions_hold_no_names_and_no_numbers(desk: Cast, contractor: Caller) -> None:
    data = xlsx([person(n).cells() for n in range(2, 9)], ["", "", *TITLES[2:]])
    roster = preview(contractor, desk.site_a, data)
    assert roster["state"] == "mapping"
    with desk.app.app_context(), read() as session:
        detail = session.get_one(Roster, roster["id"]).details
    assert all(column["samples"] for column in detail["columns"])
    for n in range(2, 9):
        assert person(n).name not in str(detail) and person(n).certificate_number not in str(detail)
