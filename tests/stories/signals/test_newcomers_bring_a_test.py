"""New people on a site have a negative test of the last 48 hours: by rule and date, never by what a tablet still holds."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.actions.reference.load_reference import rules_in_force
from server.actions.sites.head_count import head_count
from server.base.db import read
from server.models import Flag, FlagEvent, SiteSignal
from server.rules.calendar import add_days, instant_ms
from server.workflows.scheduler import tick
from sync_protocol.client.tablet import Tablet
from tests.server.cast import Cast
from tests.stories.field import WORKER, Field
from tests.stories.flags.cast import DAY, planned_field
from tests.stories.kinds.desk import at_the_console

NEXT = add_days(DAY, 1)
IN = {"direction": "in", "method": "manual", "celsius": 36.5, "mask_worn": True}
OUT = {"direction": "out", "method": "manual"}
SAMPLED = f"{add_days(DAY, -1)}T09:00:00+08:00"


@pytest.fixture
def field(app: Flask, cast: Cast, tmp_path: Path) -> Field:
    return planned_field(app, cast, tmp_path)


def at(field: Field, time: str, day: str = DAY) -> None:
    field.cast.clock.set(instant_ms(day, time))


def newcomer(field: Field, tablet: Tablet, since: str = DAY) -> str:
    at(field, "06:00")
    return tablet.add(field.scope, "worker", {**WORKER, "entered_on": since})


def goes(field: Field, tablet: Tablet, worker: str, day: str = DAY) -> None:
    for time, body in (("07:00", IN), ("18:00", OUT)):
        at(field, time, day)
        tablet.add(field.scope, "gate_pass", {**body, "worker": worker})


def brings(
    field: Field, tablet: Tablet, worker: str, sampled: str = SAMPLED, result: str = "negative"
) -> None:
    body = {"worker": worker, "sampled": sampled, "site_of_test": "市中心医院", "result": result}
    tablet.add(field.scope, "entry_test", body)


def watched(field: Field, day: str, *tablets: Tablet) -> tuple[list[str], list[str]]:
    """The days with newcomers without a test, and the states of the flags for it, in the morning of a day."""
    at(field, "00:05", day)
    for tablet in tablets:
        assert tablet.sync().ok
    at(field, "00:10", day)
    tick(field.app, field.cast.clock.now_ms())
    days = sa.select(SiteSignal.local_date).where(SiteSignal.code == "new_untested")
    states = sa.select(Flag.state).where(Flag.duty == "ENTRY-TEST").order_by(Flag.opened_ms)
    with field.app.app_context(), read() as session:
        return list(session.scalars(days)), list(session.scalars(states))


def test_a_newcomer_without_a_test_is_flagged_with_figures(field: Field) -> None:
    tablet = field.tablet("first")
    goes(field, tablet, newcomer(field, tablet))
    assert watched(field, NEXT, tablet) == ([DAY], ["open"])
    query = sa.select(FlagEvent.detail).where(FlagEvent.action == "signal_found")
    with field.app.app_context(), read() as session:
        (detail,) = session.scalars(query)
    assert detail["note"] == (
        f"{DAY} 新进场无核酸证明: 1 名新进场人员中, 1 人首次进场前 48 小时内没有核酸阴性记录。"
    )


def test_a_newcomer_with_a_test_of_the_last_48_hours_is_in_order(field: Field) -> None:
    tablet = field.tablet("first")
    worker = newcomer(field, tablet)
    brings(field, tablet, worker)
    goes(field, tablet, worker)
    assert watched(field, NEXT, tablet) == ([], [])


def test_an_old_test_or_a_positive_one_does_not_serve(field: Field) -> None:
    tablet = field.tablet("first")
    worker = newcomer(field, tablet)
    brings(field, tablet, worker, sampled=f"{add_days(DAY, -3)}T06:00:00+08:00")
    brings(field, tablet, worker, result="positive")
    goes(field, tablet, worker)
    assert watched(field, NEXT, tablet) == ([DAY], ["open"])


def test_who_has_been_on_the_roster_for_long_is_asked_for_nothing(field: Field) -> None:
    tablet = field.tablet("first")
    goes(field, tablet, newcomer(field, tablet, add_days(DAY, -8)))
    assert watched(field, NEXT, tablet) == ([], [])


def test_nobody_is_flagged_while_another_tablet_may_hold_the_test(field: Field) -> None:
    tablet, away = field.tablet("first"), field.tablet("away")
    worker = newcomer(field, tablet)
    assert tablet.sync().ok and away.sync().ok
    at(field, "06:30")
    brings(field, away, worker)
    goes(field, tablet, worker)
    assert watched(field, NEXT, tablet) == ([], []), "away has not reported past the day"
    assert watched(field, add_days(DAY, 2), tablet, away) == ([], [])


def test_a_test_that_is_written_down_long_after_withdraws_the_flag(field: Field) -> None:
    tablet = field.tablet("first")
    worker = newcomer(field, tablet)
    goes(field, tablet, worker)
    assert watched(field, NEXT, tablet) == ([DAY], ["open"])
    at(field, "09:00", add_days(DAY, 9))  # later than the days that are looked through anyway
    assert tablet.sync().ok
    brings(field, tablet, worker)
    assert watched(field, add_days(DAY, 10), tablet) == ([], ["withdrawn"])


def test_the_page_of_the_site_says_how_many_are_new_today_and_lack_a_test(field: Field) -> None:
    tablet = field.tablet("first")
    worker = newcomer(field, tablet)
    at(field, "07:00")
    tablet.add(field.scope, "gate_pass", {**IN, "worker": worker})
    assert tablet.sync().ok
    with field.app.app_context(), read() as session:
        heads = head_count(
            session,
            field.app.extensions["gongdi"].seals,
            rules_in_force(session),
            field.cast.site_a,
            field.cast.clock.now_ms(),
        )
    assert (heads.new_people, heads.new_untested) == (1, 1)
    page = at_the_console(field, "section").get(f"/console/sites/{field.cast.site_a}").text
    assert "其中 1 人首次进场前没有规定时限内的核酸阴性记录" in page
    brings(field, tablet, worker)
    assert tablet.sync().ok
    page = at_the_console(field, "section").get(f"/console/sites/{field.cast.site_a}").text
    assert "今天已知新进场 1 人, 都有规定时限内的核酸阴性记录" in page
