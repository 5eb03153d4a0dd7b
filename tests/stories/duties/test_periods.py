"""Duties of periods: the roster confirmed every week, the daily zero report by 17:00, a drill at least every two months."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.actions.sites.suspend_site import NewSuspension, suspend_site
from server.base.db import write
from server.models import Site
from server.rules.calendar import instant_ms
from server.workflows.scheduler import tick
from tests.server.cast import Cast
from tests.stories.duties.modes import LABEL, MONDAY, NEXT_MONDAY, Asked, asked_site, sheets

TUESDAY, FRIDAY = "2026-11-24", "2026-11-27"
SAID: list[dict[str, Any]] = [{"type": "acknowledge", "name": "ok", LABEL: "属实", "required": "yes"}]
OK = {"ok": True}


def site_with(app: Flask, cast: Cast, folder: Path, **duty: str) -> Asked:
    row = {"code": "DUTY", "name": "职责", "judging": "period", **duty}
    return asked_site(app, cast, folder, sheets("confirmation", SAID, row))


def test_a_confirmation_meets_its_week_and_no_other(app: Flask, cast: Cast, tmp_path: Path) -> None:
    asked = site_with(app, cast, tmp_path, every="weeks 1")
    tablet = asked.field.tablet("first")
    asked.now("10:00", TUESDAY)
    tablet.add(asked.scope, "confirmation", OK)
    asked.report(tablet, "18:00", FRIDAY)
    assert asked.state("DUTY") == ("met", None)
    asked.report(tablet, "10:00", NEXT_MONDAY)
    assert asked.state("DUTY", NEXT_MONDAY) == ("open", None)
    asked.report(tablet, "18:00", "2026-12-04")
    asked.report(tablet, "18:00", "2026-12-07")
    assert asked.state("DUTY", NEXT_MONDAY) == ("missed", "not_done")
    assert asked.flags("DUTY") == ["open"]
    assert asked.differences() == []


def test_a_confirmation_that_comes_after_the_week_was_missed_goes_to_review(
    app: Flask, cast: Cast, tmp_path: Path
) -> None:
    asked = site_with(app, cast, tmp_path, every="weeks 1")
    tablet = asked.field.tablet("first")
    asked.report(tablet, "18:00", FRIDAY)
    asked.report(tablet, "10:00", NEXT_MONDAY)
    assert asked.state("DUTY") == ("missed", "not_done")
    asked.now("11:00", NEXT_MONDAY)
    tablet.add(asked.scope, "confirmation", OK, observed_ms=instant_ms("2026-11-29", "20:00"))
    asked.report(tablet, "12:00", NEXT_MONDAY)
    assert asked.state("DUTY") == ("review", "evidence_after_missed")


def test_a_daily_report_is_due_at_its_hour(app: Flask, cast: Cast, tmp_path: Path) -> None:
    asked = site_with(app, cast, tmp_path, every="days 1 due 17:00 grace 30")
    tablet = asked.field.tablet("first")
    (monday,) = [one for one in asked.windows("DUTY") if one.local_date == MONDAY]
    assert (monday.due_ms, monday.deadline_ms) == (instant_ms(MONDAY, "17:00"), instant_ms(MONDAY, "17:30"))
    asked.now("17:10", MONDAY)
    tablet.add(asked.scope, "confirmation", OK)
    asked.report(tablet, "18:00", MONDAY)
    assert asked.state("DUTY") == ("done_late", None)
    asked.report(tablet, "18:00", TUESDAY)
    assert asked.state("DUTY", TUESDAY) == ("missed", "not_done")


def test_a_suspension_of_more_than_half_of_the_week_excuses_it(
    app: Flask, cast: Cast, tmp_path: Path
) -> None:
    asked = site_with(app, cast, tmp_path, every="weeks 1")
    asked.tick("08:00", TUESDAY)
    _suspend(asked, TUESDAY, FRIDAY)
    assert asked.state("DUTY") == ("open", None)
    _suspend(asked, "2026-11-27", "2026-11-28")
    assert asked.state("DUTY")[0] == "excused"


def _suspend(asked: Asked, first: str, last: str) -> None:
    seals, now_ms = asked.field.app.extensions["gongdi"].seals, asked.field.cast.clock.now_ms()
    with asked.field.app.app_context(), write() as session:
        site = session.get_one(Site, asked.field.cast.site_a)
        from_ms, to_ms = instant_ms(first, "00:00"), instant_ms(last, "00:00")
        suspend_site(session, seals, now_ms, site, NewSuspension(from_ms, "王某", "大风", to_ms))
    tick(asked.field.app, now_ms)


def test_the_next_drill_is_due_two_months_after_the_last_one(app: Flask, cast: Cast, tmp_path: Path) -> None:
    asked = site_with(app, cast, tmp_path, rolling="months 2")
    tablet = asked.field.tablet("first")
    (first,) = asked.windows("DUTY")
    assert (first.local_date, first.due_ms) == (MONDAY, instant_ms("2027-01-23", "00:00"))
    asked.now("10:00", FRIDAY)
    tablet.add(asked.scope, "confirmation", OK)
    asked.report(tablet, "18:00", FRIDAY)
    asked.tick("01:00", "2026-11-28")
    first, second = asked.windows("DUTY")
    assert (first.state, second.state) == ("met", "open")
    assert (second.local_date, second.due_ms) == ("2026-11-28", instant_ms("2027-01-28", "00:00"))
    asked.tick("01:00", "2026-11-29")
    assert len(asked.windows("DUTY")) == 2


def test_a_drill_that_was_not_held_is_asked_again(app: Flask, cast: Cast, tmp_path: Path) -> None:
    asked = site_with(app, cast, tmp_path, rolling="weeks 1")
    tablet = asked.field.tablet("first")
    asked.report(tablet, "18:00", FRIDAY)
    asked.report(tablet, "10:00", NEXT_MONDAY)
    assert [(one.local_date, one.state) for one in asked.windows("DUTY")] == [
        (MONDAY, "missed"),
        (NEXT_MONDAY, "open"),
    ]


@pytest.mark.parametrize("person", ["inspector", "other"])
def test_only_records_that_fit_the_condition_count(
    app: Flask, cast: Cast, tmp_path: Path, person: str
) -> None:
    survey = [
        {"type": "select_one who", "name": "who", LABEL: "由谁", "required": "yes"},
    ]
    duty = {
        "code": "DUTY",
        "name": "职责",
        "judging": "period",
        "every": "weeks 1",
        "when": "${who} = 'inspector'",
    }
    given = sheets("confirmation", survey, duty)
    names = (("inspector", "检查员"), ("other", "其他"))
    given["choices"] = [{"list_name": "who", "name": name, LABEL: label} for name, label in names]
    asked = asked_site(app, cast, tmp_path, given)
    tablet = asked.field.tablet("first")
    asked.now("10:00", TUESDAY)
    tablet.add(asked.scope, "confirmation", {"who": person})
    asked.report(tablet, "18:00", TUESDAY)
    assert asked.state("DUTY")[0] == ("met" if person == "inspector" else "open")
