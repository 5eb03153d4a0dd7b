"""Where the alert level turns raised, a drill is asked within three days, besides the one of every two months (DRILL)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.actions.reference.load_reference import tx_of
from server.actions.sites.set_alert import set_alert
from server.base.db import write
from server.base.problems import Problem
from server.models import Window
from server.rules.calendar import instant_ms
from sync_protocol.client.tablet import Tablet
from tests.server.cast import Cast
from tests.stories.duties.modes import SUNDAY, Asked, asked_site

TUESDAY, THURSDAY, SATURDAY = "2026-11-24", "2026-11-26", "2026-11-28"
SHA = hashlib.sha256(b"drill").hexdigest()
MEDIA = [{"sha256": SHA, "bytes": 5, "type": "image/jpeg"}]


@pytest.fixture
def asked(app: Flask, cast: Cast, tmp_path: Path) -> Asked:
    found = asked_site(app, cast, tmp_path)
    found.tick("10:00", SUNDAY)
    return found


def alert(asked: Asked, level: str, time: str = "10:00", date: str = TUESDAY) -> bool:
    asked.now(time, date)
    app, cast = asked.field.app, asked.field.cast
    seals, now_ms = app.extensions["gongdi"].seals, cast.clock.now_ms()
    with app.app_context(), write() as session:
        return set_alert(tx_of(session, seals, now_ms), cast.site_a, level, "辖区出现病例")


def drills(asked: Asked, tablet: Tablet, time: str, date: str) -> None:
    asked.now(time, date)
    body: dict[str, Any] = {
        **{"topic": "发现发热人员", "started": f"{date}T08:00:00+08:00", "minutes": 60, "persons": 8},
        **{"found": "无", "improved": "无", "photo": [SHA]},
    }
    tablet.add(asked.scope, "drill", body, media=MEDIA)


def raised(asked: Asked) -> list[Window]:
    return [one for one in asked.windows("DRILL") if one.slot == "raised"]


def test_the_level_opens_a_window_until_the_end_of_the_third_day(asked: Asked) -> None:
    assert alert(asked, "raised")
    (window,) = raised(asked)
    assert (window.opens_ms, window.due_ms) == (
        instant_ms(TUESDAY, "10:00"),
        instant_ms(SATURDAY, "00:00"),
    )
    assert window.state == "open"
    asked.tick("11:00", TUESDAY)
    assert [one.state for one in raised(asked)] == ["open"]


def test_a_drill_in_time_meets_it_and_the_one_of_two_months(asked: Asked) -> None:
    tablet = asked.field.tablet("first")
    alert(asked, "raised")
    drills(asked, tablet, "09:30", THURSDAY)
    asked.report(tablet, "18:00", THURSDAY)
    assert {one.slot: one.state for one in asked.windows("DRILL") if one.state == "met"} == {
        "raised": "met",
        "period": "met",
    }
    asked.report(tablet, "10:00", SATURDAY)
    later = [one for one in asked.windows("DRILL") if one.slot == "period"]
    assert [one.local_date for one in later][-1] == "2026-11-27"  # the next one runs from the drill
    assert asked.differences() == []


def test_a_drill_before_the_level_rose_is_not_one_for_it(asked: Asked) -> None:
    tablet = asked.field.tablet("first")
    drills(asked, tablet, "09:30", TUESDAY)
    alert(asked, "raised")
    asked.report(tablet, "10:05", SATURDAY)
    (window,) = raised(asked)
    assert (window.state, window.reason) == ("missed", "not_done")
    assert asked.flags("DRILL") == ["open"]


def test_nobody_is_accused_before_the_tablet_has_reported(asked: Asked) -> None:
    alert(asked, "raised")
    asked.tick("10:00", SATURDAY)
    assert [(one.state, one.reason) for one in raised(asked)] == [("silent", "not_heard")]


def test_a_level_that_is_there_already_asks_for_nothing_more(asked: Asked) -> None:
    assert alert(asked, "raised")
    assert not alert(asked, "raised", "11:00")
    assert alert(asked, "normal", "12:00")
    assert len(raised(asked)) == 1
    assert alert(asked, "raised", "13:00")
    assert len(raised(asked)) == 1  # once a day
    assert alert(asked, "normal", "14:00")
    assert alert(asked, "raised", "09:00", THURSDAY)
    assert len(raised(asked)) == 2


def test_a_level_that_nobody_knows_is_refused(asked: Asked) -> None:
    with pytest.raises(Problem):
        alert(asked, "highest")
