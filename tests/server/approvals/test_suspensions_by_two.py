"""A site's work is suspended when a second person approves; one person resumes it."""

from __future__ import annotations

import pytest

from server.base.db import read
from server.models import Suspension
from server.models.site import suspensions_of
from server.rules.calendar import instant_ms
from tests.server.office import Office, refusal_of

GOOD = {
    "from": "2026-11-24",
    "to": "2026-12-24",
    "document": "新建停〔2026〕3号",
    "reason": "扬尘管控停工",
}


def suspensions(office: Office, site: str) -> list[Suspension]:
    with office.app.app_context(), read() as session:
        return suspensions_of(session, [site])[site]


def proposed_at(office: Office, name: str, site: str, **changed: str) -> str:
    """The page of the proposal that somebody makes."""
    seat = office.seat(name)
    answer = seat.send(f"sites/{site}/suspensions", **{**GOOD, **changed})
    assert answer.status_code == 303, answer.text
    return seat.get("proposals").partition('href="/console/proposals/')[2].partition('"')[0]


def test_a_section_proposes_and_an_administrator_approves_and_the_windows_are_planned_again(
    office: Office,
) -> None:
    site = office.cast.site_a
    page = f"proposals/{proposed_at(office, 'section', site)}"
    own = office.seat("section").send(page, f"{page}/decide", verdict="approve")
    assert refusal_of(own) == "second_person_needed"
    assert suspensions(office, site) == []
    assert office.seat("admin").send(page, f"{page}/decide", verdict="approve").status_code == 303
    (row,) = suspensions(office, site)
    assert "一项提议等第二人批准" in office.seat("deputy").get("notices")
    assert (row.from_ms, row.to_ms) == (instant_ms("2026-11-24", "00:00"), instant_ms("2026-12-24", "00:00"))
    assert (row.approved_by, row.reason) == ("管理员 批准, 新建停〔2026〕3号", "扬尘管控停工")
    here = f"sites/{site}/suspensions"
    section = office.seat("section")
    assert "将停工" in section.get(here)
    office.cast.clock.set(instant_ms("2026-11-25", "09:00"))
    section = office.seat("section")
    assert "停工中" in section.get(here)
    assert section.send(here, f"sites/{site}/resume").status_code == 303
    assert suspensions(office, site)[0].to_ms == office.cast.clock.now_ms()


def test_another_districts_section_sees_neither_the_site_nor_the_proposal(office: Office) -> None:
    site = office.cast.site_b
    page = f"proposals/{proposed_at(office, 'admin', site)}"
    section = office.seat("section")
    section.get(f"sites/{site}/suspensions", 404)
    section.get(page, 404)
    assert "凤泉新城" not in section.get("proposals")
    assert section.send("password", f"sites/{site}/suspensions", **GOOD).status_code == 404
    assert section.send("password", f"sites/{site}/resume").status_code == 404
    assert section.send("password", f"{page}/decide", verdict="approve").status_code == 404


def test_whoever_handed_out_the_others_password_is_no_second_person(office: Office) -> None:
    site, user = office.cast.site_a, office.cast.users["section"]
    page = f"proposals/{proposed_at(office, 'section', site)}"
    office.seat("admin").send(f"admin/users/{user}", f"admin/users/{user}/password")
    assert "批准, 使之生效" not in office.seat("admin").get(page)
    answer = office.seat("admin").send("proposals", f"{page}/decide", verdict="approve")
    assert (answer.status_code, refusal_of(answer)) == (409, "not_independent")
    own = f"proposals/{proposed_at(office, 'admin', site, reason='另一次停工')}"
    assert suspensions(office, site) == []
    assert office.seat("deputy").send(own, f"{own}/decide", verdict="approve").status_code == 303


@pytest.mark.parametrize("name", ["contractor", "inspector", "company"])
def test_whoever_does_not_judge_the_site_suspends_nothing(office: Office, name: str) -> None:
    seat, site = office.seat(name), office.cast.site_a
    seat.get(f"sites/{site}/suspensions", 404)
    assert seat.send("password", f"sites/{site}/suspensions", **GOOD).status_code == 404
    assert seat.send("password", f"sites/{site}/resume").status_code == 404


@pytest.mark.parametrize(
    "changed",
    [
        {"from": "2026-02-30"},
        {"from": ""},
        {"from": "26-1-1"},
        {"to": "2026-11-24"},
        {"to": "soon"},
        {"document": ""},
        {"document": "x" * 31},
        {"reason": "停"},
        {"reason": "x" * 201},
    ],
)
def test_a_suspension_that_cannot_be_is_refused_with_what_was_typed(
    office: Office, changed: dict[str, str]
) -> None:
    page = f"sites/{office.cast.site_a}/suspensions"
    answer = office.seat("admin").send(page, **{**GOOD, **changed})
    assert (answer.status_code, refusal_of(answer)) == (422, "invalid_input")
    assert "扬尘管控停工" in answer.text or "reason" in changed
