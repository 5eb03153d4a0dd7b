"""A photo comes in: promised by an entry, uploaded by tus, complete evidence, shown to those who may see it."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from server.base.clock import from_iso
from server.base.db import read, write
from server.models import Assignment, Media
from server.models.media import promised_media
from tests.server.cast import Cast, add_flag
from tests.stories.photos import MEDIA, Photographer, picture, sha256


@pytest.fixture
def photographer(cast: Cast, tmp_path: Path) -> Photographer:
    return Photographer(cast, tmp_path)


def _promised(photographer: Photographer, entry_id: str) -> list[dict[str, object]]:
    site = photographer.cast.site_a
    with photographer.cast.app.app_context(), read() as session:
        return promised_media(session, site, [entry_id]).get(entry_id, [])


def _photo(photographer: Photographer, digest: str) -> Media:
    with photographer.cast.app.app_context(), read() as session:
        return session.get_one(Media, (photographer.cast.site_a, digest))


def test_evidence_is_complete_when_the_last_promised_photo_has_arrived(photographer: Photographer) -> None:
    first, second = picture(), picture("PNG")
    entry = photographer.promise(first, second)
    for data, complete in ((first, False), (second, True)):
        address = photographer.create(data).headers["Location"]
        assert photographer.patch(address, 0, data).status_code == 204
        assert all(one["arrived"] for one in _promised(photographer, entry)) is complete


def test_a_photo_is_kept_as_it_came_and_nothing_of_it_lies_in_the_clear(
    photographer: Photographer, tmp_path: Path
) -> None:
    data = picture()
    assert photographer.upload(data).status_code == 204
    store = photographer.cast.app.extensions["gongdi"].media
    site = photographer.cast.site_a
    assert store.get(f"original/{site}/{sha256(data)}") == data
    files = [file for file in (tmp_path / "media").rglob("*") if file.is_file()]
    assert sorted(file.parts[-3] for file in files) == ["original", "shown"]
    assert all(data[:16] not in file.read_bytes() and b"JFIF" not in file.read_bytes() for file in files)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_what_is_shown_is_upright_and_without_what_the_camera_wrote_into_it(
    photographer: Photographer, format: str
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010F] = "SECRETCAMERA"
    exif.get_ifd(0x8769)[0x9003] = "2026:11:23 07:41:03"
    data = picture(format, exif=exif.tobytes())
    assert photographer.upload(data).status_code == 204
    answer = photographer.seen(sha256(data))
    assert answer.status_code == 200
    assert b"SECRETCAMERA" in data
    assert b"SECRETCAMERA" not in answer.data
    shown = Image.open(BytesIO(answer.data))
    assert (shown.format, shown.size, dict(shown.getexif())) == ("JPEG", (120, 160), {})
    kept = _photo(photographer, sha256(data))
    assert (kept.width, kept.height, kept.type) == (160, 120, f"image/{format.lower()}")
    assert kept.taken_ms == from_iso("2026-11-23T07:41:03+08:00")


def test_a_transparent_picture_is_shown_on_white(photographer: Photographer) -> None:
    written = BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(written, "PNG")
    assert photographer.upload(written.getvalue()).status_code == 204
    shown = Image.open(BytesIO(photographer.seen(sha256(written.getvalue())).data))
    assert shown.getpixel((4, 4)) == (255, 255, 255)


def test_a_large_photo_is_shown_smaller(photographer: Photographer) -> None:
    data = picture(size=(160, 120))
    written = BytesIO()
    Image.open(BytesIO(data)).resize((5000, 100)).save(written, "JPEG")
    assert photographer.upload(written.getvalue()).status_code == 204
    assert Image.open(BytesIO(photographer.seen(sha256(written.getvalue())).data)).size == (4096, 82)


def test_a_photo_is_shown_so_that_no_browser_takes_it_for_anything_else(photographer: Photographer) -> None:
    data = picture("PNG")
    photographer.upload(data)
    headers = photographer.seen(sha256(data)).headers
    assert headers["Content-Type"] == "image/jpeg"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Disposition"].startswith("inline")
    assert headers["Cache-Control"].startswith("private")
    assert "sandbox" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("inspector", 200),
        ("section", 200),
        ("contractor", 200),
        ("competitor", 404),
        ("brigade", 404),
        ("admin", 404),
    ],
)
def test_a_photo_is_shown_to_those_who_see_the_sites_evidence_and_absent_for_all_others(
    photographer: Photographer, name: str, status: int
) -> None:
    data = picture()
    photographer.upload(data)
    assert photographer.seen(sha256(data), name).status_code == status
    assert photographer.seen("0" * 64, name).status_code == 404
    assert (
        photographer.http.get(f"/api/v1/media/{photographer.cast.site_a}/{sha256(data)}").status_code == 401
    )


def test_the_same_photo_at_another_site_is_another_photo(photographer: Photographer) -> None:
    data = picture()
    photographer.upload(data)
    competitor = photographer.cast.client("competitor")
    assert competitor.get(f"/api/v1/media/{photographer.cast.site_b}/{sha256(data)}").status_code == 404


def test_a_device_asks_first_whether_a_photo_is_here(photographer: Photographer) -> None:
    data = picture()
    for method in ("HEAD", "GET"):
        assert photographer.look(sha256(data), method).status_code == 404
    photographer.promise(data)
    assert photographer.look(sha256(data)).status_code == 404
    photographer.upload(data)
    for method in ("HEAD", "GET"):
        assert photographer.look(sha256(data), method).status_code == 200
    again = photographer.create(data)
    assert (again.status_code, again.get_json()["code"]) == (409, "media_here")


def test_a_flags_file_says_which_photos_of_its_entries_have_arrived(photographer: Photographer) -> None:
    cast, (here, missing) = photographer.cast, (picture(), picture("PNG"))
    with cast.app.app_context(), write() as session:
        flag = add_flag(session, cast.site_a, "flag", opened_ms=cast.clock.now_ms() + 1000, duty="DISINFECT")
    photographer.promise(here, missing)
    address = photographer.create(here).headers["Location"]
    photographer.patch(address, 0, here)
    (entry,) = cast.client("section").get(f"/api/v1/flags/{flag}").get_json()["entries"]
    assert {one["sha256"]: one["arrived"] for one in entry["media"]} == {
        sha256(here): True,
        sha256(missing): False,
    }


def test_what_the_server_can_do_is_shown_to_anybody(photographer: Photographer) -> None:
    answer = photographer.http.options(MEDIA)
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == answer.headers["Tus-Resumable"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,checksum,expiration,termination"
    assert answer.headers["Tus-Max-Size"] == "10485760"
    assert answer.headers["Tus-Checksum-Algorithm"] == "sha256,sha1"


def test_a_photo_may_come_after_its_inspector_was_transferred(photographer: Photographer) -> None:
    data, cast = picture(), photographer.cast
    photographer.promise(data)
    with cast.app.app_context(), write() as session:
        session.get_one(Assignment, (cast.site_a, cast.users["inspector"])).ended_ms = cast.clock.now_ms()
    assert photographer.create(data).status_code == 201
