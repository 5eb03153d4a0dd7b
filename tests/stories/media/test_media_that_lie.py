"""Uploads that are not what they say: nothing of them is kept, and nothing but a picture is ever shown."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.server.cast import Cast
from tests.stories.photos import Photographer, add_stranger, picture, sha256


@pytest.fixture
def photographer(cast: Cast, tmp_path: Path) -> Photographer:
    return Photographer(cast, tmp_path)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _png(width: int, height: int, *extra: bytes) -> bytes:
    """A PNG that says it is this large; there are few bytes behind it."""
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    pixels = _chunk(b"IDAT", zlib.compress(b"\0" * 100_000))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(extra) + pixels + _chunk(b"IEND", b"")


ZIPPED_TEXT = _chunk(b"zTXt", b"a\0\0" + zlib.compress(b"\0" * 100_000_000, 9))
LIES = {
    "a page": (b"<!doctype html><script>alert(1)</script>", 415, "media_type_not_allowed"),
    "a drawing that runs scripts": (
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>',
        415,
        "media_type_not_allowed",
    ),
    "a kind of picture that is not ours": (picture("GIF"), 415, "media_type_not_allowed"),
    "one byte": (b"\xff", 415, "media_type_not_allowed"),
    "the first bytes of a picture": (picture()[:300], 422, "media_unreadable"),
    "a picture that was cut": (picture("PNG")[:-400], 422, "media_unreadable"),
    "a picture's name on something else": (b"\xff\xd8\xff" + b"\0" * 500, 422, "media_unreadable"),
    "a WebP with nothing in it": (b"RIFF\x04\0\0\0WEBP", 422, "media_unreadable"),
    "more pixels than the rules allow": (_png(7072, 7072), 413, "media_too_large"),
    "a decompression bomb": (_png(60_000, 60_000), 413, "media_too_large"),
    "a bomb in its text": (_png(10, 10, ZIPPED_TEXT), 422, "media_unreadable"),
    "a picture of endless passes": (
        picture(progressive=True)[:-2] + b"\xff\xda\0\x02" * 600 + b"\xff\xd9",
        415,
        "media_type_not_allowed",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_is_no_photo_is_refused_and_leaves_nothing(
    photographer: Photographer, tmp_path: Path, lie: str
) -> None:
    data, status, code = LIES[lie]
    address = photographer.begin(data)
    answer = photographer.patch(address, 0, data)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert photographer.look(sha256(data)).status_code == 404
    assert photographer.send("HEAD", address).status_code == 410
    assert [file for file in (tmp_path / "media").rglob("*") if file.is_file()] == []


def test_other_bytes_than_those_promised_are_refused_and_the_true_ones_still_come(
    photographer: Photographer,
) -> None:
    data = picture()
    wrong = data[:-20] + b"\0" * 18 + data[-2:]
    answer = photographer.patch(photographer.begin(data), 0, wrong)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "media_mismatch")
    again = photographer.create(data).headers["Location"]
    assert photographer.patch(again, 0, data).status_code == 204


def test_a_polyglot_is_kept_as_evidence_and_what_was_hidden_in_it_is_not_shown(
    photographer: Photographer,
) -> None:
    hidden = b"PK\x03\x04<script>alert(1)</script>"
    data = picture(comment=hidden) + hidden
    assert photographer.upload(data).status_code == 204
    answer = photographer.seen(sha256(data))
    assert b"script" not in answer.data
    assert Image.open(BytesIO(answer.data)).format == "JPEG"


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # the decoder says so, and goes on
def test_broken_metadata_spoil_no_picture(photographer: Photographer) -> None:
    data = picture(exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\xff" * 40)
    assert photographer.upload(data).status_code == 204


@pytest.mark.parametrize(
    ("length", "status", "code"),
    [
        ("10485761", 413, "media_too_large"),
        ("", 400, "header_invalid"),
        ("-1", 400, "header_invalid"),
        ("1e3", 400, "header_invalid"),
        ("٣", 400, "header_invalid"),
        ("9" * 400, 400, "header_invalid"),
        ("0", 422, "media_not_promised"),
        ("17", 422, "media_not_promised"),
    ],
)
def test_a_length_that_was_not_promised_begins_nothing(
    photographer: Photographer, length: str, status: int, code: str
) -> None:
    data = picture()
    photographer.promise(data)
    answer = photographer.created({**photographer.announced(data), "Upload-Length": length})
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "metadata", ["", "sha256", "sha256 !!!!", "scope c2l0ZTp4,sha256 eA==", ",,,", "a b c"]
)
def test_metadata_that_cannot_be_read_begin_nothing(photographer: Photographer, metadata: str) -> None:
    data = picture()
    photographer.promise(data)
    answer = photographer.created({**photographer.announced(data), "Upload-Metadata": metadata})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "header_invalid")


def test_nobody_uploads_what_no_entry_of_his_sites_has_promised(
    photographer: Photographer, tmp_path: Path
) -> None:
    data = picture()
    assert photographer.create(data).get_json()["code"] == "media_not_promised"
    photographer.promise(data)
    other = photographer.create(data, scope=f"site:{photographer.cast.site_b}")
    assert other.get_json()["code"] == "media_not_promised"
    stranger = Photographer(photographer.cast, tmp_path, add_stranger(photographer.cast))
    assert stranger.create(data).get_json()["code"] == "media_not_promised"
    assert stranger.look(sha256(data)).status_code == 404


def test_an_upload_begins_only_by_a_signed_request_that_was_never_sent_before(
    photographer: Photographer,
) -> None:
    data = picture()
    photographer.promise(data)
    path = "/sync/v1/media"
    plain = {**photographer.announced(data), "Authorization": f"Bearer {photographer.wire.identity['token']}"}
    assert photographer.http.post(path, headers=plain).get_json()["code"] == "unauthenticated"
    signed = photographer.wire.signed("POST", path, b"", photographer.announced(data))
    assert photographer.http.post(path, headers=signed).status_code == 201
    assert photographer.http.post(path, headers=signed).get_json()["code"] == "nonce_replayed"


def test_an_address_is_worth_nothing_without_its_devices_token(
    photographer: Photographer, tmp_path: Path
) -> None:
    data = picture()
    address = photographer.begin(data)
    other = Photographer(photographer.cast, tmp_path, photographer.wire.field.second_inspector())
    assert other.send("HEAD", address).status_code == 404
    assert other.patch(address, 0, data).status_code == 404
    assert other.send("DELETE", address).status_code == 404
    for token in ("", "Bearer", "Bearer x", "Basic eDp5"):
        answer = photographer.patch(address, 0, data, Authorization=token)
        assert (answer.status_code, answer.get_json()["code"]) == (401, "unauthenticated")
    assert photographer.send("HEAD", "/sync/v1/media/guessed").status_code == 404
