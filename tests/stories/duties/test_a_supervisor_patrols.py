"""A supervisor (监理) walks the site once a week (PATROL): only what a supervisor wrote counts, at the console."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from server.actions.accounts.manage_users import NewUser, add_user
from server.actions.devices.enrol_code import make_code
from server.actions.sites.assign_site import assign_site
from server.base.db import write
from server.base.problems import Problem
from server.models import Site
from server.models.user import User
from tests.server.cast import PASSWORD, Cast
from tests.server.office import Office, Seat
from tests.stories.duties.modes import MONDAY, NEXT_MONDAY, SUNDAY, Asked, asked_site

TUESDAY = "2026-11-24"
ROUND = {"purpose": "routine", "result": "sound"}
FORM = "inspection_round"


@pytest.fixture
def asked(app: Flask, cast: Cast, tmp_path: Path) -> Asked:
    found = asked_site(app, cast, tmp_path)
    seals, now_ms = app.extensions["gongdi"].seals, cast.clock.now_ms()
    with app.app_context(), write() as session:
        user = add_user(session, NewUser("supervisor", "supervisor", PASSWORD, "监理何工"), now_ms)
        cast.users["supervisor"] = user.id
        site = session.get_one(Site, cast.site_a)
        assign_site(session, seals, session.get_one(User, user.id), site, now_ms)
    found.tick("10:00", SUNDAY)
    return found


def seat_of(asked: Asked, name: str) -> Seat:
    return Office(asked.field.app, asked.field.cast).seat(name)


def fills_in(asked: Asked, name: str = "supervisor", code: str = FORM, **body: str) -> int:
    """What the console answers who fills in a form at site A."""
    page = f"sites/{asked.field.cast.site_a}/fill/{code}"
    return int(seat_of(asked, name).send(page, **(body or ROUND)).status_code)


def test_what_a_supervisor_wrote_at_the_console_meets_the_week(asked: Asked) -> None:
    tablet = asked.field.tablet("first")
    asked.now("10:00", TUESDAY)
    assert "巡查" in seat_of(asked, "supervisor").get(f"sites/{asked.field.cast.site_a}/fill")
    assert fills_in(asked) == 303
    assert asked.state("PATROL") == ("met", None)
    asked.report(tablet, "10:00", NEXT_MONDAY)
    assert asked.state("PATROL") == ("met", None)
    assert asked.differences() == []


def test_an_inspectors_round_is_not_the_supervisors(asked: Asked) -> None:
    tablet = asked.field.tablet("first")
    asked.now("10:00", TUESDAY)
    tablet.add(asked.scope, FORM, dict(ROUND))
    asked.report(tablet, "18:00", TUESDAY)
    assert asked.state("PATROL") == ("open", None)
    asked.tick("09:00", NEXT_MONDAY)
    assert asked.state("PATROL") == ("silent", "not_heard")
    asked.report(tablet, "10:00", NEXT_MONDAY)
    assert asked.state("PATROL") == ("missed", "not_done")
    assert asked.flags("PATROL") == ["open"]


def test_a_supervisor_writes_what_is_asked_of_him_and_nothing_else(asked: Asked) -> None:
    site = f"sites/{asked.field.cast.site_a}"
    seat = seat_of(asked, "supervisor")
    assert "宿舍" not in seat.get(f"{site}/fill")
    for name, code in (("supervisor", "gate_check"), ("contractor", FORM)):
        answer = seat_of(asked, name).client.get(f"/console/{site}/fill/{code}")
        assert answer.status_code == 404, (name, code)


def test_a_supervisor_sees_his_sites_and_nobodys_health(asked: Asked) -> None:
    cast = asked.field.cast
    caller = cast.client("supervisor")
    listed = caller.get("/api/v1/sites").get_json()["items"]
    assert [one["id"] for one in listed] == [cast.site_a]
    assert caller.get(f"/api/v1/sites/{cast.site_b}").status_code == 404
    page = seat_of(asked, "supervisor").get(f"sites/{cast.site_a}")
    assert "牧野花园" in page and "病例" not in page
    for path in ("people", "people.xlsx", "records/temperature_check"):
        answer = seat_of(asked, "supervisor").client.get(f"/console/sites/{cast.site_a}/{path}")
        assert answer.status_code in (403, 404), path


def test_a_supervisor_gets_no_tablet(asked: Asked) -> None:
    with asked.field.app.app_context(), write() as session:
        user = session.get_one(User, asked.field.cast.users["supervisor"])
        with pytest.raises(Problem) as refused:
            make_code(session, user, asked.field.cast.clock.now_ms())
    assert refused.value.code == "not_an_inspector"


def test_the_window_is_of_the_week(asked: Asked) -> None:
    (window,) = [one for one in asked.windows("PATROL") if one.local_date == MONDAY]
    assert (window.place, window.closes_ms - window.opens_ms) == ("", 7 * 86_400_000)
