"""A place is added, renamed or closed in the middle of a day: nobody is accused by it."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from server.base.problems import Problem
from server.rules.calendar import instant_ms
from tests.server.cast import Cast
from tests.stories.flags.cast import DAY, at
from tests.stories.places.cast import Dormitories, dormitories, site_body

MET, MISSED, OPEN = ("met", None), ("missed", "not_done"), ("open", None)
CLOSED, UNSURE = ("excused", "place_closed"), ("review", "place_uncertain")


@pytest.fixture
def site(app: Flask, cast: Cast, tmp_path: Path) -> Dormitories:
    found = dormitories(app, cast, tmp_path)
    cast.clock.set(instant_ms(DAY, "07:30"))
    return found


def test_a_place_added_at_ten_owes_nothing_for_the_morning(site: Dormitories) -> None:
    tablet = site.field.tablet("first")
    at(site.field, "10:00")
    third = site.edit("add", "dormitory", "三号楼")
    site.report(tablet)
    assert third not in site.windows()
    assert site.windows("afternoon")[third] == OPEN
    names = [place["name"] for place in site_body(tablet, site.field.cast.site_a)["places"]]
    assert names == ["食堂", "一号楼", "二号楼", "三号楼"]


def test_what_an_older_app_wrote_before_a_place_was_added_still_means_the_only_one(site: Dormitories) -> None:
    tablet = site.field.tablet("first")
    body = {"place": "canteen", "agent": "other", "operator": "王"}
    entry = tablet.add(site.field.scope, "disinfection_log", body)
    site.field.cast.clock.set(instant_ms(DAY, "09:00"))
    assert tablet.sync().ok
    at(site.field, "10:00")
    second = site.edit("add", "canteen", "东食堂")
    first = site.record(entry).subject
    site.field.cast.clock.set(instant_ms(DAY, "13:00"))
    tablet.add(site.field.scope, "disinfection_log", body)
    site.report(tablet, "13:10")
    assert site.windows(place="canteen") == {first: MET}
    assert site.windows("afternoon", "canteen") == {first: UNSURE, second: UNSURE}
    assert site.differences() == []


def test_a_renamed_place_keeps_its_windows_and_its_old_name_still_means_it(site: Dormitories) -> None:
    tablet = site.field.tablet("first")
    at(site.field, "09:00")
    site.edit("rename", site.one, "东楼")
    site.log(tablet, place_name="一号楼")  # it has not heard of the new name
    site.field.cast.clock.set(instant_ms(DAY, "10:00"))
    site.report(tablet, "10:10")
    assert site.windows() == {site.one: MET, site.two: OPEN}
    body = site_body(tablet, site.field.cast.site_a)
    (shown,) = [place for place in body["places"] if place["id"] == site.one]
    assert (shown["name"], [one["name"] for one in shown["earlier"]]) == ("东楼", ["一号楼"])
    site.field.cast.clock.set(instant_ms(DAY, "13:00"))
    site.log(tablet, place_name="东楼")
    site.report(tablet, "13:10")
    assert site.windows("afternoon") == {site.one: MET, site.two: OPEN}
    assert site.differences() == []


def test_a_place_closed_at_ten_is_not_accused_of_the_morning(site: Dormitories) -> None:
    tablet = site.field.tablet("first")
    at(site.field, "10:00")
    site.edit("close", site.one)
    assert site.windows() == {site.one: CLOSED, site.two: OPEN}
    site.report(tablet)
    assert site.windows() == {site.one: CLOSED, site.two: MISSED}
    assert site.windows("afternoon")[site.one] == CLOSED
    body = site_body(tablet, site.field.cast.site_a)
    assert [place["id"] for place in body["closed_places"]] == [site.one]
    assert site.one not in {place["id"] for place in body["places"]}


def test_what_was_done_before_a_place_was_closed_stays_done(site: Dormitories) -> None:
    tablet = site.field.tablet("first")
    site.log(tablet, place_id=site.one)
    site.field.cast.clock.set(instant_ms(DAY, "08:00"))
    assert tablet.sync().ok
    at(site.field, "10:00")
    site.edit("close", site.one)
    site.report(tablet)
    assert site.windows()[site.one] == MET


def test_a_place_that_closes_at_noon_counts_until_then(site: Dormitories) -> None:
    """The deadline of the afternoon is 20:30."""
    tablet = site.field.tablet("first")
    site.edit("close", site.one, instant_ms(DAY, "12:30"))
    site.report(tablet)
    assert site.windows() == {site.one: MISSED, site.two: MISSED}
    assert site.windows("afternoon")[site.one] == CLOSED


def test_a_closed_places_record_that_was_kept_ends_with_the_place(site: Dormitories) -> None:
    tablet = site.field.tablet("first")
    site.log(tablet)
    site.report(tablet, "08:30")
    assert site.windows() == {site.one: UNSURE, site.two: UNSURE}
    at(site.field, "10:00")
    site.edit("close", site.one)
    assert site.windows() == {site.one: CLOSED, site.two: UNSURE}


def test_a_record_at_a_closed_place_meets_nothing_and_is_kept(site: Dormitories) -> None:
    tablet = site.field.tablet("first")
    at(site.field, "10:00")
    site.edit("close", site.one)
    site.field.cast.clock.set(instant_ms(DAY, "11:00"))
    entries = [site.log(tablet, place_id=site.one), site.log(tablet, place_name="一号楼")]
    site.report(tablet)
    assert [site.record(entry).subject for entry in entries] == [site.one, site.one]
    assert site.windows() == {site.one: CLOSED, site.two: MISSED}


def test_another_place_of_the_kind_must_have_another_name(site: Dormitories) -> None:
    site.edit("rename", site.one, "东楼")
    for name in ("二号楼", "东楼", "一号楼", " ", "x" * 51):
        with pytest.raises(Problem) as refused:
            site.edit("add", "dormitory", name)
        assert refused.value.code == "invalid_input"
    site.edit("add", "bathroom", "二号楼")
    site.field.cast.clock.advance(60_000)
    site.edit("close", site.two)
    site.field.cast.clock.advance(60_000)
    site.edit("add", "dormitory", "二号楼")  # the closed one's name is free again


def test_a_place_is_not_closed_for_what_has_passed_nor_changed_once_it_is(site: Dormitories) -> None:
    with pytest.raises(Problem):
        site.edit("close", site.one, instant_ms(DAY, "07:00"))
    site.edit("close", site.one)
    for change in (("close", site.one), ("rename", site.one, "东楼")):
        with pytest.raises(Problem):
            site.edit(*change)
