"""Which packs are loaded: a row of reference data for each."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.reference.load_reference import mark_changed
from server.files.pack_files import Pack
from server.models.reference import Reference
from server.models.tx import Tx

_NOUN = "packs"


@dataclass(frozen=True, slots=True)
class LoadedPack:
    """A pack as it was loaded last. `digest`: of its files then."""

    code: str
    title: str
    source: str
    since: str
    to: str | None
    digest: str
    at_ms: int


def note_loaded(tx: Tx, pack: Pack) -> None:
    """Record that the pack is loaded; the same content again is no change."""
    key = {"noun": _NOUN, "code": pack.code, "valid_from": pack.since}
    before = tx.session.get(Reference, tuple(key.values()))
    if before is not None and before.data.get("digest") == pack.digest:
        return
    data = {"title": pack.title, "mark": pack.mark, "digest": pack.digest, "at_ms": tx.now_ms}
    tx.session.merge(Reference(**key, valid_to=pack.to, data=data, source=pack.source))
    mark_changed(tx.session)


def loaded_packs(session: Session) -> dict[str, LoadedPack]:
    """By code, the packs that were loaded."""
    query = sa.select(Reference).where(Reference.noun == _NOUN).order_by(Reference.code, Reference.valid_from)
    found = {}
    for row in session.scalars(query):
        data = row.data
        said = (row.code, data["title"], row.source, row.valid_from, row.valid_to)
        found[row.code] = LoadedPack(*said, data["digest"], data["at_ms"])
    return found
