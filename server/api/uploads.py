"""The endpoints by which devices upload photos: tus 1.0.0 (https://tus.io/protocols/resumable-upload), see SPEC.md, part 15.

Creating an upload is a signed request like any other. What it answers is an address that nobody can guess and that
expires; to continue there, the bearer token is enough, so that stock tus clients can do it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable

from flask import Blueprint, Response, request
from werkzeug.exceptions import ClientDisconnected
from werkzeug.http import http_date

from server.actions.devices.authenticate_device import claim_exchange, device_of_token
from server.actions.media.advance_upload import check_offset, find_upload
from server.actions.media.begin_upload import begin_upload, has_arrived, read_announced
from server.actions.media.inspect_photo import photo_limits, refused_media
from server.api.bodies import read_body
from server.api.senders import signed_sender
from server.base.db import read, write
from server.base.problems import Problem, protocol_problem
from server.models.media import MediaUpload
from server.web.responses import now_ms, runtime
from server.workflows.receive_media import add_piece, drop_upload

blueprint = Blueprint("uploads", __name__, url_prefix="/sync/v1/media")

TUS = "1.0.0"
EXTENSIONS = "creation,checksum,expiration,termination"
CHECKSUMS = {"sha256": hashlib.sha256, "sha1": hashlib.sha1}
PIECE_TYPE = "application/offset+octet-stream"
_READ_BYTES = 64 * 1024


@blueprint.before_request
def _check_version() -> None:
    """Raises Problem 412 for a version of tus that is not ours; asking what there is takes none."""
    asks_only = request.endpoint in ("uploads.options", "uploads.look")
    if not asks_only and request.headers.get("Tus-Resumable") != TUS:
        raise refused_media("tus_version_unsupported").with_header("Tus-Version", TUS)


@blueprint.after_request
def _name_version(response: Response) -> Response:
    response.headers["Tus-Resumable"] = TUS
    return response


@blueprint.route("", methods=["OPTIONS"])
@blueprint.route("/<capability>", methods=["OPTIONS"])
def options(capability: str = "") -> Response:
    with read() as session:
        limits = photo_limits(session, now_ms())
    headers = {"Tus-Version": TUS, "Tus-Extension": EXTENSIONS, "Tus-Max-Size": str(limits.bytes_max)}
    return _empty(204, {**headers, "Tus-Checksum-Algorithm": ",".join(CHECKSUMS)})


@blueprint.get("/sha256/<string(length=64):sha256>", provide_automatic_options=False)
def look(sha256: str) -> Response:
    """Whether a photo is here already: 200 or 404."""
    at_ms = now_ms()
    sender = signed_sender(read_body(request, 0), at_ms)
    with write() as session:
        claim_exchange(session, sender, "media", at_ms)
        arrived = has_arrived(session, sender.device_id, sha256)
    if not arrived:
        raise protocol_problem("not_found")
    return _empty(200, {})


@blueprint.post("", provide_automatic_options=False)
def create() -> Response:
    at_ms = now_ms()
    sender = signed_sender(read_body(request, 0), at_ms)
    with write() as session:
        limits = photo_limits(session, at_ms)
        announced = read_announced(_number("Upload-Length"), _metadata(), limits)
        claim_exchange(session, sender, "media", at_ms)
        capability, upload = begin_upload(session, sender, announced, limits, at_ms)
    return _empty(201, {"Location": f"{blueprint.url_prefix}/{capability}", **_expires(upload)})


@blueprint.route("/<capability>", methods=["HEAD"], provide_automatic_options=False)
def show_offset(capability: str) -> Response:
    upload = _upload(capability, now_ms())
    headers = {"Upload-Offset": str(upload.at_byte), "Upload-Length": str(upload.bytes)}
    return _empty(200, {**headers, **_expires(upload)})


@blueprint.patch("/<capability>", provide_automatic_options=False)
def resume(capability: str) -> Response:
    at_ms = now_ms()
    if request.mimetype != PIECE_TYPE:
        raise protocol_problem("unsupported_media_type", accepted=[PIECE_TYPE])
    upload, at_byte, check = _upload(capability, at_ms), _number("Upload-Offset"), _checksum()
    check_offset(upload, at_byte)
    piece = _piece(upload.bytes - at_byte)
    check(piece)
    until_byte = add_piece(runtime().media, upload, piece, at_ms)
    return _empty(204, {"Upload-Offset": str(until_byte), **_expires(upload)})


@blueprint.delete("/<capability>", provide_automatic_options=False)
def terminate(capability: str) -> Response:
    at_ms = now_ms()
    drop_upload(runtime().media, _upload(capability, at_ms), at_ms)
    return _empty(204, {})


_OVERRIDES: dict[str, Callable[[str], Response]] = {"PATCH": resume, "DELETE": terminate, "HEAD": show_offset}


@blueprint.post("/<capability>", provide_automatic_options=False)
def overridden(capability: str) -> Response:
    """For clients behind proxies that know nothing but GET and POST."""
    named = _OVERRIDES.get(request.headers.get("X-HTTP-Method-Override", "").upper())
    if named is None:
        raise _bad("X-HTTP-Method-Override", "必须是 PATCH、DELETE 或 HEAD。")
    return named(capability)


def _upload(capability: str, at_ms: int) -> MediaUpload:
    with read() as session:
        device = device_of_token(session, request.headers.get("Authorization", ""))
        return find_upload(session, capability, device.id, at_ms)


def _piece(most: int) -> bytes:
    """The body, or what arrived of one that was cut. Raises Problem 413 past `most` bytes."""
    too_many = refused_media("media_too_large", max_bytes=most)
    if request.content_length is not None and request.content_length > most:
        raise too_many
    request.max_content_length = most + 1
    come = bytearray()
    try:
        while piece := request.stream.read(_READ_BYTES):
            come += piece
    except ClientDisconnected:
        pass  # the client is gone; the next HEAD says where to continue
    if len(come) > most:
        raise too_many
    return bytes(come)


def _checksum() -> Callable[[bytes], None]:
    """What `Upload-Checksum` demands of the body: raises Problem 460. Raises Problem 400 for one that can't be read."""
    asked = request.headers.get("Upload-Checksum")
    if asked is None:
        return lambda _piece: None
    name, _, text = asked.partition(" ")
    digest = _decoded(text)
    if name not in CHECKSUMS or digest is None:
        raise _bad("Upload-Checksum", "必须是 sha256 或 sha1, 空格, base64。")

    def check(piece: bytes) -> None:
        if CHECKSUMS[name](piece).digest() != digest:
            raise refused_media("upload_checksum_mismatch")

    return check


def _number(name: str) -> int:
    text = request.headers.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise _bad(name, "必须是非负整数。")
    return int(text)


def _metadata() -> dict[str, str]:
    """`Upload-Metadata`: pairs of a name and base64, commas between."""
    found = {}
    for pair in request.headers.get("Upload-Metadata", "").split(","):
        name, _, text = pair.strip().partition(" ")
        value = _decoded(text)
        if value is None:
            raise _bad("Upload-Metadata", "必须是逗号分隔的名称和 base64。")
        found[name] = value.decode("utf-8", "replace")
    return found


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _bad(name: str, message: str) -> Problem:
    return protocol_problem("header_invalid", errors={f"/{name}": [message]})


def _expires(upload: MediaUpload) -> dict[str, str]:
    return {"Upload-Expires": http_date(upload.expires_ms / 1000)}


def _empty(status: int, headers: dict[str, str]) -> Response:
    return Response(status=status, headers={"Cache-Control": "no-store", **headers})
