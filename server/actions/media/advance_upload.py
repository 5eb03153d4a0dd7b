"""Advance an upload, complete it, or give it up. Each is one conditional UPDATE."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.actions.media.begin_upload import upload_id
from server.actions.media.inspect_photo import Photo, refused_media
from server.base.db import is_postgresql
from server.base.problems import Problem, protocol_problem
from server.models.media import Media, MediaUpload

PARTS_MAX = 1000


def find_upload(session: Session, capability: str, device_id: str, now_ms: int) -> MediaUpload:
    """The upload of this address. Raises Problem 404 when there is none or it is another device's, 410 when it has
    expired or was given up."""
    upload = session.get(MediaUpload, upload_id(capability))
    if upload is None or upload.device_id != device_id:
        raise protocol_problem("not_found")
    if upload.state == "gone" or upload.expires_ms <= now_ms:
        raise refused_media("upload_gone")
    return upload


def check_offset(upload: MediaUpload, at_byte: int) -> None:
    """Raises Problem 409 for bytes that do not start where the upload has got to."""
    if at_byte != upload.at_byte:
        raise moved_on(upload.at_byte)


def moved_on(at_byte: int | None = None) -> Problem:
    """409: the upload has got to another byte; a HEAD says to which."""
    members = {} if at_byte is None else {"offset": at_byte}
    return refused_media("upload_offset_mismatch", **members)


def advance(session: Session, upload: MediaUpload, part: str, until_byte: int, now_ms: int) -> bool:
    """Count one more piece, if the upload is still at the byte that was read. Gives whether it was."""
    parts = [*upload.parts, [upload.at_byte, part]]
    return _move(session, upload, now_ms, at_byte=until_byte, parts=parts)


def finish(session: Session, upload: MediaUpload, photo: Photo, now_ms: int) -> bool:
    """Count the last bytes and the photo as arrived, if the upload is still at the byte that was read. Gives whether
    it was.

    Two devices may bring the same photo: the first is remembered.
    """
    if not _move(session, upload, now_ms, at_byte=upload.bytes, parts=[], state="done"):
        return False
    insert = postgresql.insert if is_postgresql(session) else sqlite.insert
    whose = {name: getattr(upload, name) for name in ("scope_id", "sha256", "device_id", "bytes")}
    known = {"type": photo.type, "width": photo.width, "height": photo.height, "taken_ms": photo.taken_ms}
    row = {**whose, **known, "state": "kept", "arrived_ms": now_ms}
    session.execute(insert(Media).values(row).on_conflict_do_nothing())
    return True


def give_up(session: Session, upload: MediaUpload, now_ms: int) -> bool:
    """End an upload, if it is still at the byte that was read. Gives whether it was. What has arrived stays."""
    return _move(session, upload, now_ms, state="gone", expires_ms=now_ms)


def _move(session: Session, upload: MediaUpload, now_ms: int, **values: Any) -> bool:
    seen = sa.and_(
        MediaUpload.id == upload.id,
        MediaUpload.state == upload.state,
        MediaUpload.at_byte == upload.at_byte,
        MediaUpload.expires_ms > now_ms,
    )
    moved: Any = session.execute(sa.update(MediaUpload).where(seen).values(**values))
    return bool(moved.rowcount)
