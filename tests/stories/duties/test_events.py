"""Every X needs a Y: a fever its retest, a trip to a risk area its case, a finding its answer at the same place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from sync_protocol.client.tablet import Tablet
from tests.server.cast import Cast
from tests.stories.duties.modes import LABEL, MONDAY, PLACE, Asked, asked_site, sheets
from tests.stories.field import WORKER

TUESDAY = "2026-11-24"
RETEST, TRIP = "RETEST", "TRAVEL-CASE"


@pytest.fixture
def asked(app: Flask, cast: Cast, tmp_path: Path) -> Asked:
    return asked_site(app, cast, tmp_path)


def person(asked: Asked, tablet: Tablet) -> str:
    asked.now("07:00", MONDAY)
    worker = tablet.add(asked.scope, "worker", WORKER)
    assert tablet.sync().ok and tablet.refused() == []
    return worker


def measured(
    asked: Asked, tablet: Tablet, worker: str, time: str, celsius: float, slot: str = "before_work"
) -> str:
    asked.now(time, MONDAY)
    body = {"worker": worker, "celsius": celsius, "slot": slot, "point": "gate"}
    return tablet.add(asked.scope, "temperature_check", body)


def test_a_fever_asks_for_a_retest_and_the_retest_answers_it(asked: Asked) -> None:
    tablet = asked.field.tablet("first")
    worker = person(asked, tablet)
    measured(asked, tablet, worker, "08:00", 36.5)
    fever = measured(asked, tablet, worker, "08:01", 37.9)
    asked.report(tablet, "08:03", MONDAY)
    (window,) = asked.windows(RETEST)
    assert (window.state, window.trigger_id, window.slot) == ("open", fever, "event")
    measured(asked, tablet, worker, "08:08", 36.8, "retest")
    asked.report(tablet, "09:00", MONDAY)
    (window,) = asked.windows(RETEST)
    assert window.state == "met"
    assert asked.differences() == []


def test_a_fever_without_a_retest_is_missed_once_the_tablet_has_reported(asked: Asked) -> None:
    tablet = asked.field.tablet("first")
    worker = person(asked, tablet)
    measured(asked, tablet, worker, "08:01", 37.9)
    asked.report(tablet, "08:03", MONDAY)
    asked.tick("09:00", MONDAY)
    (window,) = asked.windows(RETEST)
    assert window.state == "silent"
    asked.report(tablet, "09:30", MONDAY)
    (window,) = asked.windows(RETEST)
    assert (window.state, window.reason) == ("missed", "not_done")
    assert asked.flags(RETEST) == ["open"]


def test_a_fever_that_comes_days_later_does_not_accuse_the_retest_that_was_done(asked: Asked) -> None:
    first, second = asked.field.tablet("first"), asked.field.tablet("second", asked.field.second_inspector())
    worker = person(asked, first)
    assert second.sync().ok
    measured(asked, second, worker, "08:01", 37.9)
    measured(asked, first, worker, "08:08", 36.8, "retest")
    asked.report(first, "18:00", TUESDAY)
    assert asked.windows(RETEST) == []
    asked.report(second, "19:00", TUESDAY)
    (window,) = asked.windows(RETEST)
    assert (window.state, window.local_date) == ("met", MONDAY)


def test_a_retest_that_comes_days_later_was_done_in_time(asked: Asked) -> None:
    first, second = asked.field.tablet("first"), asked.field.tablet("second", asked.field.second_inspector())
    worker = person(asked, first)
    assert second.sync().ok
    measured(asked, first, worker, "08:01", 37.9)
    measured(asked, second, worker, "08:08", 36.8, "retest")
    asked.report(first, "18:00", TUESDAY)
    (window,) = asked.windows(RETEST)
    assert window.state == "silent"
    asked.report(second, "19:00", TUESDAY)
    (window,) = asked.windows(RETEST)
    assert window.state == "met"


@pytest.mark.parametrize("how", ["void", "amend"])
def test_a_reading_that_was_wrong_asks_for_nothing_any_more(asked: Asked, how: str) -> None:
    tablet = asked.field.tablet("first")
    worker = person(asked, tablet)
    fever = measured(asked, tablet, worker, "08:01", 37.9)
    asked.report(tablet, "09:30", MONDAY)
    asked.report(tablet, "09:40", MONDAY)
    assert asked.flags(RETEST) == ["open"]
    if how == "void":
        tablet.void(asked.scope, fever, "看错了")
    else:
        right = {"worker": worker, "celsius": 36.9, "slot": "before_work", "point": "gate"}
        tablet.amend(asked.scope, fever, right)
    asked.report(tablet, "10:00", MONDAY)
    (window,) = asked.windows(RETEST)
    assert (window.state, window.reason) == ("void", "trigger_gone")
    assert asked.flags(RETEST) == ["withdrawn"]


def test_somebody_elses_retest_answers_nothing(asked: Asked) -> None:
    tablet = asked.field.tablet("first")
    worker = person(asked, tablet)
    other = tablet.add(asked.scope, "worker", {**WORKER, "certificate_number": "410702199003078515"})
    measured(asked, tablet, worker, "08:01", 37.9)
    measured(asked, tablet, other, "08:08", 36.8, "retest")
    asked.report(tablet, "09:30", MONDAY)
    (window,) = asked.windows(RETEST)
    assert window.state == "missed"


WHO = {
    **{"type": "select_one_from_file workers.csv", "name": "worker", LABEL: "人员", "required": "yes"},
    "bind::gongdi:role": "worker",
}
AREA = {"type": "select_one area", "name": "area", LABEL: "风险", "required": "yes"}
TRIPS: dict[str, Any] = {
    **sheets(
        "trip_test",
        [WHO, AREA],
        {
            **{"code": TRIP, "name": "疫区往返立案", "judging": "event", "evidence": "case"},
            **{"trigger": "trip_test", "trigger_when": "${area} = 'risk'", "relation": "worker"},
            **{"within": "hours 2", "when": "${cause} = 'travel'"},
        },
        sealed="yes",
    ),
    "choices": [
        {"list_name": "area", "name": "risk", LABEL: "风险地区"},
        {"list_name": "area", "name": "safe", LABEL: "非风险地区"},
    ],
}


@pytest.mark.parametrize(("cause", "state"), [("travel", "met"), ("fever", "missed"), (None, "missed")])
def test_a_trip_to_a_risk_area_asks_for_a_case(
    app: Flask, cast: Cast, tmp_path: Path, cause: str | None, state: str
) -> None:
    asked = asked_site(app, cast, tmp_path, TRIPS)
    tablet = asked.field.tablet("first")
    worker = person(asked, tablet)
    asked.now("08:00", MONDAY)
    tablet.add(asked.scope, "trip_test", {"worker": worker, "area": "safe"})
    tablet.add(asked.scope, "trip_test", {"worker": worker, "area": "risk"})
    asked.report(tablet, "08:30", MONDAY)
    (window,) = asked.windows(TRIP)
    assert window.state == "open"
    if cause is not None:
        tablet.add(asked.scope, "case", {"worker": worker, "cause": cause})
    asked.report(tablet, "11:00", MONDAY)
    (window,) = asked.windows(TRIP)
    assert window.state == state


LOOK = {"type": "select_one look", "name": "look", LABEL: "情况", "required": "yes"}


@pytest.fixture
def look(app: Flask, cast: Cast, tmp_path: Path) -> Callable[[str], str]:
    """A place is found dirty, and something is found to be clean at the first or the second dormitory."""
    duty = {
        **{
            "code": "CLEAN-UP",
            "name": "清理",
            "judging": "event",
            "trigger": "look_test",
            "places": "dormitory",
        },
        **{
            "trigger_when": "${look} = 'dirty'",
            "when": "${look} = 'clean'",
            "relation": "place",
            "within": "hours 4",
        },
    }
    given = sheets("look_test", [PLACE, LOOK], duty)
    given["choices"] = [
        {"list_name": "look", "name": name, LABEL: label}
        for name, label in (("dirty", "脏"), ("clean", "净"))
    ]
    asked = asked_site(app, cast, tmp_path, given)

    def act(where: str) -> str:
        tablet = asked.field.tablet("first")
        asked.now("08:00", MONDAY)
        tablet.add(asked.scope, "look_test", {"place_id": asked.one, "look": "dirty"})
        asked.now("09:00", MONDAY)
        tablet.add(asked.scope, "look_test", {"place_id": getattr(asked, where), "look": "clean"})
        asked.report(tablet, "13:00", MONDAY)
        (window,) = asked.windows("CLEAN-UP")
        assert (window.place, window.place_id) == ("dormitory", asked.one)
        return window.state

    return act


@pytest.mark.parametrize(("where", "state"), [("one", "met"), ("two", "missed")])
def test_an_answer_at_the_same_place_counts(look: Callable[[str], str], where: str, state: str) -> None:
    assert look(where) == state
