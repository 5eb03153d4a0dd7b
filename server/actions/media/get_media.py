"""A photo for people to look at: the clean copy, never the bytes that came. A document comes as it is."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.media.inspect_document import PDF
from server.base.media_store import MediaStore
from server.base.problems import Problem, not_found
from server.base.seal import SealBroken
from server.models.access import Viewer, sees_evidence, visible_sites
from server.models.media import Media, original_key, shown_key
from server.models.site import Site

_log = logging.getLogger("gongdi.media")


def find_photo(session: Session, viewer: Viewer, site_id: str, sha256: str) -> Media:
    """A photo of a site that the viewer may see. Raises Problem 404 when it is absent, not this viewer's, or deleted by
    rule."""
    query = (
        sa.select(Media)
        .join(Site, Site.id == Media.scope_id)
        .where(
            Media.scope_id == site_id, Media.sha256 == sha256, Media.state == "kept", visible_sites(viewer)
        )
    )
    photo = session.scalar(query) if sees_evidence(viewer) else None
    if photo is None:
        raise not_found()
    return photo


class Kept(NamedTuple):
    """A photo or document that is in the store."""

    sha256: str
    bytes: int
    type: str


def kept_at(session: Session, viewer: Viewer, site_id: str, hashes: Collection[str]) -> list[Kept]:
    """Those of these files that are in the store for a site, as far as the viewer may see them."""
    if not sees_evidence(viewer):
        return []
    seen = sa.select(Site.id).where(Site.id == site_id, visible_sites(viewer))
    is_one = (Media.scope_id.in_(seen), Media.sha256.in_(hashes), Media.state == "kept")
    rows = session.execute(sa.select(Media.sha256, Media.bytes, Media.type).where(*is_one))
    return [Kept(*row) for row in rows]


def documents_of(session: Session, site_id: str, hashes: Collection[str]) -> set[str]:
    """Which of these files of a site are documents, and no photos."""
    ours = (Media.scope_id == site_id, Media.sha256.in_(hashes), Media.type == PDF)
    return set(session.scalars(sa.select(Media.sha256).where(*ours))) if hashes else set()


def require_photographer(session: Session, viewer: Viewer, site_id: str) -> None:
    """Raises Problem 404 for who sends no photos of this site: administrators, and those who do not see it."""
    seen = sa.select(Site.id).where(Site.id == site_id, visible_sites(viewer))
    if not sees_evidence(viewer) or session.scalar(seen) is None:
        raise not_found()


def shown_bytes(store: MediaStore, photo: Media) -> bytes:
    """The copy for people, or a document itself (see shown_type). Raises Problem 404, or 502 for one that was changed in
    the store."""
    try:
        key = original_key if photo.type == PDF else shown_key
        found = store.get(key(photo.scope_id, photo.sha256))
    except SealBroken as error:
        _log.error("a photo in the store does not open", extra={"fields": {"sha256": photo.sha256}})
        detail = "存储中的照片已损坏或被改动, 请联系管理员。"
        raise Problem("media_damaged", detail) from error
    if found is None:
        raise not_found()
    return found
