"""A camera that is closed is asked no more; its number may be a camera's again, at another site or platform."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from server.actions.cameras.edit_cameras import close_camera
from server.actions.cameras.edit_platforms import close_platform, renew_secret, secret_of
from server.actions.ops.sealed_columns import SEALED_COLUMNS
from server.actions.reference.load_reference import tx_of
from server.base.db import read, write
from server.base.problems import Problem
from server.models import Camera, Platform
from tests.stories.cameras.platform import DAY, GATE, NEXT_DAY, NVR, WALL, Watching, Wvp


def _close(watching: Watching, code: str) -> None:
    with watching.app.app_context(), write() as session:
        seals, now_ms = watching.app.extensions["gongdi"].seals, watching.cast.clock.now_ms()
        close_camera(tx_of(session, seals, now_ms), code)


def test_what_was_not_over_is_asked_no_more_and_what_was_reported_is_kept(
    watching: Watching, wvp: Wvp
) -> None:
    watching.poll_through("08:00", "08:50")
    _close(watching, GATE)
    assert watching.window(GATE) == ("excused", "place_closed")
    assert watching.window(WALL)[0] == "open"
    assert [one["ended"][11:16] for one in watching.lines()] == ["08:50"]
    wvp.devices[NVR] = (True, {GATE: "OFF", WALL: "ON"})
    watching.poll_through("09:00", "11:30")
    assert {one["camera"] for one in watching.lines()[1:]} == {WALL}


def test_its_number_may_be_used_again_and_only_one_camera_has_it(watching: Watching, wvp: Wvp) -> None:
    watching.now("08:00")
    with pytest.raises(Problem):
        watching.add_camera(GATE, "另一个", site=watching.cast.site_b)
    _close(watching, GATE)
    watching.add_camera(GATE, "换过的大门球机")
    watching.now("20:00")
    watching.tick()
    assert watching.window(GATE, DAY) == ("excused", "place_closed")
    assert watching.window(GATE, NEXT_DAY) == ("open", "")
    with watching.app.app_context(), read() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Camera.code == GATE)) == 2


def test_a_platform_is_closed_after_its_cameras(watching: Watching, wvp: Wvp) -> None:
    watching.now("08:00")

    def close() -> None:
        with watching.app.app_context(), write() as session:
            seals, now_ms = watching.app.extensions["gongdi"].seals, watching.cast.clock.now_ms()
            close_platform(tx_of(session, seals, now_ms), watching.platform)

    with pytest.raises(Problem, match="invalid_input"):
        close()
    for code in (GATE, WALL):
        _close(watching, code)
    close()
    asked = len(wvp.asked)
    watching.poll()
    assert len(wvp.asked) == asked
    assert watching.platform_row().secret is None


def test_secret_and_key_are_sealed_and_go_along_with_another_key(watching: Watching) -> None:
    names = {column.name for column in SEALED_COLUMNS}
    assert {"platform.secret", "platform.key"} <= names
    seals = watching.app.extensions["gongdi"].seals
    with watching.app.app_context(), write() as session:
        renew_secret(tx_of(session, seals, watching.cast.clock.now_ms()), watching.platform, "another")
    with watching.app.app_context(), read() as session:
        row = session.get_one(Platform, watching.platform)
        assert secret_of(seals, row) == "another" and b"another" not in (row.secret or b"")
