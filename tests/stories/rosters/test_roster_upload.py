"""A contractor uploads a roster: preview first, then commit, once, and the tablets have it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import openpyxl

from server.actions.audit.rebuild import check_scope
from server.actions.audit.verify_log import verify_exchanges, verify_scope
from server.base.db import read
from server.models.scope import Scope
from server.rules.calendar import add_days, local_date_of
from server.workflows.scheduler import tick
from tests.server.cast import Caller, Cast
from tests.server.rosters.people import TITLES, Person, person
from tests.stories.field import Field
from tests.stories.rosters.uploads import (
    Later,
    commit,
    counts,
    entries,
    people_file,
    preview,
    rows,
    upload,
    xlsx,
)


def _changed(who: Person, **fields: Any) -> Person:
    return Person(**{**who.__dict__, **fields})


def test_nothing_changes_before_commit_and_a_tablet_pulls_everybody_after_it(
    desk: Cast, contractor: Caller, tmp_path: Path
) -> None:
    roster = preview(contractor, desk.site_a, people_file(*map(person, range(1, 6))))
    assert (roster["state"], counts(roster)) == ("preview", (5, 0, 0, 0, 0))
    assert entries(desk) == 0
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
    before = entries(desk)
    again = preview(contractor, desk.site_a, data)
    assert counts(again) == (0, 0, 3, 0, 0)
    commit(contractor, again)
    assert entries(desk) == before == 3


def test_a_commit_repeated_writes_nothing_more(desk: Cast, contractor: Caller) -> None:
    roster = preview(contractor, desk.site_a, people_file(person(1)))
    first = commit(contractor, roster)
    desk.clock.advance(60_000)
    assert commit(contractor, roster) == first
    assert entries(desk) == 1


def test_a_list_that_lacks_people_is_not_their_exit_unless_the_user_says_so(
    desk: Cast, contractor: Caller
) -> None:
    commit(contractor, preview(contractor, desk.site_a, people_file(*map(person, range(1, 5)))))
    part = preview(contractor, desk.site_a, people_file(person(1)))
    assert counts(part) == (0, 0, 1, 0, 3)
    gone = rows(contractor, part, "absent")
    assert {row["name"] for row in gone} == {person(n).name for n in (2, 3, 4)}
    only = [gone[0]["record"]]
    done = commit(contractor, part, absent="exit", exited_on="2026-11-22", people=only)
    assert done["counts"]["exited"] == 1
    assert counts(preview(contractor, desk.site_a, people_file(person(1)))) == (0, 0, 1, 0, 2)


def test_an_exit_in_the_future_or_without_a_date_is_refused_and_nothing_is_written(
    desk: Cast, contractor: Caller
) -> None:
    commit(contractor, preview(contractor, desk.site_a, people_file(person(1), person(2))))
    part = preview(contractor, desk.site_a, people_file(person(1)))
    for decision in ({"absent": "exit"}, {"absent": "exit", "exited_on": "2026-11-24"}):
        answer = contractor.post(f"/api/v1/rosters/{part['id']}/commit", json=decision)
        assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["/exited_on"])
    assert entries(desk) == 2


def test_a_change_is_an_edit_of_what_changed_and_shows_as_such(
    desk: Cast, contractor: Caller, tmp_path: Path
) -> None:
    commit(contractor, preview(contractor, desk.site_a, people_file(person(1))))
    roster = preview(contractor, desk.site_a, people_file(_changed(person(1), team="木工班", phone="")))
    assert counts(roster) == (0, 1, 0, 0, 0)
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
    assert counts(old_list) == (0, 0, 2, 0, 0)
    back = preview(contractor, desk.site_a, people_file(_changed(person(2), entered_on="2026-11-20")))
    assert counts(back) == (0, 1, 0, 0, 1)
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
    assert counts(roster) == (1, 0, 0, 2, 0)
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
    assert counts(preview(contractor, desk.site_a, mended.getvalue())) == (2, 0, 0, 0, 0)


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
    assert counts(early) == (0, 1, 0, 0, 0)
    assert commit(contractor, early)["counts"]["exited"] == 1


def test_a_file_whose_reader_died_is_read_by_the_scheduler(desk: Cast, contractor: Caller) -> None:
    desk.app.extensions["gongdi_pool"] = Later()
    answer = upload(contractor, desk.site_a, people_file(person(1)))
    assert contractor.get(answer.headers["Location"]).get_json()["state"] == "received"
    desk.clock.advance(120_000)
    tick(desk.app, desk.clock.now_ms())
    assert contractor.get(answer.headers["Location"]).get_json()["state"] == "preview"
