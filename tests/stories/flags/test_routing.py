"""Which unit a flag goes to is data, by duty, district and kind of site; a company never reviews its own sites; and what
nobody dealt with reaches the leader who answers for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.actions.accounts.manage_users import NewUser, add_user
from server.actions.audit.verify_flags import flag_faults
from server.actions.reference.edit_rows import NewRow, RowsRefused, edit_rows
from server.actions.reference.load_reference import tx_of
from server.base.db import read, write
from server.models import Site
from server.models.scope import Scope
from server.rules.calendar import instant_ms
from server.workflows.scheduler import tick
from tests.server.cast import PASSWORD, Cast
from tests.stories.field import Field
from tests.stories.flags.cast import act, at, missed_flag, notices, planned_field, show

HOUR_MS = 3_600_000
ROUTE = {"source": "测试", "mark": "P", "from": "2021-12-01", "to": None}


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


def _set(field: Field, noun: str, *rows: dict[str, Any]) -> None:
    with field.app.app_context(), write() as session:
        tx = tx_of(session, field.app.extensions["gongdi"].seals, field.cast.clock.now_ms())
        edit_rows(tx, [NewRow(noun, {**ROUTE, **row}) for row in rows])


def _user(field: Field, name: str, unit: str, display_name: str) -> None:
    with field.app.app_context(), write() as session:
        user = add_user(
            session, NewUser(name, "section", PASSWORD, display_name, unit=unit), field.cast.clock.now_ms()
        )
        field.cast.users[name] = user.id


def test_a_row_sends_the_flags_of_a_duty_to_another_unit_whose_move_they_are(field: Field) -> None:
    _user(field, "planner", "guihua", "规划科郑科员")
    _set(
        field,
        "routing",
        {"code": "kind", "site_kind": "construction", "unit": "zhijianzhan"},
        {"code": "duty", "duty": "DISINFECT", "district": "410702", "unit": "guihua"},
    )
    flag = missed_flag(field)
    assert show(field.cast.client("section"), flag)["unit"] == "guihua"
    assert act(field.cast.client("section"), flag, "acknowledge").status_code == 403
    assert act(field.cast.client("planner"), flag, "acknowledge").status_code == 200
    with field.app.app_context(), read() as session:
        scope = session.get_one(Scope, field.cast.site_a)
        assert list(flag_faults(session, field.app.extensions["gongdi"].seals, scope)) == []


def test_a_row_that_ends_or_is_for_another_district_changes_nothing(field: Field) -> None:
    _set(
        field,
        "routing",
        {"code": "past", "duty": "DISINFECT", "unit": "guihua", "to": "2026-11-01"},
        {"code": "elsewhere", "district": "410704", "unit": "guihua"},
    )
    flag = missed_flag(field)
    assert show(field.cast.client("section"), flag)["unit"] == "zhian"


def test_a_company_reviews_neither_its_own_sites_nor_those_that_are_sent_to_it(field: Field) -> None:
    with field.app.app_context(), write() as session:
        session.get_one(Site, field.cast.site_a).unit = "shizheng"
    _set(field, "routing", {"code": "own", "duty": "DISINFECT", "unit": "shizheng"})
    flag = missed_flag(field)
    company = field.cast.client("company")
    assert show(company, flag)["unit"] == "zhian", "what never reviews is passed over"
    for move in ("acknowledge", "order_rectification", "transfer", "close"):
        assert act(company, flag, move).status_code == 403
    assert act(field.cast.client("section"), flag, "acknowledge").status_code == 200


def test_a_row_that_names_what_is_not_there_is_refused(field: Field) -> None:
    for row in ({"duty": "NOWHERE", "unit": "zhian"}, {"duty": "TEMP", "unit": "nobody"}, {"unit": "zhian"}):
        with pytest.raises(RowsRefused):
            _set(field, "routing", {"code": "wrong", **row})


def _ignored(field: Field) -> None:
    """Missed on the first day of the policy with a leader, then silent, and nobody acts; the scheduler runs all the time."""
    first = "2026-12-01"
    field.cast.clock.set(instant_ms(first, "08:00"))
    tablet = field.tablet("first")
    at(field, "08:01", first)
    field.cast.clock.set(instant_ms(first, "12:40"))
    assert tablet.sync().ok
    for _ in range(90):
        tick(field.app, field.cast.clock.now_ms())
        field.cast.clock.advance(HOUR_MS)


def test_what_nobody_dealt_with_reaches_the_leader_of_the_unit(field: Field) -> None:
    _user(field, "leader", "zhian", "王晓河")
    _ignored(field)
    assert "step_leader" in notices(field, "leader")
    assert "step_leader" not in notices(field, "section")
    assert "leader_unknown" not in notices(field, "admin")


def test_a_leader_without_an_account_is_reported_to_the_administrators(field: Field) -> None:
    _ignored(field)
    assert "leader_unknown" in notices(field, "admin")
