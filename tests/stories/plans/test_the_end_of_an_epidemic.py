"""An epidemic ends: duties retire on a date, the site closes, its tablet is retired; history and figures stay."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.reference.load_reference import rules_in_force
from server.base.db import read
from server.models import Device, Flag, Report, Window
from server.rules.calendar import instant_ms
from server.workflows.scheduler import tick
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import missed_flag, planned_field
from tests.stories.forms.conftest import Run
from tests.stories.kinds.desk import at_the_console

LAST, END = "2026-11-29", "2026-11-30"


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


def dates(field: Field, *states: str) -> set[str]:
    """The dates of which the site has windows in these states, without those that nothing is asked of."""
    query = sa.select(Window.local_date).where(
        Window.scope_id == field.cast.site_a, Window.state.in_(states) if states else Window.state != "void"
    )
    with field.app.app_context(), read() as session:
        return set(session.scalars(query))


def test_duties_retire_on_a_date_and_history_reports_and_proofs_stay(field: Field, run: Run) -> None:
    clock, tablet = field.cast.clock, field.tablet("of the site")
    flag = missed_flag(field, tablet)
    clock.set(instant_ms("2026-11-28", "10:00"))
    assert tablet.sync().ok
    tick(field.app, clock.now_ms())
    with field.app.app_context(), read() as session:
        codes = sorted({row["code"] for row in rules_in_force(session).rows["duties"]})
    assert run("duty", "end", "NONE", "--from", END, "--source", "乙类乙管").exit_code != 0
    assert run("duty", "end", *codes, "--from", "2026-11-28", "--source", "乙类乙管").exit_code != 0
    done = run("duty", "end", *codes, "--from", END, "--source", "乙类乙管")
    assert done.exit_code == 0, done.output
    asked_before = {date for date in dates(field) if date <= LAST}
    for time in ("10:30", "11:00"):
        clock.set(instant_ms("2026-11-28", time))
        tick(field.app, clock.now_ms())
    # Of the days from then on nothing is asked; what came before stays as it was.
    assert {date for date in dates(field) if date > LAST} == set()
    assert {date for date in dates(field) if date <= LAST} == asked_before
    # The site's tablet reports in once more, and is retired: it syncs no more.
    clock.set(instant_ms(END, "07:00"))
    assert tablet.sync().ok
    with field.app.app_context(), read() as session:
        device = session.scalars(sa.select(Device.id).where(Device.device_class == "tablet")).one()
    revoked = run("device", "revoke", device)
    assert revoked.exit_code == 0, revoked.output
    assert not tablet.sync().ok
    for day in ("2026-12-01", "2026-12-08"):
        clock.set(instant_ms(day, "08:00"))
        tick(field.app, clock.now_ms())
    with field.app.app_context(), read() as session:
        assert session.scalars(sa.select(Flag).where(Flag.id == flag)).one().duty == "DISINFECT"
        assert {(one.period, one.first_day) for one in session.scalars(sa.select(Report))} == {
            ("week", "2026-11-23"),
            ("month", "2026-11-01"),
        }
    assert dates(field, "missed")
    assert run("verify-log").exit_code == 0
    page = at_the_console(field, "admin").get("/console/plan/notice_2021.2.2.14").text
    assert "已停用" in page and "每类场所每日两次" in page


def test_what_ended_can_begin_again(field: Field, run: Run) -> None:
    assert "有 1 项职责停用" in run("duty", "end", "DISINFECT", "--from", END, "--source", "一").output
    assert (
        "有 1 项职责起用"
        in run("duty", "begin", "DISINFECT", "--from", "2026-12-02", "--source", "二").output
    )
    assert (
        "有 0 项职责起用"
        in run("duty", "begin", "DISINFECT", "--from", "2026-12-02", "--source", "二").output
    )
    tick(field.app, field.cast.clock.now_ms())
    field.cast.clock.set(instant_ms("2026-12-02", "08:00"))
    tick(field.app, field.cast.clock.now_ms())
    query = sa.select(Window.local_date).where(Window.duty == "DISINFECT", Window.state != "void")
    with field.app.app_context(), read() as session:
        asked = set(session.scalars(query))
    assert "2026-12-02" in asked and asked.isdisjoint({END, "2026-12-01"})
