"""A suspension or a holiday that is entered later changes existing windows, with the reason."""

from __future__ import annotations

from flask import Flask

from server.actions.reference.load_reference import tx_of
from server.actions.sites.edit_places import Editing, add_place
from server.actions.sites.suspend_site import NewSuspension, resume_site, suspend_site
from server.base.db import write
from server.models import Record, Site, Window
from tests.server.planning import (
    HOUR_MS,
    MIDNIGHT_MS,
    add_holiday,
    make,
    new_site,
    seals_of,
    window,
    windows,
)

NOON_MS = MIDNIGHT_MS + 12 * HOUR_MS


def test_a_holiday_added_afterwards_excuses_its_windows_where_nobody_lives(app: Flask) -> None:
    site = new_site(app)
    make(app, MIDNIGHT_MS)
    with app.app_context(), write() as session:
        add_holiday(session, "2026-11-24", MIDNIGHT_MS)
    assert make(app, MIDNIGHT_MS)["revised"] > 0
    resting = window(app, site, "DISINFECT", "rest_room", "2026-11-24", "morning")
    assert (resting.state, resting.reason, resting.check_ms) == ("excused", "rest_day", None)
    assert window(app, site, "DISINFECT", "canteen", "2026-11-24", "morning").state == "open"
    assert window(app, site, "DISINFECT", "rest_room", "2026-11-23", "morning").state == "open"


def test_a_suspension_at_noon_excuses_what_opens_later_and_not_what_was_open(app: Flask) -> None:
    site = new_site(app)
    make(app, MIDNIGHT_MS)
    _suspend(app, site, now_ms=NOON_MS)
    make(app, NOON_MS)
    assert window(app, site, "DISINFECT", "rest_room", "2026-11-23", "morning").state == "open"
    afternoon = window(app, site, "DISINFECT", "rest_room", "2026-11-23", "afternoon")
    assert (afternoon.state, afternoon.reason) == ("excused", "suspended: 王某, 大风")


def test_windows_of_a_suspension_withdrawn_before_they_open_are_asked_again(app: Flask) -> None:
    site = new_site(app)
    make(app, MIDNIGHT_MS)
    _suspend(app, site, now_ms=NOON_MS)
    make(app, NOON_MS)
    with app.app_context(), write() as session:
        assert resume_site(session, seals_of(app), NOON_MS, session.get_one(Site, site)) == 1
        assert resume_site(session, seals_of(app), NOON_MS, session.get_one(Site, site)) == 0
    make(app, NOON_MS)
    afternoon = window(app, site, "DISINFECT", "rest_room", "2026-11-23", "afternoon")
    assert (afternoon.state, afternoon.check_ms) == ("open", afternoon.deadline_ms)


def test_a_suspension_approved_late_takes_what_was_missed_to_review(app: Flask) -> None:
    site = new_site(app)
    make(app, MIDNIGHT_MS)
    key = window(app, site, "DISINFECT", "rest_room", "2026-11-23", "afternoon").id
    with app.app_context(), write() as session:
        session.get_one(Window, (site, key)).state = "missed"
    three_days_later_ms = NOON_MS + 72 * HOUR_MS
    _suspend(app, site, now_ms=three_days_later_ms)
    make(app, three_days_later_ms)
    missed = window(app, site, "DISINFECT", "rest_room", "2026-11-23", "afternoon")
    assert (missed.state, missed.check_ms) == ("review", three_days_later_ms)


def test_a_stage_that_changes_today_says_nothing_of_windows_that_opened_before(app: Flask) -> None:
    site = new_site(app)
    make(app, MIDNIGHT_MS)
    with app.app_context(), write() as session:
        row = session.get_one(Site, site)
        row.stage, row.planned_stamp = "stopped", ""
    make(app, NOON_MS)
    assert window(app, site, "DISINFECT", "rest_room", "2026-11-23", "morning").state == "open"
    assert window(app, site, "DISINFECT", "rest_room", "2026-11-23", "afternoon").reason == "stopped"


def test_a_suspended_site_says_so_in_its_record(app: Flask) -> None:
    site = new_site(app)
    _suspend(app, site, now_ms=NOON_MS)
    with app.app_context(), write() as session:
        assert "大风" in session.get_one(Record, (site, site)).body.decode()


def test_windows_of_a_site_that_is_completed_are_void_from_then_on(app: Flask) -> None:
    site = new_site(app)
    make(app, MIDNIGHT_MS)
    with app.app_context(), write() as session:
        row = session.get_one(Site, site)
        row.stage, row.planned_stamp = "completed", ""
    make(app, NOON_MS)
    later = {(one.state, one.check_ms) for one in windows(app, site) if one.opens_ms > NOON_MS}
    assert later == {("void", None)}


def test_a_place_added_at_noon_owes_nothing_for_the_morning(app: Flask) -> None:
    site = new_site(app)
    make(app, MIDNIGHT_MS)
    with app.app_context(), write() as session:
        add_place(Editing(tx_of(session, seals_of(app), NOON_MS), site), "toilet", "厕所")
    asked = [
        one.slot for one in windows(app, site) if (one.place, one.local_date) == ("toilet", "2026-11-23")
    ]
    assert asked == ["afternoon"]


def _suspend(app: Flask, site: str, now_ms: int) -> None:
    with app.app_context(), write() as session:
        row = session.get_one(Site, site)
        suspend_site(session, seals_of(app), now_ms, row, NewSuspension(NOON_MS, "王某", "大风"))
