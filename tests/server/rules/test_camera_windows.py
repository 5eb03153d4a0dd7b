"""Each camera has windows of its own from the first one on that opens while it is there; what asks for cameras is asked only
where there are any."""

from __future__ import annotations

import pytest

from server.rules.duties.camera_windows import InUse, at_cameras
from server.rules.duties.modes import Mode, ModeFault, read_mode
from server.rules.duties.periods import Every
from server.rules.duties.windows import PERIOD, WHOLE_SITE, PlannedWindow

DAY_MS = 86_400_000
DAYS = Every("days", 1, "2021-12-01", grace_s=7200)
MODES = {
    "CAMERA": Mode(every=DAYS, per="camera"),
    "CAMERA-CHECK": Mode(every=DAYS, having="camera"),
    "PATROL": Mode(every=DAYS),
}


def _window(duty: str, excused: str | None = None) -> PlannedWindow:
    ends = (DAY_MS, 2 * DAY_MS, 7200, 2 * DAY_MS + 7_200_000)
    return PlannedWindow(duty, WHOLE_SITE, "2026-11-24", PERIOD, *ends, excused)


def _at(duty: str, *cameras: InUse, excused: str | None = None) -> list[tuple[str, str | None]]:
    found = at_cameras([_window(duty, excused)], cameras, lambda code, _: MODES.get(code))
    return [(one.slot, one.excused) for one in found]


def test_each_camera_in_use_has_a_window_of_its_own() -> None:
    cameras = (InUse("1", 0, None), InUse("2", DAY_MS, None), InUse("3", DAY_MS + 1, None))
    assert _at("CAMERA", *cameras) == [("1", None), ("2", None)]


def test_a_camera_that_was_closed_is_not_asked_for_what_was_not_over() -> None:
    deadline_ms = _window("CAMERA").deadline_ms
    cameras = (InUse("1", 0, deadline_ms - 1), InUse("2", 0, deadline_ms))
    assert _at("CAMERA", *cameras) == [("1", "place_closed"), ("2", None)]


@pytest.mark.parametrize(("excused", "shown"), [("rest_day", None), ("stopped", "stopped")])
def test_a_camera_does_not_rest_on_rest_days(excused: str, shown: str | None) -> None:
    assert _at("CAMERA", InUse("1", 0, None), excused=excused) == [("1", shown)]


def test_a_site_without_cameras_is_asked_for_nothing_of_cameras_and_all_else() -> None:
    gone = InUse("1", 0, DAY_MS)
    assert [_at(duty) for duty in MODES] == [[], [], [(PERIOD, None)]]
    assert _at("CAMERA-CHECK", gone) == []
    assert _at("CAMERA-CHECK", gone, InUse("2", 0, None)) == [(PERIOD, None)]
    assert _at("TEMP") == [(PERIOD, None)], "a duty of slots"


ROW = {"code": "X", "judging": "telemetry", "evidence": "camera_state", "every": "days 1", "places": []}


def test_a_row_may_ask_each_camera() -> None:
    mode = read_mode({**ROW, "per": "camera", "need": "0.9", "away": "camera_offline_h"})
    assert (mode.per, mode.share, mode.away) == ("camera", 0.9, "camera_offline_h")


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"per": "camera", "judging": "period"}, "per"),
        ({"per": "camera", "places": ["gate"]}, "per"),
        ({"judging": "period", "away": "camera_offline_h"}, "away"),
        ({"judging": "period", "having": "gates"}, "having"),
    ],
)
def test_a_row_that_nobody_can_read_is_refused(changes: dict[str, object], member: str) -> None:
    with pytest.raises(ModeFault) as refused:
        read_mode({**ROW, **changes})
    assert refused.value.name == member
