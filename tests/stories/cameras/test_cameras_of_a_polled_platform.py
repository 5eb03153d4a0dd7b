"""A WVP platform is asked for its list: what is online all day is met, what is away for two hours is missed, and of
many polls few lines come."""

from __future__ import annotations

import pytest

from tests.stories.cameras.platform import DAY, GATE, NEXT_DAY, NVR, WALL, Watching, Wvp


def test_a_camera_that_is_online_all_day_has_done_its_duty(watching: Watching, seldom: None) -> None:
    watching.poll_through("00:00", "23:30", every_min=30)
    watching.poll_through("00:00", "02:00", NEXT_DAY, every_min=30)
    assert watching.window(GATE) == ("met", "")
    assert watching.window(WALL) == ("met", "")
    assert watching.flags("CAMERA") == []


def test_of_many_polls_only_changes_and_hours_are_written(watching: Watching, wvp: Wvp) -> None:
    watching.poll_through("08:00", "10:30", every_min=5)
    wvp.devices[NVR] = (True, {GATE: "OFF", WALL: "ON"})
    watching.poll_through("10:35", "12:00", every_min=5)
    said = [
        (one["camera"][-1], one["status"], one["started"][11:16], one["ended"][11:16])
        for one in watching.lines()
    ]
    assert said == [
        ("1", "online", "08:00", "09:00"),
        ("2", "online", "08:00", "09:00"),
        ("1", "online", "09:00", "10:00"),
        ("2", "online", "09:00", "10:00"),
        ("1", "online", "10:00", "10:35"),
        ("1", "offline", "10:35", "11:00"),
        ("2", "online", "10:00", "11:00"),
        ("1", "offline", "11:00", "12:00"),
        ("2", "online", "11:00", "12:00"),
    ]


def test_two_hours_offline_are_missed_at_once_and_flagged(watching: Watching, wvp: Wvp, seldom: None) -> None:
    watching.poll_through("08:00", "09:50")
    wvp.devices[NVR] = (True, {GATE: "OFF", WALL: "ON"})
    watching.poll_through("10:00", "11:50")
    assert watching.window(GATE)[0] != "missed"
    watching.poll_through("12:00", "12:00")
    watching.tick()
    assert watching.window(GATE) == ("missed", "not_satisfied")
    assert watching.window(WALL)[0] != "missed"
    assert watching.flags("CAMERA") == ["open"]
    wvp.devices[NVR] = (True, {GATE: "ON", WALL: "ON"})
    watching.poll_through("12:30", "23:30", every_min=30)
    watching.poll_through("00:00", "02:00", NEXT_DAY, every_min=30)
    assert watching.window(GATE) == ("missed", "not_satisfied"), "a recheck closes it, nothing else"
    assert watching.window(WALL) == ("met", "")


def test_hours_offline_over_midnight_count_together(watching: Watching, wvp: Wvp) -> None:
    watching.poll_through("22:00", "22:50")
    wvp.devices[NVR] = (True, {GATE: "OFF", WALL: "ON"})
    watching.poll_through("23:00", "23:50")
    watching.poll_through("00:00", "01:00", NEXT_DAY)
    assert watching.window(GATE, NEXT_DAY) == ("missed", "not_satisfied")
    assert watching.window(GATE, DAY)[0] != "missed"


def test_channels_of_a_device_that_is_offline_are_offline_whatever_they_say(
    watching: Watching, wvp: Wvp
) -> None:
    watching.poll_through("08:00", "08:05")
    wvp.devices[NVR] = (False, {GATE: "ON", WALL: "ON"})
    watching.poll_through("08:10", "08:15")
    assert watching.camera(GATE).state == "offline"


def test_a_camera_that_the_platform_does_not_list_accuses_nobody(
    watching: Watching, wvp: Wvp, seldom: None
) -> None:
    wvp.devices[NVR] = (True, {WALL: "ON"})
    watching.poll_through("00:00", "23:30", every_min=30)
    watching.poll_through("00:00", "02:00", NEXT_DAY, every_min=30)
    assert watching.window(GATE) == ("silent", "source_silent")
    assert watching.window(WALL) == ("met", "")
    assert watching.flags("CAMERA") == []


def test_a_list_of_several_pages_is_read_whole(watching: Watching, wvp: Wvp) -> None:
    others = {f"4107020000132000{number:04}": "ON" for number in range(1000, 1230)}
    wvp.devices[NVR] = (True, {**others, GATE: "ON", WALL: "OFF"})
    watching.now("08:00")
    watching.poll()
    assert (watching.camera(GATE).state, watching.camera(WALL).state) == ("online", "offline")
    assert len([path for path in wvp.asked if path.endswith("page=3&count=100")]) == 1


def test_the_key_is_sent_and_is_in_no_address(
    watching: Watching, wvp: Wvp, caplog: pytest.LogCaptureFixture
) -> None:
    watching.now("08:00")
    assert watching.poll() == {"asked": 1, "answered": 1, "lines": 0}
    assert wvp.asked and not any("key-of-the-bureau" in path for path in wvp.asked)
    wvp.breaks = "status"
    watching.now("08:05")
    watching.poll()
    assert "key-of-the-bureau" not in caplog.text
    row = watching.platform_row()
    assert row.problem == "failed" and b"key-of-the-bureau" not in (row.secret or b"") + row.address.encode()


def test_the_windows_of_days_and_of_weeks_are_planned_beside_each_other(watching: Watching) -> None:
    for date in ("2026-11-27", "2026-11-28", "2026-11-29", "2026-11-30"):
        watching.now("20:00", date)
        assert watching.tick()["windows"].get("failed", 0) == 0, date
    assert watching.window(GATE, "2026-11-30")[0] == "open"
