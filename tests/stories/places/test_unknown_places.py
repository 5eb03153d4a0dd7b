"""A place that the server does not know: a backup was restored. What names it is held, and accuses nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from server.rules.calendar import instant_ms
from sync_protocol.outcomes import HELD_DAYS
from tests.server.cast import Cast, identity
from tests.stories.flags.cast import DAY, at
from tests.stories.places.cast import Dormitories, dormitories, header
from tests.stories.wire import WireDevice, records

LOST = identity("a place of the lost database")
KEPT, UNSURE = ("review", "evidence_kept"), ("review", "place_uncertain")
FINDING = {"round": identity("round"), "topic": "dormitory", "severity": "ordinary", "description": "未通风"}


@pytest.fixture
def site(app: Flask, cast: Cast, tmp_path: Path) -> Dormitories:
    found = dormitories(app, cast, tmp_path)
    cast.clock.set(instant_ms(DAY, "08:00"))
    return found


def test_an_entry_with_an_unknown_place_is_held_and_its_windows_are_in_review(site: Dormitories) -> None:
    device = WireDevice(site.field)
    line = device.line(body={"place": "dormitory", "place_id": LOST, "agent": "other", "operator": "王"})
    (outcome,) = device.outcomes(line, header=header(device))
    assert (outcome["outcome"], outcome.get("code")) == ("held", None)
    assert site.windows() == {site.one: KEPT, site.two: KEPT}
    assert records(device.pull({}), "disinfection_log") == []
    site.field.cast.clock.set(instant_ms(DAY, "12:40"))
    device.push(header=header(device))
    at(site.field, "12:41")
    assert site.windows() == {site.one: KEPT, site.two: KEPT}


def test_after_its_time_it_is_applied_and_may_be_any_place_of_its_kind(site: Dormitories) -> None:
    device = WireDevice(site.field)
    line = device.line(body={"place": "dormitory", "place_id": LOST, "agent": "other", "operator": "王"})
    device.push(line, header=header(device))
    site.field.cast.clock.advance(HELD_DAYS * 86_400_000 + 60_000)
    device.push(header=header(device))
    at(site.field, "08:30", "2026-11-29")
    assert site.windows() == {site.one: UNSURE, site.two: UNSURE}
    assert site.differences() == []


def test_a_finding_names_a_place_too(site: Dormitories) -> None:
    device = WireDevice(site.field)
    lines = [
        device.line("inspection_finding", {**FINDING, "place": "dormitory", "place_id": place})
        for place in (LOST, site.one)
    ]
    outcomes = device.outcomes(*lines, header=header(device))
    assert [one["outcome"] for one in outcomes] == ["held", "applied"]


def test_a_push_of_an_older_version_names_no_place_by_its_id(site: Dormitories) -> None:
    device = WireDevice(site.field)
    line = device.line(body={"place": "dormitory", "place_id": site.one, "agent": "other", "operator": "王"})
    (outcome,) = device.outcomes(line)
    assert (outcome["outcome"], outcome["code"]) == ("refused", "unreadable")
    assert list(outcome["errors"]) == ["/body/place_id"]
    absent = device.line(body={"place": "dormitory", "place_id": None, "agent": "other", "operator": "王"})
    assert device.outcomes(absent)[0]["outcome"] == "applied"


def test_a_refused_entry_sends_only_the_windows_of_its_place_to_review(site: Dormitories) -> None:
    device = WireDevice(site.field)
    wrong = {"place": "dormitory", "place_id": site.one, "agent": "soap", "operator": "王"}
    device.push(device.line(body=wrong), header=header(device))
    assert site.windows() == {site.one: KEPT, site.two: ("open", None)}
    device.push(
        device.line(body={"place": "dormitory", "place_name": "二号楼", "agent": "soap", "operator": "王"})
    )
    assert site.windows() == {site.one: KEPT, site.two: KEPT}
