"""tus 1.0.0, word by word: the headers and the status codes that stock clients rely on."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from server.actions.media.advance_upload import PARTS_MAX
from server.base.db import write
from server.models import MediaUpload
from tests.server.cast import Cast
from tests.stories.photos import MEDIA, PIECE_TYPE, Photographer, picture, sha256

DATA = picture()
HALF = len(DATA) // 2


@pytest.fixture
def photographer(cast: Cast, tmp_path: Path) -> Photographer:
    return Photographer(cast, tmp_path)


def test_a_photo_goes_up_in_pieces_and_a_head_says_how_far_it_is(photographer: Photographer) -> None:
    address = photographer.begin(DATA)
    for at_byte, piece in ((0, DATA[:10]), (10, b""), (10, DATA[10:HALF]), (HALF, DATA[HALF:])):
        head = photographer.send("HEAD", address)
        assert (head.status_code, head.headers["Upload-Offset"]) == (200, str(at_byte))
        assert head.headers["Upload-Length"] == str(len(DATA))
        assert head.headers["Cache-Control"] == "no-store"
        assert head.headers["Tus-Resumable"] == "1.0.0"
        answer = photographer.patch(address, at_byte, piece)
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(at_byte + len(piece)))
        assert "GMT" in answer.headers["Upload-Expires"]
    assert photographer.send("HEAD", address).headers["Upload-Offset"] == str(len(DATA))
    assert photographer.patch(address, len(DATA), b"").status_code == 204
    assert photographer.look(sha256(DATA)).status_code == 200


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({"Tus_Resumable": "0.2.2"}, b"x", 412, "tus_version_unsupported"),
        ({"Content_Type": "image/jpeg"}, b"x", 415, "unsupported_media_type"),
        ({"Upload_Offset": "5"}, b"x", 409, "upload_offset_mismatch"),
        ({"Upload_Offset": "-1"}, b"x", 400, "header_invalid"),
        ({"Upload_Offset": ""}, b"x", 400, "header_invalid"),
        ({"Upload_Checksum": "md5 xx"}, b"x", 400, "header_invalid"),
        ({"Upload_Checksum": "sha1 !"}, b"x", 400, "header_invalid"),
        ({"Upload_Checksum": "sha1 AAAA"}, b"x", 460, "upload_checksum_mismatch"),
        ({}, DATA + b"x", 413, "media_too_large"),
    ],
)
def test_a_piece_that_does_not_fit_changes_nothing(
    photographer: Photographer, headers: dict[str, str], body: bytes, status: int, code: str
) -> None:
    address = photographer.begin(DATA)
    answer = photographer.patch(address, 0, body, **headers)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert photographer.patch(address, 0, DATA).status_code == 204


@pytest.mark.parametrize("name", ["sha1", "sha256"])
def test_a_piece_with_its_checksum_is_taken(photographer: Photographer, name: str) -> None:
    digest = base64.b64encode(hashlib.new(name, DATA).digest()).decode()
    answer = photographer.patch(photographer.begin(DATA), 0, DATA, Upload_Checksum=f"{name} {digest}")
    assert answer.status_code == 204


def test_a_version_that_is_not_ours_is_refused_with_the_one_that_is(photographer: Photographer) -> None:
    answer = photographer.http.post(MEDIA)
    assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")


def test_an_upload_that_is_terminated_is_gone_and_another_may_begin(
    photographer: Photographer, tmp_path: Path
) -> None:
    address = photographer.begin(DATA)
    photographer.patch(address, 0, DATA[:HALF])
    assert photographer.send("DELETE", address).status_code == 204
    assert [file for file in (tmp_path / "media").rglob("*") if file.is_file()] == []
    for answer in (photographer.send("HEAD", address), photographer.patch(address, HALF, DATA[HALF:])):
        assert answer.status_code == 410
    assert photographer.send("DELETE", address).status_code == 410
    assert photographer.create(DATA).status_code == 201


def test_terminating_an_upload_that_is_done_leaves_the_photo(photographer: Photographer) -> None:
    address = photographer.begin(DATA)
    photographer.patch(address, 0, DATA)
    assert photographer.send("DELETE", address).status_code == 204
    assert photographer.look(sha256(DATA)).status_code == 200
    assert photographer.seen(sha256(DATA)).status_code == 200


def test_a_device_has_one_open_upload_of_a_photo(photographer: Photographer) -> None:
    first = photographer.begin(DATA)
    second = photographer.create(DATA).headers["Location"]
    assert photographer.patch(first, 0, DATA).status_code == 410
    assert photographer.patch(second, 0, DATA).status_code == 204


def test_clients_that_know_only_post_say_what_they_mean(photographer: Photographer) -> None:
    address = photographer.begin(DATA)
    headers = {"Content_Type": PIECE_TYPE, "Upload_Offset": "0", "X_HTTP_Method_Override": "PATCH"}
    assert photographer.send("POST", address, DATA[:HALF], **headers).headers["Upload-Offset"] == str(HALF)
    assert photographer.send("POST", address, X_HTTP_Method_Override="DELETE").status_code == 204
    assert photographer.send("POST", address).get_json()["code"] == "header_invalid"


def test_a_photo_in_a_thousand_crumbs_is_refused(photographer: Photographer) -> None:
    address = photographer.begin(DATA)
    photographer.patch(address, 0, DATA[:1])
    with photographer.cast.app.app_context(), write() as session:
        (upload,) = session.query(MediaUpload)
        upload.parts = [*upload.parts, *([1, "empty"] for _ in range(PARTS_MAX - 1))]
    answer = photographer.patch(address, 1, DATA[1:2])
    assert (answer.status_code, answer.get_json()["code"]) == (413, "media_too_many_parts")
    assert photographer.patch(address, 1, DATA[1:]).status_code == 204
