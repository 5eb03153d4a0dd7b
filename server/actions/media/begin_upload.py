"""Begin the upload of a photo that an entry has promised, and say where one has arrived."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.devices.authenticate_device import Sender, hash_token
from server.actions.media.inspect_photo import PhotoLimits, refused_media
from server.base.problems import protocol_problem
from server.models.device import Device
from server.models.media import Media, MediaPromise, MediaUpload
from server.models.scope import scope_id_of
from server.models.user import Assignment

_SITE = re.compile(r"site:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Announced:
    """The photo that a device is about to send."""

    scope_id: str
    sha256: str
    bytes: int


def read_announced(length: int, metadata: Mapping[str, str], limits: PhotoLimits) -> Announced:
    """What a request to create an upload announces. Raises Problem 400, or 413 for a photo that is too large."""
    scope, sha256 = metadata.get("scope", ""), metadata.get("sha256", "")
    errors = {}
    if not _SITE.fullmatch(scope):
        errors["/Upload-Metadata/scope"] = ["必须是 site:<id>。"]
    if not _SHA256.fullmatch(sha256):
        errors["/Upload-Metadata/sha256"] = ["必须是 64 位小写十六进制。"]
    if errors:
        raise protocol_problem("header_invalid", errors=errors)
    if length > limits.bytes_max:
        raise refused_media("media_too_large", max_bytes=limits.bytes_max)
    return Announced(scope_id_of(scope), sha256, length)


def begin_upload(
    session: Session, sender: Sender, announced: Announced, limits: PhotoLimits, now_ms: int
) -> tuple[str, MediaUpload]:
    """A new upload, and the capability under which it goes on. Raises Problem 422 for a photo that no entry of this
    user's sites has promised with this hash and length, 409 for one that is here.

    A device has one open upload of a photo: what it began before is given up, so that nothing piles up.
    """
    scope_id, sha256 = announced.scope_id, announced.sha256
    promised = promised_to(session, sender.device_id, sha256)
    if (scope_id, announced.bytes) not in promised:
        raise refused_media("media_not_promised")
    if session.get(Media, (scope_id, sha256)) is not None:
        raise refused_media("media_here")
    before = sa.and_(
        MediaUpload.scope_id == scope_id,
        MediaUpload.sha256 == sha256,
        MediaUpload.device_id == sender.device_id,
        MediaUpload.state == "open",
    )
    session.execute(sa.update(MediaUpload).where(before).values(state="gone", expires_ms=now_ms))
    capability = secrets.token_urlsafe(32)
    return capability, open_upload(
        session, capability, sender.device_id, announced, now_ms + limits.upload_ms
    )


def open_upload(
    session: Session, capability: str, device_id: str, announced: Announced, expires_ms: int
) -> MediaUpload:
    """The row of an upload, written before anything of it is in the store: by it the tick finds what a crash left there."""
    upload = MediaUpload(
        id=upload_id(capability), device_id=device_id, scope_id=announced.scope_id, sha256=announced.sha256
    )
    upload.bytes, upload.at_byte, upload.parts = announced.bytes, 0, []
    upload.state, upload.expires_ms = "open", expires_ms
    session.add(upload)
    session.flush()
    return upload


def has_arrived(session: Session, device_id: str, sha256: str) -> bool:
    """Whether a photo is here for every site of this device's user where an entry promised it, and one did."""
    promised = {scope_id for scope_id, _ in promised_to(session, device_id, sha256)}
    query = sa.select(Media.scope_id).where(Media.scope_id.in_(promised), Media.sha256 == sha256)
    return bool(promised) and promised == set(session.scalars(query))


def upload_id(capability: str) -> str:
    return hash_token(capability).hex()


def promised_to(session: Session, device_id: str, sha256: str) -> set[tuple[str, int]]:
    """(scope, bytes) of what was promised under this hash, at sites that are or were this device's user's: being
    transferred does not undo a day's work."""
    sites = (
        sa.select(Assignment.site_id)
        .join(Device, Device.user_id == Assignment.user_id)
        .where(Device.id == device_id)
    )
    query = sa.select(MediaPromise.scope_id, MediaPromise.bytes).where(
        MediaPromise.scope_id.in_(sites), MediaPromise.sha256 == sha256
    )
    return {(row.scope_id, row.bytes) for row in session.execute(query)}
