"""A commit writes what its preview showed, once, and invents no date."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import zstandard

from server.actions.audit.rebuild import check_scope
from server.actions.audit.verify_log import verify_scope
from server.actions.rosters import commit_roster
from server.actions.rosters.commit_roster import Decision
from server.actions.rosters.preview import result_aad
from server.base.db import read, write
from server.models import Roster, User, Worker
from server.models.access import viewer_of
from server.models.scope import Scope
from server.rules.calendar import add_days, local_date_of
from server.workflows import read_rosters
from server.workflows.read_rosters import commit_preview
from server.workflows.scheduler import tick
from sync_protocol.outcomes import REFUSED
from tests.server.cast import PASSWORD, Caller, Cast
from tests.server.rosters.people import person
from tests.stories.field import Field
from tests.stories.rosters.uploads import commit, entries, people_file, preview, rows
from tests.stories.wire import LOG


def _refused(caller: Caller, roster: dict[str, Any], **decision: Any) -> dict[str, Any]:
    answer = caller.post(f"/api/v1/rosters/{roster['id']}/commit", json=decision)
    problem: dict[str, Any] = answer.get_json()
    assert answer.status_code == problem["status"] >= 400, answer.text
    return problem


def test_nobody_leaves_before_he_came_and_the_answer_says_who(desk: Cast, contractor: Caller) -> None:
    early, late = replace(person(2), entered_on="2026-11-01"), replace(person(3), entered_on="2026-11-20")
    commit(contractor, preview(contractor, desk.site_a, people_file(person(1), early, late)))
    part = preview(contractor, desk.site_a, people_file(person(1)))
    problem = _refused(contractor, part, absent="exit", exited_on="2026-11-10")
    assert (problem["status"], list(problem["errors"])) == (422, ["/exited_on"])
    assert late.name in problem["detail"] and "2026-11-20" in problem["detail"]
    assert early.name not in problem["detail"] and late.certificate_number not in str(problem)
    assert _refused(contractor, part, absent="exit", exited_on="1800-01-01")["status"] == 422
    assert entries(desk) == 3
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
    problem = _refused(contractor, part, absent="exit", exited_on=add_days(today, -1))
    assert (problem["status"], list(problem["errors"])) == (422, ["/exited_on"])
    assert person(2).name in problem["detail"] and today in problem["detail"]
    assert person(3).name not in problem["detail"] and person(2).certificate_number not in str(problem)
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
    problem = _refused(contractor, part, absent="exit", exited_on=day)
    assert (problem["status"], list(problem["errors"])) == (422, ["/exited_on"])
    assert entries(desk) == 2


def test_people_who_are_to_leave_are_people_that_the_preview_asked_about(
    desk: Cast, contractor: Caller
) -> None:
    commit(contractor, preview(contractor, desk.site_a, people_file(person(1), person(2))))
    part = preview(contractor, desk.site_a, people_file(person(1)))
    for people, pointer in (([], "/people"), ([desk.site_a], "/people/0"), (["x", "王"], "/people/0")):
        problem = _refused(contractor, part, absent="exit", exited_on="2026-11-20", people=people)
        assert (problem["status"], next(iter(problem["errors"]))) == (422, pointer)
        assert "Not a valid" not in str(problem)
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
    assert entries(desk) == 2
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


def test_a_second_commit_with_another_decision_is_refused_as_too_late(desk: Cast, contractor: Caller) -> None:
    commit(contractor, preview(contractor, desk.site_a, people_file(person(1), person(2))))
    part = preview(contractor, desk.site_a, people_file(person(1)))
    first = commit(contractor, part)
    assert commit(contractor, part, absent="leave") == first
    assert _refused(contractor, part, absent="exit", exited_on="2026-11-20")["code"] == "already_committed"
    assert entries(desk) == 2


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
    previewed = preview(contractor, desk.site_a, people_file(person(1)))
    seals, where = desk.app.extensions["gongdi"].seals, result_aad(previewed["id"])
    with desk.app.app_context(), write() as session:
        roster = session.get_one(Roster, previewed["id"])
        roster.result = seals.seal(where, zstandard.decompress(seals.open(where, roster.result or b"")))
    assert commit(contractor, previewed)["counts"]["added"] == 1


class Killed(Exception):
    """The process dies here."""


PEOPLE = [person(number) for number in range(1, 8)]


def _dies_after(monkeypatch: pytest.MonkeyPatch, parts: int) -> None:
    """Parts of two entries, of which so many are written."""
    monkeypatch.setattr(commit_roster, "PART", 2)
    real, done = read_rosters.write_part, iter(range(parts))

    def dying(*arguments: Any) -> bool:
        if next(done, None) is None:
            raise Killed
        return real(*arguments)

    monkeypatch.setattr(read_rosters, "write_part", dying)


def _begun(desk: Cast, contractor: Caller, monkeypatch: pytest.MonkeyPatch, parts: int) -> dict[str, Any]:
    """A roster of seven whose commit died after so many parts."""
    roster = preview(contractor, desk.site_a, people_file(*PEOPLE))
    with monkeypatch.context() as patch:
        _dies_after(patch, parts)
        with pytest.raises(Killed), desk.app.app_context():
            commit_preview(*_commit_arguments(desk, roster))
    return roster


def _commit_arguments(
    desk: Cast, roster: dict[str, Any], decision: Decision | None = None
) -> tuple[Any, ...]:
    with desk.app.app_context(), read() as session:
        viewer = viewer_of(session, session.get_one(User, desk.users["contractor"]))
    seals = desk.app.extensions["gongdi"].seals
    return seals, viewer, roster["id"], decision or Decision(), desk.clock.now_ms()


def _state(contractor: Caller, roster: dict[str, Any]) -> tuple[str, dict[str, int]]:
    shown = contractor.get(f"/api/v1/rosters/{roster['id']}").get_json()
    return shown["state"], shown["counts"]


@pytest.mark.parametrize("parts", [0, 1, 3])
def test_a_commit_that_dies_goes_on_with_the_next_tick_and_writes_each_person_once(
    desk: Cast, contractor: Caller, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    roster = _begun(desk, contractor, monkeypatch, parts)
    state, counts = _state(contractor, roster)
    assert (state, counts["written"], counts["to_write"]) == ("committing", 2 * parts, 7)
    assert entries(desk) == 2 * parts
    monkeypatch.setattr(commit_roster, "PART", 2)
    for _ in range(2):
        did = tick(desk.app, desk.clock.now_ms())
        assert "failed" not in did["rosters"]
    state, counts = _state(contractor, roster)
    assert (state, counts["added"], counts["refused"]) == ("committed", 7, 0)
    assert entries(desk) == 7
    with desk.app.app_context(), read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Worker)) == 7
        scope = session.get_one(Scope, desk.site_a)
        seals = desk.app.extensions["gongdi"].seals
        assert list(verify_scope(session, seals, scope)) == []
        assert list(check_scope(session, seals, scope.scope_id)) == []


def test_who_presses_again_while_it_is_committed_ends_it_and_no_other_decision_comes_between(
    desk: Cast, contractor: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    roster = _begun(desk, contractor, monkeypatch, 1)
    problem = _refused(contractor, roster, absent="exit", exited_on="2026-11-20")
    assert (problem["status"], problem["code"]) == (409, "already_committed")
    assert entries(desk) == 2
    assert commit(contractor, roster)["counts"]["added"] == 7
    assert commit(contractor, roster)["counts"]["added"] == 7
    assert entries(desk) == 7


def test_the_page_says_how_far_a_commit_is(
    desk: Cast, contractor: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    roster = _begun(desk, contractor, monkeypatch, 2)
    client = desk.app.test_client()
    token = re.search(r'name="form_token" value="([^"]+)"', client.get("/console/login").text)
    assert token is not None
    form = {"name": "contractor", "password": PASSWORD, "form_token": token[1], "next": ""}
    client.post("/console/login", data=form)
    page = client.get(f"/console/rosters/{roster['id']}").text
    assert "正在提交 4 / 7" in page


def test_tablets_write_between_two_parts_and_nothing_of_either_is_lost(
    desk: Cast, contractor: Caller, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tablet = Field(desk, tmp_path).tablet("first")
    roster = preview(contractor, desk.site_a, people_file(*PEOPLE))
    monkeypatch.setattr(commit_roster, "PART", 2)
    real = read_rosters.write_part
    held: list[int] = []

    def between(*arguments: Any) -> bool:
        before = entries(desk)
        more = real(*arguments)
        held.append(before)
        return more

    @contextmanager
    def in_turn() -> Iterator[Any]:
        with write() as session:
            yield session
        tablet.add(f"site:{desk.site_a}", "disinfection_log", LOG)
        assert tablet.sync().ok

    monkeypatch.setattr(read_rosters, "write_part", between)
    monkeypatch.setattr(read_rosters, "write_in_turn", in_turn)
    done = commit(contractor, roster)
    assert done["counts"]["added"] == 7 and len(held) == 4
    assert entries(desk) == 7 + 5, "one log of the tablet after the beginning, and after each part"
    assert len(list(tablet.list("worker"))) == 7


def test_what_changes_while_a_commit_is_judged_is_judged_again(
    desk: Cast, contractor: Caller, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit(contractor, preview(contractor, desk.site_a, people_file(person(1))))
    tablet = Field(desk, tmp_path).tablet("first")
    (worker,) = tablet.list("worker")
    changed = replace(person(1), team="木工二班")
    roster = preview(contractor, desk.site_a, people_file(changed))
    edits = iter([{"phone": "13912345678"}])

    @contextmanager
    def overtaken() -> Iterator[Any]:
        for edit in edits:
            tablet.edit(f"site:{desk.site_a}", worker.id, edit)
            assert tablet.sync().ok
        with write() as session:
            yield session

    monkeypatch.setattr(read_rosters, "write_in_turn", overtaken)
    assert _refused(contractor, roster)["code"] == "preview_stale"
    assert _state(contractor, roster)[0] == "preview"
