"""A camera is judged by what its platform reported: a platform that is silent accuses no camera."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.server.cast import Cast
from tests.stories.duties.modes import LABEL, MONDAY, PLACE, Asked, asked_site, sheets

TUESDAY = "2026-11-24"
ROLE = "bind::gongdi:role"
SURVEY: list[dict[str, Any]] = [
    PLACE,
    {"type": "dateTime", "name": "started", LABEL: "起", "required": "yes", ROLE: "started"},
    {"type": "dateTime", "name": "ended", LABEL: "止", "required": "yes", ROLE: "ended"},
    {
        "type": "integer",
        "name": "minutes",
        LABEL: "在线",
        "required": "yes",
        ROLE: "amount",
        "bind::gongdi:unit": "分钟",
    },
]
DUTY = {
    "code": "CAMERAS",
    "name": "在线监控",
    "judging": "telemetry",
    "every": "days 1",
    "places": "dormitory",
}


@pytest.fixture
def asked(app: Flask, cast: Cast, tmp_path: Path) -> Asked:
    return asked_site(app, cast, tmp_path, sheets("camera_test", SURVEY, {**DUTY, "need": "0.9"}))


@pytest.mark.parametrize(
    ("hours", "minutes", "state"),
    [
        (20, 1200, ("met", None)),
        (20, 1100, ("met", None)),
        (20, 1000, ("missed", "not_online: 在线 83%, 应不少于 90%")),
        (11, 0, ("silent", "source_silent")),
        (0, 0, ("silent", "source_silent")),
    ],
)
def test_the_share_of_what_was_reported_decides(
    asked: Asked, hours: int, minutes: int, state: tuple[str, str | None]
) -> None:
    platform = asked.field.tablet("platform")
    asked.now("23:30", MONDAY)
    if hours:
        ended = f"{MONDAY}T{hours:02}:00:00+08:00"
        stretch = {"started": f"{MONDAY}T00:00:00+08:00", "ended": ended, "minutes": minutes}
        platform.add(asked.scope, "camera_test", {"place_id": asked.one, **stretch})
    asked.report(platform, "01:00", TUESDAY)
    assert asked.state("CAMERAS") == state
    assert asked.state("CAMERAS", place=asked.two) == ("silent", "source_silent")
