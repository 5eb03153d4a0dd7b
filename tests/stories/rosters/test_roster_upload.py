"""A contractor uploads a roster: preview first, then commit, once, and the tablets have it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.audit.rebuild import check_scope
from server.actions.audit.verify_log import verify_exchanges, verify_scope
from server.actions.reference.load_reference import load_reference
from server.base.db import read, write
from server.base.seal import is_sealed
from server.models import Disclosure, LogEntry, Roster
from server.models.scope import Scope
from server.rules.calendar import add_days, local_date_of
from server.workflows.scheduler import tick
from tests.server.cast import COMPANY_B, Caller, Cast
from tests.server.rosters.people import TITLES, Person, person
from tests.stories.field import Field
from tests.stories.rosters.uploads import (
    Later,
    commit,
    people_file,
    preview,
    read_at_once,
    rows,
    upload,
    xlsx,
)


@pytest.fixture
def desk(app: Flask, cast: Cast) -> Cast:
    """The cast, with reference data, and files that are read at once."""
    with app.app_context(), write() as session:
        load_reference(session, app.extensions["gongdi"].seals, cast.clock.now_ms())
    read_at_once(cast)
    return cast


@pytest.fixture
def contractor(desk: Cast) -> Caller:
    return desk.client("contractor")


def _changed(who: Person, **fields: Any) -> Person:
    return Person(**{**who.__dict__, **fields})


def _counts(roster: dict[str, Any]) -> tuple[int, ...]:
    return tuple(roster["counts"][name] for name in ("new", "changed", "same", "rejected", "absent"))


def _entries(desk: Cast) -> int:
    with desk.app.app_context(), read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(LogEntry)) or 0


def test_nothing_changes_before_commit_and_a_tablet_pulls_everybody_after_it(
    desk: Cast, contractor: Caller, tmp_path: Path
) -> None:
    roster = preview(contractor, desk.site_a, people_file(*map(person, range(1, 6))))
    assert (roster["state"], _counts(roster)) == ("preview", (5, 0, 0, 0, 0))
    assert _entries(desk) == 0
    tablet = Field(desk, tmp_path).tablet("first")
    assert tablet.list("worker") == []
    done = commit(contractor, roster)
    assert (done["state"], done["counts"]["added"]) == ("committed", 5)
    assert done["committed_by"] == "劳资专管员王芳"
    assert tablet.sync().ok
    assert sorted(item.body["name"] for item in tablet.list("worker")) == sorted(
        person(n).name for n in range(1, 6)
    )
    assert all("certificate_number" not in item.body for item in tablet.list("worker"))


def test_what_a_roster_wrote_is_in_a_chain_that_verifies_and_rebuilds(desk: Cast, contractor: Caller) -> None:
    first, second = person(1), person(2)
    commit(contractor, preview(contractor, desk.site_a, people_file(first, second)))
    moved = _changed(first, team="木工班")
    commit(
        contractor,
        preview(contractor, desk.site_a, people_file(moved)),
        absent="exit",
        exited_on="2026-11-20",
    )
    seals = desk.app.extensions["gongdi"].seals
    with desk.app.app_context(), read() as session:
        assert list(verify_scope(session, seals, session.get_one(Scope, desk.site_a))) == []
        assert list(verify_exchanges(session, seals)) == []
        assert list(check_scope(session, seals, desk.site_a)) == []


def test_the_same_file_twice_changes_nothing(desk: Cast, contractor: Caller) -> None:
    data = people_file(*map(person, range(1, 4)))
    commit(contractor, preview(contractor, desk.site_a, data))
    before = _entries(desk)
    again = preview(contractor, desk.site_a, data)
    assert _counts(again) == (0, 0, 3, 0, 0)
    commit(contractor, again)
    assert _entries(desk) == before == 3


def test_a_commit_repeated_writes_nothing_more(desk: Cast, contractor: Caller) -> None:
    roster = preview(contractor, desk.site_a, people_file(person(1)))
    first = commit(contractor, roster)
    desk.clock.advance(60_000)
    assert commit(contractor, roster) == first
    assert _entries(desk) == 1


def test_a_list_that_lacks_people_is_not_their_exit_unless_the_user_says_so(
    desk: Cast, contractor: Caller
) -> None:
    commit(contractor, preview(contractor, desk.site_a, people_file(*map(person, range(1, 5)))))
    part = preview(contractor, desk.site_a, people_file(person(1)))
    assert _counts(part) == (0, 0, 1, 0, 3)
    gone = rows(contractor, part, "absent")
    assert {row["name"] for row in gone} == {person(n).name for n in (2, 3, 4)}
    only = [gone[0]["record"]]
    done = commit(contractor, part, absent="exit", exited_on="2026-11-22", people=only)
    assert done["counts"]["exited"] == 1
    assert _counts(preview(contractor, desk.site_a, people_file(person(1)))) == (0, 0, 1, 0, 2)


def test_an_exit_in_the_future_or_without_a_date_is_refused_and_nothing_is_written(
    desk: Cast, contractor: Caller
) -> None:
    commit(contractor, preview(contractor, desk.site_a, people_file(person(1), person(2))))
    part = preview(contractor, desk.site_a, people_file(person(1)))
    for decision in ({"absent": "exit"}, {"absent": "exit", "exited_on": "2026-11-24"}):
        answer = contractor.post(f"/api/v1/rosters/{part['id']}/commit", json=decision)
        assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["/exited_on"])
    assert _entries(desk) == 2


def test_a_change_is_an_edit_of_what_changed_and_shows_as_such(
    desk: Cast, contractor: Caller, tmp_path: Path
) -> None:
    commit(contractor, preview(contractor, desk.site_a, people_file(person(1))))
    roster = preview(contractor, desk.site_a, people_file(_changed(person(1), team="木工班", phone="")))
    assert _counts(roster) == (0, 1, 0, 0, 0)
    (row,) = rows(contractor, roster, "changed")
    assert row["changes"] == [{"field": "team", "title": "班组", "to": "木工班"}]
    commit(contractor, roster)
    tablet = Field(desk, tmp_path).tablet("first")
    (worker,) = tablet.list("worker")
    assert (worker.body["team"], worker.body["phone"]) == ("木工班", "138****8000")


def test_who_came_back_is_here_again(desk: Cast, contractor: Caller) -> None:
    commit(contractor, preview(contractor, desk.site_a, people_file(person(1), person(2))))
    part = preview(contractor, desk.site_a, people_file(person(1)))
    commit(contractor, part, absent="exit", exited_on="2026-11-10")
    old_list = preview(contractor, desk.site_a, people_file(person(1), person(2)))
    assert _counts(old_list) == (0, 0, 2, 0, 0)
    back = preview(contractor, desk.site_a, people_file(_changed(person(2), entered_on="2026-11-20")))
    assert _counts(back) == (0, 1, 0, 0, 1)
    wrong = preview(contractor, desk.site_a, people_file(_changed(person(2), entered_on="2026-11-05")))
    assert [problem["code"] for problem in rows(contractor, wrong, "rejected")[0]["problems"]] == [
        "before_last_event"
    ]


def test_what_a_tablet_changed_since_the_preview_is_not_written_over(
    desk: Cast, contractor: Caller, tmp_path: Path
) -> None:
    commit(contractor, preview(contractor, desk.site_a, people_file(person(1))))
    roster = preview(contractor, desk.site_a, people_file(person(1), person(2)))
    tablet = Field(desk, tmp_path).tablet("first")
    (worker,) = tablet.list("worker")
    tablet.edit(f"site:{desk.site_a}", worker.id, {"dormitory": "3-201"})
    assert tablet.sync().ok
    commit(contractor, roster)
    assert tablet.sync().ok
    held = {item.body["name"]: item.body for item in tablet.list("worker")}
    assert held[person(1).name]["dormitory"] == "3-201"
    assert set(held) == {person(1).name, person(2).name}


def test_rejected_rows_come_back_in_a_file_that_can_be_mended_and_uploaded(
    desk: Cast, contractor: Caller
) -> None:
    good, bad = person(1), person(2).cells()
    bad[0], bad[1] = '=HYPERLINK("http://x")王五', "410702198002031231"
    numeric = person(3).cells()
    numeric[1] = 410702198002031200.0
    roster = preview(contractor, desk.site_a, xlsx([good.cells(), bad, numeric]))
    assert _counts(roster) == (1, 0, 0, 2, 0)
    file = contractor.get(f"/api/v1/rosters/{roster['id']}/problems.xlsx")
    assert file.status_code == 200
    sheet = openpyxl.load_workbook(io.BytesIO(file.data)).worksheets[0]
    lines = list(sheet.iter_rows(min_row=2))
    assert [cell.value for cell in next(iter(sheet.iter_rows(max_row=1)))][: len(TITLES)] == list(TITLES)
    assert (lines[0][0].value, lines[0][0].data_type) == ('=HYPERLINK("http://x")王五', "s")
    assert lines[0][1].comment is not None and "校验" in lines[0][1].comment.text
    assert isinstance(lines[1][1].value, int | float), "a mangled number must not come back as text"
    assert preview(contractor, desk.site_a, file.data)["counts"]["rejected"] == 2
    lines[0][1].value, lines[1][1].value = person(2).certificate_number, person(3).certificate_number
    lines[0][0].value = "王五"
    lines[1][1].number_format = "@"
    mended = io.BytesIO()
    sheet.parent.save(mended)
    assert _counts(preview(contractor, desk.site_a, mended.getvalue())) == (2, 0, 0, 0, 0)


def test_a_roster_says_what_is_wrong_by_row_column_and_code(desk: Cast, contractor: Caller) -> None:
    bad = _changed(person(2), phone="0373-3696000", trade="吹笛手")
    roster = preview(contractor, desk.site_a, people_file(person(1), bad))
    assert roster["problems_total"] == 2
    assert [
        (problem["number"], problem["column"], problem["code"], problem["weight"])
        for problem in roster["problems"]
    ] == [
        (3, "手机号", "phone_form", "error"),
        (3, "工种", "trade_unknown", "warning"),
    ]
    assert all(
        problem["message"] and problem["remedy"] and problem["source"] for problem in roster["problems"]
    )
    assert bad.phone not in str(roster)


def test_input_that_cannot_be_is_named_by_pointer(desk: Cast, contractor: Caller) -> None:
    path = "/api/v1/rosters/" + preview(contractor, desk.site_a, people_file(person(1)))["id"]
    answer = contractor.post(f"{path}/columns", json={"columns": [{"sheet": 0, "column": 500}]}).get_json()
    assert answer["errors"] == {"/columns/0/column": ["没有这一列。"], "/columns/0/field": ["必填。"]}
    answer = contractor.post(f"{path}/commit", json={"people": ["x"] * 500}).get_json()
    assert (answer["errors"]["/people/0"], len(answer["errors"])) == (["格式不对。"], 100)


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
    assert _counts(answer.get_json()) == (1, 0, 0, 0, 0)
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


def test_nobody_leaves_before_his_last_pass_at_the_gate(
    desk: Cast, contractor: Caller, tmp_path: Path
) -> None:
    who, titles = person(1), [*TITLES, "退场日期"]
    commit(contractor, preview(contractor, desk.site_a, people_file(who)))
    tablet = Field(desk, tmp_path).tablet("first")
    (worker,) = tablet.list("worker")
    scope = f"site:{desk.site_a}"
    tablet.add(scope, "gate_pass", {"worker": worker.id, "direction": "in", "method": "face"})
    assert tablet.sync().ok
    today = local_date_of(desk.clock.now_ms())
    yesterday = add_days(today, -1)
    wrong = preview(contractor, desk.site_a, xlsx([[*who.cells(), yesterday]], titles))
    assert [problem["code"] for problem in rows(contractor, wrong, "rejected")[0]["problems"]] == [
        "exit_before_last_event"
    ]
    early = preview(contractor, desk.site_a, xlsx([[*who.cells(), today]], titles))
    assert _counts(early) == (0, 1, 0, 0, 0)
    assert commit(contractor, early)["counts"]["exited"] == 1


def test_a_competitor_sees_nothing_of_it_at_any_endpoint(desk: Cast, contractor: Caller) -> None:
    roster = preview(contractor, desk.site_a, people_file(person(1)))
    commit(contractor, roster)
    competitor = desk.client("competitor")
    key, site = roster["id"], desk.site_a
    assert upload(competitor, site, people_file(person(2))).status_code == 404
    for path in (
        f"rosters/{key}",
        f"rosters/{key}/rows",
        f"rosters/{key}/problems.xlsx",
        f"sites/{site}/rosters",
    ):
        assert competitor.get(f"/api/v1/{path}").status_code == 404
    assert competitor.get(f"/api/v1/sites/{site}/roster.xlsx").status_code == 404
    assert competitor.post(f"/api/v1/rosters/{key}/commit", json={}).status_code == 404
    mapping = {"columns": [{"sheet": 0, "column": 0, "field": "name"}]}
    assert competitor.post(f"/api/v1/rosters/{key}/columns", json=mapping).status_code == 404


def test_somebody_who_is_elsewhere_too_is_let_in_with_a_warning_that_does_not_say_where(
    desk: Cast, contractor: Caller
) -> None:
    commit(desk.client("competitor"), preview(desk.client("competitor"), desk.site_b, people_file(person(1))))
    roster = preview(contractor, desk.site_a, people_file(person(1)))
    (row,) = rows(contractor, roster, "new")
    assert [problem["code"] for problem in row["problems"]] == ["active_elsewhere"]
    commit(contractor, roster)
    (row,) = rows(contractor, preview(contractor, desk.site_a, people_file(person(1))), "same")
    assert [problem["code"] for problem in row["problems"]] == ["active_elsewhere"]
    assert "凤泉新城" not in str(row) and COMPANY_B not in str(row)


def test_a_row_of_another_company_is_rejected(desk: Cast, contractor: Caller) -> None:
    titles = [*TITLES, "所属单位"]
    mine, theirs = [*person(1).cells(), "甲建筑"], [*person(2).cells(), "乙建筑"]
    roster = preview(contractor, desk.site_a, xlsx([mine, theirs], titles))
    assert _counts(roster)[:4] == (1, 0, 0, 1)


def test_only_those_who_judge_sites_get_full_numbers_and_each_look_is_written_down(
    desk: Cast, contractor: Caller
) -> None:
    commit(contractor, preview(contractor, desk.site_a, people_file(person(1))))
    number, path = person(1).certificate_number, f"/api/v1/sites/{desk.site_a}/roster.xlsx"

    def cells(data: bytes) -> list[Any]:
        return [
            cell.value for row in openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows() for cell in row
        ]

    masked = cells(contractor.get(path).data)
    assert number not in masked and f"{number[:3]}***********{number[-4:]}" in masked
    assert contractor.post(path, json={"reason": "想看看"}).status_code == 422
    assert contractor.post(path, json={"reason": "核对工伤保险"}).status_code == 403
    section = desk.client("section")
    assert number in cells(section.post(path, json={"reason": "核对工伤保险"}).data)
    assert desk.client("admin").get(path).status_code == 404
    with desk.app.app_context(), read() as session:
        (disclosure,) = session.scalars(sa.select(Disclosure))
        assert (disclosure.user_id, disclosure.people, disclosure.reason) == (
            desk.users["section"],
            1,
            "核对工伤保险",
        )


def test_a_file_whose_reader_died_is_read_by_the_scheduler(desk: Cast, contractor: Caller) -> None:
    desk.app.extensions["gongdi_pool"] = Later()
    answer = upload(contractor, desk.site_a, people_file(person(1)))
    assert contractor.get(answer.headers["Location"]).get_json()["state"] == "received"
    desk.clock.advance(120_000)
    tick(desk.app, desk.clock.now_ms())
    assert contractor.get(answer.headers["Location"]).get_json()["state"] == "preview"


def test_the_file_is_forgotten_when_it_has_served_and_the_people_stay(desk: Cast, contractor: Caller) -> None:
    roster = preview(contractor, desk.site_a, people_file(person(1)))
    commit(contractor, roster)
    tick(desk.app, desk.clock.now_ms() + 91 * 86_400_000)
    with desk.app.app_context(), read() as session:
        row = session.get_one(Roster, roster["id"])
        assert (row.file, row.result) == (None, None)
    assert _entries(desk) == 1


def test_no_identity_is_in_the_clear_in_the_database(desk: Cast, contractor: Caller) -> None:
    roster = preview(contractor, desk.site_a, people_file(person(1)))
    commit(contractor, roster)
    with desk.app.app_context(), read() as session:
        row = session.get_one(Roster, roster["id"])
        kept = b"".join(
            (row.file or b"", row.result or b"", str(row.counts).encode(), str(row.details).encode())
        )
        assert is_sealed(row.file or b"") and is_sealed(row.result or b"")  # they are packed as well
        kept += b"".join(session.scalars(sa.select(LogEntry.raw)))
    assert person(1).certificate_number.encode() not in kept
    assert person(1).name.encode() not in kept
