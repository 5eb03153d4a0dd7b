"""Photos arrive apart from the log: short transactions, with writes to the store between them.

A piece is put into the store before it counts, under a name that nobody else uses; one row then says which pieces count.
So two processes that continue one upload never mix their bytes, and a process that dies leaves a piece that the tick
clears away, never a photo with a hole.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable

import sqlalchemy as sa

from server.actions.flags.retained_photos import is_held
from server.actions.media.advance_upload import PARTS_MAX, advance, finish, give_up, moved_on
from server.actions.media.begin_upload import Announced, open_upload, promised_to
from server.actions.media.get_media import require_photographer
from server.actions.media.inspect_document import inspect_media
from server.actions.media.inspect_photo import (
    Photo,
    PhotoLimits,
    inspect_sent_photo,
    photo_limits,
    refused_media,
)
from server.actions.sync.write_server_entries import own_device
from server.base.db import read, write
from server.base.media_store import MediaStore
from server.base.problems import Problem
from server.base.runtime import Runtime
from server.base.seal import SealBroken
from server.base.statements import constant
from server.models.access import Viewer
from server.models.media import Media, MediaUpload, original_key, parts_key, shown_key, stranded_photos
from server.rules.calendar import DAY_MS, local_date_of
from server.rules.rulebook import Rulebook

Inspect = Callable[[bytes, PhotoLimits], Photo]
AT_ONCE = 200  # uploads, and photos, that one tick clears away

_log = logging.getLogger("gongdi.media")


def add_piece(store: MediaStore, upload: MediaUpload, piece: bytes, now_ms: int) -> int:
    """Add a piece at the offset of `upload`; gives the new offset. The last piece makes the photo arrive.

    Raises Problem 409 when another process was first; 413, 415 or 422 when what has come is no photo as promised: the
    upload is then given up.
    """
    if not piece:
        return upload.at_byte
    until_byte = upload.at_byte + len(piece)
    if until_byte == upload.bytes:
        _complete(store, upload, piece, now_ms)
        return until_byte
    if len(upload.parts) >= PARTS_MAX:
        raise refused_media("media_too_many_parts", max_parts=PARTS_MAX)
    name = f"{upload.at_byte}.{secrets.token_hex(8)}"
    key = f"{parts_key(upload.id)}/{name}"
    store.put(key, piece)
    with write() as session:
        counts = advance(session, upload, name, until_byte, now_ms)
    if not counts:
        store.delete([key])
        raise moved_on()
    return until_byte


def keep_photo(
    store: MediaStore,
    viewer: Viewer,
    site_id: str,
    data: bytes,
    now_ms: int,
    inspect: Inspect = inspect_sent_photo,
) -> str:
    """Keep a photo that a person sends with a move of a flag, or whatever `inspect` takes; gives its SHA-256. One that is
    here already stays.

    Raises Problem 404 for a site that is not this viewer's, 413, 415 or 422 for what is no photo.
    """
    with read() as session:
        require_photographer(session, viewer, site_id)
        limits = photo_limits(session, now_ms)
    if len(data) > limits.bytes_max:
        raise refused_media("media_too_large", max_bytes=limits.bytes_max)
    sha256, photo = hashlib.sha256(data).hexdigest(), inspect(data, limits)
    announced = Announced(site_id, sha256, len(data))
    upload = _opened(own_device(viewer.id), announced, now_ms + limits.upload_ms)
    _keep(store, upload, photo, data, now_ms)
    return sha256


def keep_carried(store: MediaStore, device_id: str, sha256: str, data: bytes, now_ms: int) -> None:
    """Keep a photo that a file brought from a device, at every site where an entry promised it and it lacks.

    Raises Problem 409 `media_here`, 413, 415 or 422 for what nobody promised and for what is no photo.
    """
    if hashlib.sha256(data).hexdigest() != sha256:
        raise refused_media("media_mismatch")
    with read() as session:
        limits = photo_limits(session, now_ms)
        promised = promised_to(session, device_id, sha256)
        sites = [site_id for site_id, length in promised if length == len(data)]
        lacking = [site_id for site_id in sites if session.get(Media, (site_id, sha256)) is None]
    if not lacking:
        raise refused_media("media_here" if sites else "media_not_promised")
    photo = inspect_media(data, limits)
    for site_id in lacking:
        announced = Announced(site_id, sha256, len(data))
        upload = _opened(device_id, announced, now_ms + limits.upload_ms)
        _keep(store, upload, photo, data, now_ms)


def drop_upload(store: MediaStore, upload: MediaUpload, now_ms: int) -> None:
    """Give an upload up, and forget the pieces that came. Raises Problem 409 when it moved on meanwhile."""
    with write() as session:
        given_up = give_up(session, upload, now_ms)
    if not given_up:
        raise moved_on()
    store.delete_below(parts_key(upload.id))


def _complete(store: MediaStore, upload: MediaUpload, last: bytes, now_ms: int) -> None:
    with read() as session:
        limits = photo_limits(session, now_ms)
    data = _joined(store, upload, last)
    try:
        photo = _judged(upload, data, limits)
    except Problem as problem:
        _log.info("a photo was refused", extra={"fields": {"code": problem.code, "device": upload.device_id}})
        drop_upload(store, upload, now_ms)
        raise
    _keep(store, upload, photo, data, now_ms)
    store.delete_below(parts_key(upload.id))


def _opened(device_id: str, announced: Announced, until_ms: int) -> MediaUpload:
    """The upload of a photo that is here in one piece: it begins, and arrives at once."""
    with write() as session:
        return open_upload(session, secrets.token_urlsafe(32), device_id, announced, until_ms)


def _keep(store: MediaStore, upload: MediaUpload, photo: Photo, data: bytes, now_ms: int) -> None:
    """Store the photo, then record that it arrived; `tidy_media` deletes what a process that dies in between leaves."""
    store.put(original_key(upload.scope_id, upload.sha256), data)
    if photo.shown is not None:
        store.put(shown_key(upload.scope_id, upload.sha256), photo.shown)
    with write() as session:
        arrived = finish(session, upload, photo, now_ms)
    if not arrived:
        raise moved_on()


def _judged(upload: MediaUpload, data: bytes, limits: PhotoLimits) -> Photo:
    if len(data) != upload.bytes or hashlib.sha256(data).hexdigest() != upload.sha256:
        raise refused_media("media_mismatch")
    return inspect_media(data, limits)


def _joined(store: MediaStore, upload: MediaUpload, last: bytes) -> bytes:
    """The pieces that arrived, in order. A piece that is lost or was changed leaves a gap, and the hash will not fit."""
    pieces = []
    for _, name in upload.parts:
        try:
            pieces.append(store.get(f"{parts_key(upload.id)}/{name}") or b"")
        except SealBroken:
            _log.error("a piece of an upload does not open", extra={"fields": {"upload": upload.id}})
    return b"".join((*pieces, last))


def expired_uploads(now_ms: int) -> sa.Select[str]:
    """Ids of uploads that nobody finished in time."""
    return sa.select(MediaUpload.id).where(MediaUpload.expires_ms <= now_ms)


def old_photos(now_ms: int, book: Rulebook) -> sa.Select[str, str] | None:
    """Photos that are past their time and that no open flag needs: (scope id, SHA-256). None without the rule."""
    try:
        days = book.number("media_days", local_date_of(now_ms))
    except LookupError:  # no reference data yet
        return None
    is_old = Media.arrived_ms <= now_ms - round(days * DAY_MS)
    return sa.select(Media.scope_id, Media.sha256).where(Media.state == constant("kept"), is_old, ~is_held())


def tidy_media(runtime: Runtime, now_ms: int, book: Rulebook) -> dict[str, int]:
    """The tick's part: uploads that have expired go with their pieces, photos go when the rules say so."""
    return {
        "uploads": _forget_uploads(runtime.media, now_ms),
        "photos": _forget_photos(runtime.media, now_ms, book),
    }


def _forget_uploads(store: MediaStore, now_ms: int) -> int:
    over = MediaUpload.expires_ms <= now_ms
    with read() as session:
        found = list(session.scalars(expired_uploads(now_ms).order_by(MediaUpload.expires_ms).limit(AT_ONCE)))
        stranded = stranded_photos(session, found, now_ms)
    for upload_id in found:
        store.delete_below(parts_key(upload_id))
    for scope_id, sha256 in stranded:
        store.delete((original_key(scope_id, sha256), shown_key(scope_id, sha256)))
    if found:
        with write() as session:
            session.execute(sa.delete(MediaUpload).where(MediaUpload.id.in_(found), over))
    return len(found)


def _forget_photos(store: MediaStore, now_ms: int, book: Rulebook) -> int:
    over = old_photos(now_ms, book)
    if over is None:
        return 0
    with read() as session:
        rows = session.execute(over.order_by(Media.arrived_ms).limit(AT_ONCE))
        found = [(row.scope_id, row.sha256) for row in rows]
    for scope_id, sha256 in found:
        store.delete((original_key(scope_id, sha256), shown_key(scope_id, sha256)))
        with write() as session:
            one = sa.and_(Media.scope_id == scope_id, Media.sha256 == sha256)
            session.execute(sa.update(Media).where(one).values(state="forgotten"))
    return len(found)
