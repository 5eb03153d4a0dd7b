"""A platform that is silent accuses no camera: one flag reports it, and is withdrawn when it reports again."""

from __future__ import annotations

import time

import pytest

from server.actions.cameras import ask_platform
from server.base.db import write
from server.models import Site
from server.workflows import poll_platforms as polling
from tests.stories.cameras.platform import DAY, GATE, NEXT_DAY, NVR, WALL, Watching, Wvp


def test_a_silent_platform_leaves_its_cameras_silent_under_one_flag(
    watching: Watching, wvp: Wvp, seldom: None
) -> None:
    watching.poll_through("00:00", "06:00", every_min=30)
    wvp.breaks = "status"
    watching.poll_through("06:10", "08:00", every_min=10)
    assert watching.flags("PLATFORM") == ["open"]
    watching.poll_through("08:30", "23:30", every_min=60)
    watching.poll_through("00:00", "05:00", NEXT_DAY, every_min=60)
    assert watching.window(GATE) == ("silent", "source_silent")
    assert watching.window(WALL) == ("silent", "source_silent")
    assert (watching.flags("PLATFORM"), watching.flags_of_cameras()) == (["open"], {None})
    wvp.breaks = ""
    watching.poll_through("05:10", "06:00", NEXT_DAY, every_min=10)
    assert watching.flags("PLATFORM") == ["withdrawn"]


def test_one_platform_of_two_sites_has_one_flag(watching: Watching, wvp: Wvp) -> None:
    with watching.app.app_context(), write() as session:
        session.get_one(Site, watching.cast.site_b).stage = "building"
    watching.add_camera("41070200001320000003", "塔吊", site=watching.cast.site_b)
    watching.poll_through("06:00", "06:10")
    wvp.breaks = "words"
    watching.poll_through("06:20", "08:00", every_min=10)
    assert watching.flags("PLATFORM") == ["open"]


def test_what_was_reported_before_the_silence_is_written_and_counts(watching: Watching, wvp: Wvp) -> None:
    wvp.devices[NVR] = (True, {GATE: "OFF", WALL: "ON"})
    watching.poll_through("08:00", "10:10")
    wvp.breaks = "status"
    watching.poll_through("10:20", "11:00")
    watching.tick()
    last = [one["ended"][11:16] for one in watching.lines() if one["camera"] == GATE]
    assert last[-1] == "10:10"
    assert watching.window(GATE, DAY) == ("missed", "not_satisfied"), "two hours of it were reported"


def test_silence_in_between_breaks_the_two_hours(watching: Watching, wvp: Wvp) -> None:
    wvp.devices[NVR] = (True, {GATE: "OFF", WALL: "ON"})
    watching.poll_through("08:00", "09:30")
    wvp.breaks = "status"
    watching.poll_through("09:35", "10:00")
    wvp.breaks = ""
    watching.poll_through("10:05", "11:30")
    watching.tick()
    assert watching.window(GATE, DAY)[0] not in ("missed", "met")


def test_a_platform_that_hangs_holds_up_nobody(
    watching: Watching, wvp: Wvp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "DEADLINE_S", 0.3)
    monkeypatch.setattr(ask_platform, "TIMEOUT_S", 10.0)
    wvp.breaks = "hangs"
    watching.now("08:00")
    began_s = time.monotonic()
    assert watching.poll()["asked"] == 1
    assert time.monotonic() - began_s < 5
    asked = len(wvp.asked)
    watching.tick()
    watching.now("08:05")
    assert len(wvp.asked) == asked


def test_an_address_inside_is_asked_only_where_the_settings_name_its_host(bare: Watching, wvp: Wvp) -> None:
    bare.add_platform("wvp", wvp.address.replace("127.0.0.1", "localhost"))
    bare.add_camera(GATE, "大门球机")
    bare.now("08:00")
    bare.poll()
    assert (wvp.asked, bare.platform_row().problem) == ([], "not_allowed")


def test_a_platform_of_sites_that_are_over_has_no_flag(watching: Watching, wvp: Wvp) -> None:
    watching.poll_through("06:00", "06:10")
    with watching.app.app_context(), write() as session:
        session.get_one(Site, watching.cast.site_a).stage = "completed"
    wvp.breaks = "words"
    watching.poll_through("06:20", "08:00", every_min=20)
    assert watching.flags("PLATFORM") == []
