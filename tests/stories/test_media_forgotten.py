"""What is forgotten of photos: uploads that never ended, and photos past the time that the rules give them."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.db import read
from server.models import MediaUpload
from server.scheduler import tick
from tests.server.cast import Cast
from tests.stories.photos import Photographer, picture, sha256

DATA = picture()
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@pytest.fixture
def photographer(cast: Cast, tmp_path: Path) -> Photographer:
    return Photographer(cast, tmp_path)


def _files(folder: Path) -> list[Path]:
    return [file for file in (folder / "media").rglob("*") if file.is_file()]


def _tick(photographer: Photographer) -> dict[str, int]:
    done: dict[str, int] = tick(photographer.cast.app, photographer.cast.clock.now_ms())["media"]
    return done


def test_an_upload_expires_after_a_day_and_the_tick_clears_it_away(
    photographer: Photographer, tmp_path: Path
) -> None:
    address = photographer.begin(DATA)
    photographer.cast.clock.advance(24 * HOUR_MS - 1)
    assert photographer.patch(address, 0, DATA[:100]).status_code == 204
    assert _tick(photographer) == {"uploads": 0, "photos": 0}
    photographer.cast.clock.advance(1)
    assert photographer.patch(address, 100, DATA[100:]).get_json()["code"] == "upload_gone"
    assert _tick(photographer) == {"uploads": 1, "photos": 0}
    assert _tick(photographer) == {"uploads": 0, "photos": 0}
    assert _files(tmp_path) == []
    assert photographer.send("HEAD", address).status_code == 404
    with photographer.cast.app.app_context(), read() as session:
        assert session.query(MediaUpload).count() == 0
    assert photographer.patch(photographer.create(DATA).headers["Location"], 0, DATA).status_code == 204


def test_an_upload_that_is_done_is_forgotten_and_its_photo_stays(photographer: Photographer) -> None:
    photographer.upload(DATA)
    photographer.cast.clock.advance(DAY_MS)
    assert _tick(photographer) == {"uploads": 1, "photos": 0}
    assert photographer.seen(sha256(DATA)).status_code == 200


def test_a_photo_is_deleted_when_the_rules_say_so_and_stays_known_to_have_arrived(
    photographer: Photographer, tmp_path: Path
) -> None:
    photographer.upload(DATA)
    photographer.cast.clock.advance(1095 * DAY_MS - 1)
    assert _tick(photographer)["photos"] == 0
    assert photographer.seen(sha256(DATA)).status_code == 200
    photographer.cast.clock.advance(1)
    assert _tick(photographer)["photos"] == 1
    assert _tick(photographer)["photos"] == 0
    assert _files(tmp_path) == []
    assert photographer.seen(sha256(DATA)).status_code == 404
    assert photographer.look(sha256(DATA)).status_code == 200
    assert photographer.create(DATA).get_json()["code"] == "media_here"
