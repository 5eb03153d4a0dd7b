"""Two dormitories of a site: each has its own line today, its own log, and is written by its id."""

from __future__ import annotations

import sqlalchemy as sa
from playwright.sync_api import expect

from server.actions.reference.load_reference import tx_of
from server.actions.sites.edit_places import Editing, add_place, close_place, rename_place
from server.base.db import read, write
from server.models import Place
from tests.field_app.conftest import bodies, elsewhere
from tests.field_app.inspector import Inspector, log_disinfection


def _edit(inspector: Inspector, what: str, *given: str) -> str:
    """An administrator changes the places of the site now. Gives the place's id."""
    field = inspector.field
    seals, now_ms = field.app.extensions["gongdi"].seals, field.cast.clock.now_ms()
    act = {"add": add_place, "rename": rename_place, "close": close_place}[what]
    with field.app.app_context(), write() as session:
        return str(act(Editing(tx_of(session, seals, now_ms), field.cast.site_a), *given).id)


def test_each_dormitory_has_its_own_line_and_its_own_log(inspector: Inspector) -> None:
    two = _edit(inspector, "add", "dormitory", "二号宿舍")
    page = inspector.enrol()
    inspector.open("今日")
    for title in ("一号宿舍消毒", "二号宿舍消毒"):
        expect(page.locator(".dues li", has_text=title).first).to_be_attached()
    inspector.open("消毒")
    page.get_by_role("button", name="二号宿舍").click()
    with inspector.cut_off():
        log_disinfection(page)
        inspector.open("今日")
    inspector.sync()
    inspector.expect_unsent(0)
    logs = elsewhere(inspector.field, "disinfection_log")
    assert bodies(logs, "place", "place_name", "place_id") == [("dormitory", "二号宿舍", two)]


def test_a_record_is_shown_at_the_place_that_it_is_about_and_not_at_the_other(inspector: Inspector) -> None:
    one = _place(inspector, "一号宿舍")
    page = inspector.enrol()
    inspector.open("消毒")
    page.get_by_role("button", name="一号宿舍").click()
    log_disinfection(page)
    inspector.sync()
    inspector.expect_unsent(0)
    _edit(inspector, "add", "dormitory", "二号宿舍")
    _edit(inspector, "rename", one, "东楼")
    inspector.sync()
    inspector.open("消毒")
    expect(page.get_by_role("button", name="东楼")).to_contain_text(":")  # when it was done
    expect(page.get_by_role("button", name="二号宿舍")).not_to_contain_text(":")
    _edit(inspector, "close", one)
    inspector.sync()
    expect(page.get_by_role("button", name="东楼")).to_have_count(0)


def _place(inspector: Inspector, name: str) -> str:
    with inspector.field.app.app_context(), read() as session:
        return next(place.id for place in session.scalars(sa.select(Place)) if place.name == name)
