"""Uploads that are cut, continued by several processes at once, or continued after one died."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from tusclient.client import TusClient

from server.base.db import read
from server.models import Media, MediaUpload
from tests.live import serving
from tests.server.cast import Cast
from tests.stories.photos import MEDIA, PIECE_TYPE, Photographer, picture, sha256

DATA = picture(size=(200, 128), quality=100, subsampling=0)
THIRD = len(DATA) // 3


@pytest.fixture
def photographer(cast: Cast, tmp_path: Path) -> Photographer:
    return Photographer(cast, tmp_path)


def _arrived(photographer: Photographer) -> bool:
    store, site = photographer.cast.app.extensions["gongdi"].media, photographer.cast.site_a
    return bool(store.get(f"original/{site}/{sha256(DATA)}") == DATA)


def _files(folder: Path) -> list[Path]:
    return [file for file in (folder / "media").rglob("*") if file.is_file()]


def test_a_stock_client_uploads_a_photo_in_pieces(photographer: Photographer) -> None:
    photographer.promise(DATA)
    with serving(photographer.cast.app) as address:
        signed = photographer.wire.signed("POST", MEDIA, b"", {})
        metadata = {"scope": photographer.wire.field.scope, "sha256": sha256(DATA), "type": "image/jpeg"}
        uploader = TusClient(address + MEDIA, headers=signed).uploader(
            file_stream=BytesIO(DATA), chunk_size=THIRD, metadata=metadata, upload_checksum=True
        )
        uploader.upload()
    assert _arrived(photographer)


def test_a_stock_client_goes_on_where_the_network_broke_off(photographer: Photographer) -> None:
    path = photographer.begin(DATA)
    with serving(photographer.cast.app) as address:
        _cut_patch(photographer, address, path, DATA[:THIRD])
        token = {"Authorization": f"Bearer {photographer.wire.identity['token']}"}
        uploader = TusClient(address + MEDIA, headers=token).uploader(
            file_stream=BytesIO(DATA), url=address + path
        )
        assert uploader.offset == THIRD
        uploader.upload()
    assert _arrived(photographer)


def test_a_piece_with_a_checksum_that_is_cut_counts_for_nothing(photographer: Photographer) -> None:
    path = photographer.begin(DATA)
    with serving(photographer.cast.app) as address:
        _cut_patch(photographer, address, path, DATA[:THIRD], "Upload-Checksum: sha1 AAAA\r\n")
    assert photographer.send("HEAD", path).headers["Upload-Offset"] == "0"


def test_two_processes_that_continue_one_upload_at_once_mix_nothing(
    photographer: Photographer, second_app: Flask, tmp_path: Path
) -> None:
    path, clients = photographer.begin(DATA), [photographer.cast.app.test_client(), second_app.test_client()]
    token = {"Authorization": f"Bearer {photographer.wire.identity['token']}", "Tus-Resumable": "1.0.0"}

    def patch(turn: int, at_byte: int) -> int:
        # Each sends as much as it likes, so that the pieces overlap.
        piece = DATA[at_byte : at_byte + THIRD // (1 + turn % 2)]
        headers = {**token, "Content-Type": PIECE_TYPE, "Upload-Offset": str(at_byte)}
        return clients[turn % 2].patch(path, data=piece, headers=headers).status_code

    with ThreadPoolExecutor(4) as both:
        while (at_byte := int(clients[0].head(path, headers=token).headers["Upload-Offset"])) < len(DATA):
            statuses = sorted(both.map(patch, range(4), [at_byte] * 4))
            assert statuses == [204, 409, 409, 409]
    assert _arrived(photographer)
    assert sorted(file.parts[-3] for file in _files(tmp_path)) == ["original", "shown"]


def test_two_devices_may_bring_the_same_photo_at_once(photographer: Photographer, tmp_path: Path) -> None:
    other = Photographer(photographer.cast, tmp_path, photographer.wire.field.second_inspector())
    addresses = [(device, device.begin(DATA)) for device in (photographer, other)]
    with ThreadPoolExecutor(2) as both:
        answers = both.map(lambda pair: pair[0].patch(pair[1], 0, DATA).status_code, addresses)
        assert list(answers) == [204, 204]
    with photographer.cast.app.app_context(), read() as session:
        assert session.query(Media).count() == 1


def test_a_piece_that_was_stored_and_never_counted_does_no_harm(photographer: Photographer) -> None:
    path = photographer.begin(DATA)
    store = photographer.cast.app.extensions["gongdi"].media
    with photographer.cast.app.app_context(), read() as session:
        (upload,) = session.query(MediaUpload)
    store.put(f"parts/{upload.id}/0.dead", b"whose process died before it could say so")
    assert photographer.patch(path, 0, DATA[:THIRD]).status_code == 204
    assert photographer.patch(path, THIRD, DATA[THIRD:]).status_code == 204
    assert _arrived(photographer)


def test_a_piece_that_was_lost_or_changed_in_the_store_makes_the_upload_begin_again(
    photographer: Photographer, tmp_path: Path
) -> None:
    for spoil in (
        Path.unlink,
        lambda file: file.write_bytes(b"\x01" + b"x" * 99),
        lambda f: f.write_bytes(b"x"),
    ):
        path = photographer.begin(DATA)
        photographer.patch(path, 0, DATA[:THIRD])
        (file,) = _files(tmp_path)
        spoil(file)
        answer = photographer.patch(path, THIRD, DATA[THIRD:])
        assert (answer.status_code, answer.get_json()["code"]) == (422, "media_mismatch")
    assert photographer.upload(DATA).status_code == 204


def test_a_photo_that_was_changed_in_the_store_is_not_shown(
    photographer: Photographer, tmp_path: Path
) -> None:
    photographer.upload(DATA)
    (file,) = [file for file in _files(tmp_path) if "shown" in file.parts]
    file.write_bytes(b"<script>alert(1)</script>")
    answer = photographer.seen(sha256(DATA))
    assert (answer.status_code, answer.get_json()["code"]) == (502, "media_damaged")


def _cut_patch(photographer: Photographer, address: str, path: str, piece: bytes, more: str = "") -> None:
    """Announce the whole photo, send a piece of it, and hang up."""
    host, port = urlsplit(address).hostname, urlsplit(address).port
    token = photographer.wire.identity["token"]
    head = (
        f"PATCH {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nTus-Resumable: 1.0.0\r\n"
        f"Content-Type: {PIECE_TYPE}\r\nUpload-Offset: 0\r\nContent-Length: {len(DATA)}\r\n{more}\r\n"
    )
    with socket.create_connection((host, port)) as connection:
        connection.sendall(head.encode() + piece)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):  # until the server has hung up as well: it is done with the request
            pass
