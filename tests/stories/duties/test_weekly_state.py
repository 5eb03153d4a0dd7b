"""Every dormitory is counted once a week (DORM): the last count says whether it is as it has to be."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from server.base.db import write
from server.models import Place
from tests.server.cast import Cast
from tests.stories.duties.modes import COUNT, DORM, MONDAY, NEXT_MONDAY, Asked, asked_site, sheets

TUESDAY, SATURDAY = "2026-11-24", "2026-11-28"


@pytest.fixture
def asked(app: Flask, cast: Cast, tmp_path: Path) -> Asked:
    return asked_site(app, cast, tmp_path, sheets("dorm_count", COUNT, DORM))


def test_a_week_has_a_window_for_each_dormitory(asked: Asked) -> None:
    windows = [one for one in asked.windows("DORMS") if one.local_date == MONDAY]
    assert {one.place_id for one in windows} == {asked.one, asked.two}
    assert {(one.slot, one.due_ms - one.opens_ms) for one in windows} == {("period", 7 * 86_400_000)}
    assert all(
        one.local_date >= MONDAY for one in asked.windows("DORMS")
    )  # nothing is asked of the week that is over


def test_a_count_that_is_as_it_has_to_be_meets_the_window_of_its_dormitory(asked: Asked) -> None:
    tablet = asked.field.tablet("first")
    asked.now("10:00", TUESDAY)
    tablet.add(asked.scope, "dorm_count", {"place_id": asked.one, "persons": 6})
    asked.report(tablet, "18:00", TUESDAY)
    assert asked.state("DORMS") == ("met", None)
    assert asked.state("DORMS", place=asked.two) == ("open", None)
    assert asked.differences() == []


def test_too_many_people_are_missed_at_once_and_only_a_recheck_closes_that(asked: Asked) -> None:
    tablet = asked.field.tablet("first")
    asked.now("10:00", TUESDAY)
    tablet.add(asked.scope, "dorm_count", {"place_id": asked.one, "persons": 8})
    asked.report(tablet, "18:00", TUESDAY)
    wrong = ("missed", "not_satisfied: 居住人数应不超过 6, 实为 8")
    assert asked.state("DORMS") == wrong
    (window,) = [
        one for one in asked.windows("DORMS") if (one.local_date, one.place_id) == (MONDAY, asked.one)
    ]
    assert (window.need, window.have, window.evidence is not None) == (6, 8, True)
    assert asked.flags("DORMS") == ["open"]
    asked.now("10:00", SATURDAY)
    tablet.add(asked.scope, "dorm_count", {"place_id": asked.one, "persons": 5})
    asked.report(tablet, "18:00", SATURDAY)
    assert asked.state("DORMS") == wrong
    assert asked.flags("DORMS") == ["open"]


def test_a_wrong_count_that_is_mended_goes_to_review(asked: Asked) -> None:
    tablet = asked.field.tablet("first")
    asked.now("10:00", TUESDAY)
    wrong = tablet.add(asked.scope, "dorm_count", {"place_id": asked.one, "persons": 80})
    asked.report(tablet, "18:00", TUESDAY)
    assert asked.state("DORMS")[0] == "missed"
    tablet.amend(asked.scope, wrong, {"place_id": asked.one, "persons": 5})
    asked.report(tablet, "19:00", TUESDAY)
    assert asked.state("DORMS") == ("review", "proof_lost")


def test_nothing_is_silent_until_the_tablet_reports_and_then_missed(asked: Asked) -> None:
    tablet = asked.field.tablet("first")
    asked.report(tablet, "18:00", TUESDAY)
    asked.tick("09:00", NEXT_MONDAY)
    assert asked.state("DORMS") == ("silent", "not_heard")
    asked.report(tablet, "10:00", NEXT_MONDAY)
    assert asked.state("DORMS") == ("missed", "not_declared")
    assert asked.flags("DORMS") == ["open"]


def test_a_count_that_was_on_its_way_for_days_meets_a_silent_window(asked: Asked) -> None:
    first, second = asked.field.tablet("first"), asked.field.tablet("second", asked.field.second_inspector())
    asked.report(second, "18:00", TUESDAY)
    asked.now("10:00", SATURDAY)
    second.add(asked.scope, "dorm_count", {"place_id": asked.one, "persons": 3})
    asked.report(first, "10:00", NEXT_MONDAY)
    assert asked.state("DORMS") == ("silent", "not_heard")
    asked.report(second, "11:00", NEXT_MONDAY)
    assert asked.state("DORMS") == ("met", None)
    assert asked.state("DORMS", place=asked.two) == ("missed", "not_declared")


def test_a_count_of_which_nobody_can_tell_the_place_accuses_nobody(
    app: Flask, cast: Cast, tmp_path: Path
) -> None:
    duty = {**DORM, "holds": "${persons} <= 6 and ${persons} <= place.capacity"}
    asked = asked_site(app, cast, tmp_path, sheets("dorm_count", COUNT, duty))
    tablet = asked.field.tablet("first")
    asked.now("10:00", TUESDAY)
    tablet.add(asked.scope, "dorm_count", {"place_id": asked.one, "persons": 5})
    with app.app_context(), write() as session:
        session.get_one(Place, (cast.site_a, asked.two)).capacity = 4
    tablet.add(asked.scope, "dorm_count", {"place_id": asked.two, "persons": 5})
    asked.report(tablet, "18:00", TUESDAY)
    assert asked.state("DORMS") == ("review", "cannot_tell")
    assert asked.state("DORMS", place=asked.two) == ("missed", "not_satisfied: 居住人数应不超过 4, 实为 5")


def test_a_new_version_of_the_duty_leaves_the_week_that_has_begun_as_it_was_asked(asked: Asked) -> None:
    tablet = asked.field.tablet("first")
    asked.tick("09:00", TUESDAY)
    stricter = {**DORM, "holds": "${persons} <= 4", "from": "2026-11-25"}
    asked.publish(sheets("dorm_count", COUNT, stricter, version="2"))
    asked.now("10:00", SATURDAY)
    assert tablet.sync().ok
    tablet.add(asked.scope, "dorm_count", {"place_id": asked.one, "persons": 6})
    asked.report(tablet, "18:00", SATURDAY)
    assert asked.state("DORMS") == ("met", None)
    asked.now("10:00", NEXT_MONDAY)
    tablet.add(asked.scope, "dorm_count", {"place_id": asked.one, "persons": 6})
    asked.report(tablet, "18:00", NEXT_MONDAY)
    assert asked.state("DORMS", NEXT_MONDAY)[0] == "missed"
    assert asked.state("DORMS") == ("met", None)
