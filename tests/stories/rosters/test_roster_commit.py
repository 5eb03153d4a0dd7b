"""A commit writes what its preview showed, once, and no date that nobody gave."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import zstandard
from flask import Flask

from server.actions.reference.load_reference import load_reference
from server.actions.rosters import commit_roster
from server.actions.rosters.preview import result_place
from server.base.db import read, write
from server.models import LogEntry, Roster
from server.rules.calendar import add_days, local_date_of
from sync_protocol.outcomes import REFUSED
from tests.server.cast import Caller, Cast
from tests.server.rosters.people import person
from tests.stories.field import Field
from tests.stories.rosters.uploads import commit, people_file, preview, read_at_once, rows


@pytest.fixture
def desk(app: Flask, cast: Cast) -> Cast:
    with app.app_context(), write() as session:
        load_reference(session, app.extensions["gongdi"].seals, cast.clock.now_ms())
    read_at_once(cast)
    return cast


@pytest.fixture
def contractor(desk: Cast) -> Caller:
    return desk.client("contractor")


def _entries(desk: Cast) -> int:
    with desk.app.app_context(), read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(LogEntry)) or 0


def _refused(caller: Caller, roster: dict[str, Any], **decision: Any) -> dict[str, Any]:
    answer = caller.post(f"/api/v1/rosters/{roster['id']}/commit", json=decision)
    told: dict[str, Any] = answer.get_json()
    assert answer.status_code == told["status"] >= 400, answer.text
    return told


def test_nobody_leaves_before_he_came_and_the_answer_says_who(desk: Cast, contractor: Caller) -> None:
    early, late = replace(person(2), entered_on="2026-11-01"), replace(person(3), entered_on="2026-11-20")
    commit(contractor, preview(contractor, desk.site_a, people_file(person(1), early, late)))
    part = preview(contractor, desk.site_a, people_file(person(1)))
    told = _refused(contractor, part, absent="exit", exited_on="2026-11-10")
    assert (told["status"], list(told["errors"])) == (422, ["/exited_on"])
    assert late.name in told["detail"] and "2026-11-20" in told["detail"]
    assert early.name not in told["detail"] and late.certificate_number not in str(told)
    assert _refused(contractor, part, absent="exit", exited_on="1800-01-01")["status"] == 422
    assert _entries(desk) == 3
    who = [row["record"] for row in rows(contractor, part, "absent") if row["name"] == early.name]
    done = commit(contractor, part, absent="exit", exited_on="2026-11-10", people=who)
    assert done["counts"]["exited"] == 1


def test_nobody_is_said_to_have_left_before_he_was_last_seen(
    desk: Cast, contractor: Caller, tmp_path: Path
) -> None:
    commit(contractor, preview(contractor, desk.site_a, people_file(person(1), person(2), person(3))))
    tablet = Field(desk, tmp_path).tablet("first")
    workers = {str(item.body["name"]): item.id for item in tablet.list("worker")}
    seen = {"worker": workers[person(2).name], "direction": "out", "method": "face"}
    tablet.add(f"site:{desk.site_a}", "gate_pass", seen)
    assert tablet.sync().ok
    today = local_date_of(desk.clock.now_ms())
    part = preview(contractor, desk.site_a, people_file(person(1)))
    told = _refused(contractor, part, absent="exit", exited_on=add_days(today, -1))
    assert (told["status"], list(told["errors"])) == (422, ["/exited_on"])
    assert person(2).name in told["detail"] and today in told["detail"]
    assert person(3).name not in told["detail"] and person(2).certificate_number not in str(told)
    done = commit(
        contractor, part, absent="exit", exited_on=add_days(today, -1), people=[workers[person(3).name]]
    )
    assert done["counts"]["exited"] == 1
    rest = preview(contractor, desk.site_a, people_file(person(1)))
    assert commit(contractor, rest, absent="exit", exited_on=today)["counts"]["exited"] == 1


@pytest.mark.parametrize(
    "day", ["", "2026-W01-1", "20261101", "2026-11-1", "2026-02-30", "2026-11-24", "昨天"]
)
def test_a_day_of_exit_is_a_day_that_was_written_in_full(desk: Cast, contractor: Caller, day: str) -> None:
    commit(contractor, preview(contractor, desk.site_a, people_file(person(1), person(2))))
    part = preview(contractor, desk.site_a, people_file(person(1)))
    told = _refused(contractor, part, absent="exit", exited_on=day)
    assert (told["status"], list(told["errors"])) == (422, ["/exited_on"])
    assert _entries(desk) == 2


def test_people_who_are_to_leave_are_people_that_the_preview_asked_about(
    desk: Cast, contractor: Caller
) -> None:
    commit(contractor, preview(contractor, desk.site_a, people_file(person(1), person(2))))
    part = preview(contractor, desk.site_a, people_file(person(1)))
    for people, pointer in (([], "/people"), ([desk.site_a], "/people/0"), (["x", "王"], "/people/0")):
        told = _refused(contractor, part, absent="exit", exited_on="2026-11-20", people=people)
        assert (told["status"], next(iter(told["errors"]))) == (422, pointer)
        assert "Not a valid" not in str(told)
    many = _refused(contractor, part, absent="exit", exited_on="2026-11-20", people=[desk.site_a] * 5_000)
    assert many["status"] == 422


def test_what_another_roster_changed_since_the_preview_is_shown_before_it_is_undone(
    desk: Cast, contractor: Caller
) -> None:
    commit(contractor, preview(contractor, desk.site_a, people_file(person(1))))
    old = preview(contractor, desk.site_a, people_file(person(1), person(2)))
    moved = replace(person(1), team="木工班")
    commit(contractor, preview(contractor, desk.site_a, people_file(moved)))
    assert _refused(contractor, old)["code"] == "preview_stale"
    assert _entries(desk) == 2
    again = contractor.get(f"/api/v1/rosters/{old['id']}").get_json()
    assert (again["state"], again["counts"]["changed"], again["counts"]["new"]) == ("preview", 1, 1)
    (row,) = rows(contractor, old, "changed")
    assert row["changes"] == [{"field": "team", "title": "班组", "to": person(1).team}]
    assert commit(contractor, old)["counts"]["edited"] == 1


def test_what_a_tablet_changed_since_the_preview_is_shown_too(
    desk: Cast, contractor: Caller, tmp_path: Path
) -> None:
    commit(contractor, preview(contractor, desk.site_a, people_file(person(1), person(2))))
    old = preview(contractor, desk.site_a, people_file(person(1)))
    tablet = Field(desk, tmp_path).tablet("first")
    workers = {item.body["name"]: item.id for item in tablet.list("worker")}
    tablet.edit(f"site:{desk.site_a}", workers[person(2).name], {"exited_on": "2026-11-15"})
    assert tablet.sync().ok
    assert _refused(contractor, old, absent="exit", exited_on="2026-11-20")["code"] == "preview_stale"
    assert rows(contractor, old, "absent") == []
    assert commit(contractor, old)["counts"]["exited"] == 0


def test_a_second_commit_with_another_decision_is_told_that_it_comes_too_late(
    desk: Cast, contractor: Caller
) -> None:
    commit(contractor, preview(contractor, desk.site_a, people_file(person(1), person(2))))
    part = preview(contractor, desk.site_a, people_file(person(1)))
    first = commit(contractor, part)
    assert commit(contractor, part, absent="leave") == first
    assert _refused(contractor, part, absent="exit", exited_on="2026-11-20")["code"] == "already_committed"
    assert _entries(desk) == 2


def test_what_the_log_refused_is_not_counted_as_written(
    desk: Cast, contractor: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = commit_roster.write_server_entries

    def one_is_refused(*args: Any) -> list[dict[str, Any]]:
        return [{"outcome": REFUSED, "code": "body_invalid"}, *real(*args)[1:]]

    monkeypatch.setattr(commit_roster, "write_server_entries", one_is_refused)
    counts = commit(contractor, preview(contractor, desk.site_a, people_file(person(1), person(2))))["counts"]
    assert (counts["added"], counts["refused"]) == (1, 1)


def test_a_preview_of_an_earlier_version_is_read_still(desk: Cast, contractor: Caller) -> None:
    told = preview(contractor, desk.site_a, people_file(person(1)))
    seals, where = desk.app.extensions["gongdi"].seals, result_place(told["id"])
    with desk.app.app_context(), write() as session:
        roster = session.get_one(Roster, told["id"])
        roster.result = seals.seal(where, zstandard.decompress(seals.open(where, roster.result or b"")))
    assert commit(contractor, told)["counts"]["added"] == 1
