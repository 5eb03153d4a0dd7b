"""Two dormitories are two windows: a record meets that of its own place, whoever wrote it and however it names the place."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from server.rules.calendar import instant_ms
from tests.server.cast import Cast
from tests.stories.flags.cast import DAY, at
from tests.stories.places.cast import Dormitories, dormitories

MET, MISSED, UNSURE = ("met", None), ("missed", "not_done"), ("review", "place_uncertain")


@pytest.fixture
def site(app: Flask, cast: Cast, tmp_path: Path) -> Dormitories:
    found = dormitories(app, cast, tmp_path)
    cast.clock.set(instant_ms(DAY, "07:30"))
    return found


def test_a_record_meets_the_window_of_the_place_that_it_names(site: Dormitories) -> None:
    tablet = site.field.tablet("first")
    entry = site.log(tablet, place_id=site.two)
    site.report(tablet)
    assert site.windows() == {site.one: MISSED, site.two: MET}
    assert site.record(entry).subject == site.two
    assert site.differences() == []


def test_an_older_app_names_the_place_by_its_name(site: Dormitories) -> None:
    tablet = site.field.tablet("first")
    site.log(tablet, place_name="二号楼")
    site.report(tablet)
    assert site.windows() == {site.one: MISSED, site.two: MET}
    assert site.differences() == []


def test_an_older_app_means_the_only_place_of_a_kind_whatever_it_calls_it(site: Dormitories) -> None:
    tablet = site.field.tablet("first")
    tablet.add(
        site.field.scope,
        "disinfection_log",
        {"place": "canteen", "place_name": "职工餐厅", "agent": "alcohol", "operator": "王师傅"},
    )
    site.report(tablet)
    assert set(site.windows(place="canteen").values()) == {MET}


def test_a_record_that_says_no_more_than_dormitory_accuses_neither_and_meets_neither(
    site: Dormitories,
) -> None:
    tablet = site.field.tablet("first")
    entry = site.log(tablet)
    site.report(tablet, "08:30")
    assert site.windows() == {site.one: UNSURE, site.two: UNSURE}
    assert (site.record(entry).subject, site.record(entry).maybe_places) == (
        "dormitory",
        f"{site.one} {site.two}",
    )
    site.log(tablet, place_id=site.one)
    site.report(tablet)
    assert site.windows() == {site.one: MET, site.two: UNSURE}
    assert site.differences() == []


def test_a_correction_says_which_place_it_was_and_counts_when_the_work_was_done(site: Dormitories) -> None:
    tablet = site.field.tablet("first")
    entry = site.log(tablet)
    site.report(tablet, "08:30")
    site.field.cast.clock.set(instant_ms(DAY, "13:30"))  # the morning is over
    tablet.amend(
        site.field.scope,
        entry,
        {"place": "dormitory", "place_id": site.two, "agent": "alcohol", "operator": "王"},
    )
    site.report(tablet, "13:40")
    assert site.windows() == {site.one: MISSED, site.two: MET}
    assert site.windows("afternoon")[site.two] == ("open", None)
    assert site.differences() == []


def test_an_older_apps_correction_stays_with_the_place_that_it_corrects(site: Dormitories) -> None:
    tablet = site.field.tablet("first")
    entry = site.log(tablet, place_id=site.two)
    site.report(tablet, "08:30")
    site.field.cast.clock.set(instant_ms(DAY, "13:30"))
    tablet.amend(site.field.scope, entry, {"place": "dormitory", "agent": "alcohol", "operator": "王"})
    site.report(tablet, "13:40")
    assert site.windows() == {site.one: MISSED, site.two: MET}
    assert site.differences() == []


def test_a_correction_to_another_place_counts_when_it_was_written(site: Dormitories) -> None:
    tablet = site.field.tablet("first")
    entry = site.log(tablet, place_id=site.two)
    site.report(tablet, "08:30")
    site.field.cast.clock.set(instant_ms(DAY, "09:00"))
    tablet.amend(
        site.field.scope,
        entry,
        {"place": "dormitory", "place_id": site.one, "agent": "alcohol", "operator": "王"},
    )
    site.report(tablet)
    assert site.windows() == {site.one: MET, site.two: ("review", "evidence_lost")}


def test_a_record_of_a_kind_that_the_site_has_not_is_kept_and_meets_nothing(site: Dormitories) -> None:
    tablet = site.field.tablet("first")
    entry = tablet.add(
        site.field.scope, "disinfection_log", {"place": "bathroom", "agent": "other", "operator": "王"}
    )
    site.report(tablet)
    assert (site.record(entry).subject, site.record(entry).maybe_places) == ("bathroom", None)
    assert set(site.windows().values()) == {MISSED}
    assert site.differences() == []


def test_what_was_written_down_later_counts_at_its_place_at_that_time(site: Dormitories) -> None:
    tablet = site.field.tablet("first")
    site.field.cast.clock.set(instant_ms(DAY, "13:00"))
    body = {"place": "dormitory", "place_id": site.one, "agent": "other", "operator": "王"}
    tablet.add(site.field.scope, "disinfection_log", body, observed_ms=instant_ms(DAY, "08:00"))
    unnamed = {"place": "dormitory", "agent": "other", "operator": "王"}
    tablet.add(site.field.scope, "disinfection_log", unnamed, observed_ms=instant_ms(DAY, "09:00"))
    site.report(tablet, "13:10")
    assert site.windows() == {site.one: ("backfilled", None), site.two: UNSURE}


def test_a_flag_gathers_the_windows_of_both_dormitories(site: Dormitories) -> None:
    tablet = site.field.tablet("first")
    site.report(tablet)
    assert set(site.windows().values()) == {MISSED}
    page = (
        site.field.cast.client("section").get("/api/v1/flags", query_string={"duty": "DISINFECT"}).get_json()
    )
    (flag,) = page["items"]
    shown = site.field.cast.client("section").get(f"/api/v1/flags/{flag['id']}").get_json()
    assert {site.one, site.two} < {window["place_id"] for window in shown["windows"]}
    at(site.field, "13:00")
