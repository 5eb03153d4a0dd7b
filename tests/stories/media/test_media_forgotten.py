"""What is deleted of photos: uploads that never ended, and photos past their retention period."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from server.base.db import read, write
from server.models import Flag, FlagEvent, MediaPromise, MediaUpload, Window
from server.workflows import receive_media
from server.workflows.scheduler import tick
from tests.server.cast import Cast
from tests.stories.photos import Photographer, picture, sha256

DATA = picture()
OTHER = picture(size=(100, 100))
FLAG = "01980a00-0000-7000-8000-0000000000f1"
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
    assert _tick(photographer) == {}
    photographer.cast.clock.advance(1)
    assert photographer.patch(address, 100, DATA[100:]).get_json()["code"] == "upload_gone"
    assert _tick(photographer) == {"uploads": 1, "photos": 0}
    assert _tick(photographer) == {}
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
    assert _tick(photographer).get("photos", 0) == 0
    assert photographer.seen(sha256(DATA)).status_code == 200
    photographer.cast.clock.advance(1)
    assert _tick(photographer)["photos"] == 1
    assert _tick(photographer) == {}
    assert _files(tmp_path) == []
    assert photographer.seen(sha256(DATA)).status_code == 404
    assert photographer.look(sha256(DATA)).status_code == 200
    assert photographer.create(DATA).get_json()["code"] == "media_here"


def test_what_a_death_leaves_in_the_store_is_cleared_away(
    photographer: Photographer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> bool:
        raise SystemExit

    address = photographer.begin(DATA)
    monkeypatch.setattr(receive_media, "finish", die)
    with pytest.raises(SystemExit):
        photographer.patch(address, 0, DATA)
    with pytest.raises(SystemExit):
        photographer.cast.client("section").post(
            f"/api/v1/media/{photographer.cast.site_a}", data={"file": (BytesIO(OTHER), "x.jpg")}
        )
    assert len(_files(tmp_path)) == 4  # each as it came, and as it would be shown
    photographer.cast.clock.advance(DAY_MS)
    assert _tick(photographer) == {"uploads": 2, "photos": 0}
    assert _files(tmp_path) == []


def test_a_photo_that_arrived_another_way_is_not_cleared_away_with_an_upload_that_failed(
    photographer: Photographer, tmp_path: Path
) -> None:
    photographer.begin(DATA)
    other = Photographer(photographer.cast, tmp_path, photographer.wire.field.second_inspector())
    photographer.cast.clock.advance(DAY_MS - 1)
    running = other.begin(DATA)
    photographer.cast.clock.advance(1)
    other.cast.app.extensions["gongdi"].media.put(f"original/{other.cast.site_a}/{sha256(DATA)}", DATA)
    assert _tick(photographer) == {"uploads": 1, "photos": 0}
    assert len(_files(tmp_path)) == 1  # it belongs to the one that is under way
    assert other.patch(running, 0, DATA).status_code == 204
    photographer.cast.clock.advance(DAY_MS)
    assert _tick(photographer) == {"uploads": 1, "photos": 0}
    assert photographer.seen(sha256(DATA)).status_code == 200


@pytest.mark.parametrize("holder", ["window", "case", "move"])
def test_a_photo_that_an_open_flag_hangs_on_stays_until_it_is_closed(
    photographer: Photographer, holder: str
) -> None:
    cast = photographer.cast
    now_ms, site_id = cast.clock.now_ms(), cast.site_a
    entry_id = photographer.promise(DATA)
    photographer.patch(photographer.create(DATA).headers["Location"], 0, DATA)
    photographer.upload(OTHER)  # nothing hangs on this one
    with cast.app.app_context(), write() as session:
        flag = Flag(scope_id=site_id, id=FLAG, duty="PATROL", state="open", policy={})
        flag.severity, flag.unit, flag.opened_ms, flag.changed_ms = "ordinary", "zhian", now_ms, now_ms
        session.add(flag)
        if holder == "window":
            window = Window(scope_id=site_id, id=FLAG, flag_id=FLAG, duty="PATROL", place="", slot="week")
            window.local_date, window.grace_s, window.evidence = "2026-11-23", 0, entry_id
            window.opens_ms = window.due_ms = window.closes_ms = now_ms + DAY_MS
            session.add(window)
        elif holder == "case":
            event = FlagEvent(scope_id=site_id, flag_id=FLAG, n=1, at_ms=now_ms, actor="scheduler", prev="")
            event.action, event.detail, event.hash = "opened", {"case": entry_id}, "0" * 64
            session.add(event)
        else:  # a person sent it with a move
            session.query(MediaPromise).where(MediaPromise.entry_id == entry_id).delete()
    cast.clock.advance(1095 * DAY_MS)
    assert _tick(photographer)["photos"] == 1
    assert photographer.seen(sha256(DATA)).status_code == 200
    with cast.app.app_context(), write() as session:
        session.query(Flag).update({"closed_ms": now_ms})
    assert _tick(photographer)["photos"] == 1
