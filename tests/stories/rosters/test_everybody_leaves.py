"""The works are complete: a contractor signs everybody out with one date, after she has seen how many they are and who is
still inside. Who has an open case is health data, which the section learns of and she does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from server.base.clock import to_iso
from server.base.db import read
from server.models import Notice
from server.rules.calendar import add_days, local_date_of
from tests.server.cast import Caller, Cast
from tests.server.office import Office, Seat
from tests.server.rosters.people import person
from tests.stories.cases.children import REPORTS
from tests.stories.field import Field
from tests.stories.rosters.uploads import commit, entries, people_file, preview

PEOPLE = [person(number) for number in range(1, 5)]


@pytest.fixture
def crew(desk: Cast, contractor: Caller) -> Cast:
    """Four people of company A are at site A."""
    commit(contractor, preview(contractor, desk.site_a, people_file(*PEOPLE)))
    return desk


def today(desk: Cast) -> str:
    return local_date_of(desk.clock.now_ms())


def leaving(caller: Caller, site: str) -> dict[str, Any]:
    answer = caller.post(f"/api/v1/sites/{site}/rosters/leaving")
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.get_json()
    return shown


def notified(desk: Cast, what: str) -> dict[str, str]:
    """Who was notified of this in the console, with the detail."""
    names = {user_id: name for name, user_id in desk.users.items()}
    query = sa.select(Notice.user_id, Notice.detail).where(Notice.what == what, Notice.channel_id.is_(None))
    with desk.app.app_context(), read() as session:
        return {names[user_id]: detail for user_id, detail in session.execute(query)}


def seat(desk: Cast) -> Seat:
    return Office(desk.app, desk).seat("contractor")


def test_everybody_is_signed_out_with_one_date(crew: Cast, contractor: Caller) -> None:
    roster = leaving(contractor, crew.site_a)
    assert (roster["state"], roster["counts"]["absent"]) == ("preview", 4)
    assert entries(crew) == 4, "nothing has changed yet"
    done = commit(contractor, roster, absent="exit", exited_on=today(crew))
    assert done["counts"]["exited"] == 4
    again = contractor.post(f"/api/v1/sites/{crew.site_a}/rosters/leaving")
    assert (again.status_code, again.get_json()["code"]) == (409, "nobody_here")
    assert notified(crew, "left_with_case") == {}


def test_the_page_says_how_many_they_are_and_who_is_inside(crew: Cast, tmp_path: Path) -> None:
    tablet = Field(crew, tmp_path).tablet("first")
    workers = {str(item.body["name"]): item.id for item in tablet.list("worker")}
    for who, directions in ((PEOPLE[0], ("in",)), (PEOPLE[1], ("in", "out"))):
        for direction in directions:
            crew.clock.advance(60_000)
            said = {"worker": workers[who.name], "direction": direction, "method": "face"}
            tablet.add(f"site:{crew.site_a}", "gate_pass", said)
    assert tablet.sync().ok
    page = f"sites/{crew.site_a}/roster"
    answer = seat(crew).send(page, f"{page}/leaving")
    assert answer.status_code == 303
    shown = seat(crew).get(answer.headers["Location"].removeprefix("/console/"))
    assert "<strong>4</strong> 人将登记退场" in shown and "有 1 人现在还在里面" in shown
    alert = shown[shown.index("现在还在里面") : shown.index("平板还没有同步")]
    assert PEOPLE[0].name in alert and PEOPLE[1].name not in alert
    assert PEOPLE[0].certificate_number not in shown


def test_the_date_is_asked_for_and_kept_when_it_cannot_be(crew: Cast) -> None:
    page = f"sites/{crew.site_a}/roster"
    roster = seat(crew).send(page, f"{page}/leaving").headers["Location"].removeprefix("/console/")
    for day in ("", "2026-02-30", add_days(today(crew), 1)):
        refused = seat(crew).send(roster, f"{roster}/commit", absent="exit", exited_on=day)
        assert refused.status_code == 422 and "exited_on-message" in refused.text
        assert "登记 4 人退场" in refused.text
    assert (
        seat(crew).send(roster, f"{roster}/commit", absent="exit", exited_on=today(crew)).status_code == 303
    )
    assert "登记退场 4 人" in seat(crew).get(roster)


def test_nobody_leaves_before_a_pass_that_came_later(crew: Cast, contractor: Caller, tmp_path: Path) -> None:
    tablet = Field(crew, tmp_path).tablet("first")
    workers = {str(item.body["name"]): item.id for item in tablet.list("worker")}
    said = {"worker": workers[PEOPLE[2].name], "direction": "in", "method": "face"}
    tablet.add(f"site:{crew.site_a}", "gate_pass", said)
    assert tablet.sync().ok
    roster = leaving(contractor, crew.site_a)
    yesterday = add_days(today(crew), -1)
    path = f"/api/v1/rosters/{roster['id']}/commit"
    refused = contractor.post(path, json={"absent": "exit", "exited_on": yesterday})
    assert refused.status_code == 422 and PEOPLE[2].name in refused.get_json()["detail"]
    assert entries(crew) == 5, "all leave, or nobody does"


def test_the_section_learns_that_somebody_with_an_open_case_left_and_the_company_not_who(
    crew: Cast, contractor: Caller, tmp_path: Path
) -> None:
    tablet = Field(crew, tmp_path).tablet("first")
    workers = {str(item.body["name"]): item.id for item in tablet.list("worker")}
    reported = dict.fromkeys(REPORTS, to_iso(crew.clock.now_ms()))
    case = {"worker": workers[PEOPLE[3].name], "cause": "travel", **reported}
    tablet.add(f"site:{crew.site_a}", "case", case)
    assert tablet.sync().ok and tablet.refused() == []
    roster = leaving(contractor, crew.site_a)
    page = seat(crew).get(f"rosters/{roster['id']}")
    form = page[page.index("<h2>全部退场</h2>") : page.index("所有人的退场日期")]
    assert "主管科室会收到提醒" in form and PEOPLE[3].name not in form, (
        "it says so whether there is a case or not"
    )
    commit(contractor, roster, absent="exit", exited_on=today(crew))
    assert notified(crew, "left_with_case") == {"section": "牧野花园: 1 人"}


def test_only_the_company_itself_signs_its_people_out(crew: Cast) -> None:
    path = f"/api/v1/sites/{crew.site_a}/rosters/leaving"
    for name, status in (("competitor", 404), ("section", 403), ("inspector", 403), ("admin", 403)):
        assert crew.client(name).post(path).status_code == status, name
    assert "全部退场" not in Office(crew.app, crew).seat("section").get(f"sites/{crew.site_a}/roster")
