from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from server.actions.cameras import take_reports
from server.base.runtime import Runtime
from tests.server.cast import Cast
from tests.stories.cameras.platform import (
    API_KEY,
    GATE,
    MINUTE_MS,
    NVR,
    WALL,
    Watching,
    Wvp,
    running_wvp,
    watching_site,
)


@pytest.fixture
def wvp() -> Iterator[Wvp]:
    with running_wvp() as found:
        found.devices[NVR] = (True, {GATE: "ON", WALL: "ON"})
        yield found


@pytest.fixture
def bare(app: Flask, cast: Cast) -> Watching:
    """Site A without a camera; hosts of this machine may be asked."""
    runtime: Runtime = app.extensions["gongdi"]
    config = replace(runtime.config, webhook_hosts=frozenset({"127.0.0.1"}))
    app.extensions["gongdi"] = replace(runtime, config=config)
    return watching_site(app, cast)


@pytest.fixture
def watching(bare: Watching, wvp: Wvp) -> Watching:
    """Site A with two cameras of a WVP platform, since the evening before."""
    bare.add_platform("wvp", wvp.address, secret=API_KEY)
    bare.add_camera(GATE, "大门球机", place="大门")
    bare.add_camera(WALL, "围墙枪机")
    bare.tick()
    return bare


@pytest.fixture
def seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half an hour between two reports is no gap: a day takes few polls."""
    monkeypatch.setattr(take_reports, "gap_of", lambda _: 31 * MINUTE_MS)
