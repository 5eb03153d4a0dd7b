"""Telephones keep photos as HEIC. People send them from a page as they are; the copy that others see is a JPEG. Devices
promise JPEG, PNG or WebP, as the protocol says (M80)."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image

from server.actions.media.inspect_document import inspect_media
from server.actions.media.inspect_photo import PhotoLimits, inspect_photo, inspect_sent_photo
from server.base.db import read
from server.base.problems import Problem
from server.models import Media
from tests.server.cast import Cast
from tests.stories.field import Field
from tests.stories.flags.cast import missed_flag, planned_field, show
from tests.stories.papers.office import Desk
from tests.stories.photos import picture, sha256

LIMITS = PhotoLimits(bytes_max=10_000_000, pixels_max=100_000, shown_pixels=1_000, upload_ms=1)
HEIC = picture("HEIF")


def refused(data: bytes, limits: PhotoLimits = LIMITS) -> tuple[int, str]:
    with pytest.raises(Problem) as refusal:
        inspect_sent_photo(data, limits)
    return refusal.value.status, refusal.value.code


def test_a_telephones_photo_becomes_a_jpeg_that_says_nothing_more() -> None:
    turned = Image.Exif()
    turned[0x0112] = 6  # taken upright
    turned[0x010F] = "Telephone"
    data = picture("HEIF", size=(160, 80), exif=turned.tobytes())
    photo = inspect_sent_photo(data, LIMITS)
    assert photo.type == "image/heic"
    with Image.open(io.BytesIO(photo.shown or b"")) as shown:
        assert (shown.format, shown.size, dict(shown.getexif())) == ("JPEG", (80, 160), {})


def test_one_that_is_cut_or_too_large_is_refused_before_it_is_decoded() -> None:
    assert refused(HEIC[: len(HEIC) // 2]) == (422, "media_unreadable")
    assert refused(HEIC[:40]) == (422, "media_unreadable")
    small = PhotoLimits(LIMITS.bytes_max, 1_000, LIMITS.shown_pixels, LIMITS.upload_ms)
    assert refused(HEIC, small) == (413, "media_too_large")


def test_what_only_has_the_frame_of_one_is_no_photo() -> None:
    film = HEIC[:8] + b"mp42" + HEIC[12:]
    assert refused(film) == (415, "media_type_not_allowed")


def test_devices_send_none() -> None:
    for inspect in (inspect_photo, inspect_media):
        with pytest.raises(Problem) as refusal:
            inspect(HEIC, LIMITS)
        assert (refusal.value.status, refusal.value.code) == (415, "media_type_not_allowed")
        assert "image/heic" not in refusal.value.members["accepted"]


def test_a_contractor_sends_one_from_her_album(app: Flask, cast: Cast, tmp_path: Path) -> None:
    field: Field = planned_field(app, cast, tmp_path)
    flag = missed_flag(field)
    desk, page = Desk(field, "contractor"), f"/flags/{flag}"
    said = {
        "action": "state_mended",
        "rev": str(show(cast.client("contractor"), flag)["rev"]),
        "note": "已补做",
    }
    sent = desk.post(page, f"{page}/actions", **said, photos=(io.BytesIO(HEIC), "IMG_0001.HEIC"))
    assert sent.status_code == 303
    (key,) = show(cast.client("section"), flag)["events"][-1]["detail"]["media"]
    assert key == sha256(HEIC), "the bytes are kept as they came"
    with app.app_context(), read() as session:
        assert session.scalars(sa.select(Media.type).where(Media.sha256 == key)).one() == "image/heic"
    answer = cast.client("section").get(f"/api/v1/media/{cast.site_a}/{key}")
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    assert "image/heic" in desk.get(page).text, "the page lets her choose it"
