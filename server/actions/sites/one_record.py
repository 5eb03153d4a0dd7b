"""One record with what belongs to it: its photos and documents, the records of other kinds that name it, and what it names.
A person of the roster has such records, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.reference.name_codes import Names
from server.actions.sites.list_records import ShownRecord, columns_of, logs_listed, refers_to, shown_records
from server.actions.sites.record_pages import RecordRow, rows_of, with_author
from server.base.problems import not_found
from server.base.seal import Seals
from server.models.access import Viewer, sees_evidence
from server.models.media import Media, promised_media
from server.models.record import Record

SHOWN = 50  # records of a kind that belong to one
_LOOKED_INTO = 500  # the latest of a kind whose records are not found by what they are about

Shots = list[dict[str, Any]]  # as promised_media gives them


@dataclass(frozen=True, slots=True)
class Family:
    """The records of one kind that belong to a record, the latest first. `more`: there may be others."""

    kind: str
    titles: list[str]
    records: list[ShownRecord]
    more: bool


def one_record(
    session: Session, seals: Seals, viewer: Viewer, site_id: str, kind: str, key: str
) -> RecordRow:
    """Raises Problem 404 for what is absent or deleted. That the viewer may read such records here was checked."""
    is_it = (Record.scope_id == site_id, Record.kind == kind, Record.id == key, Record.deleted_ms.is_(None))
    rows = rows_of(session, seals, session.execute(with_author().where(*is_it)).all())
    if not rows or not sees_evidence(viewer):
        raise not_found()
    return rows[0]


def shots_of(session: Session, site_id: str, records: Sequence[ShownRecord]) -> dict[str, Shots]:
    """The photos and documents of records, by record: those that its entry promised, then others that its fields name."""
    found = promised_media(session, site_id, [record.id for record in records])
    lacking = {record.id: _unpromised(record, found.get(record.id, [])) for record in records}
    wanted = {sha256 for some in lacking.values() for sha256 in some}
    if not wanted:
        return found
    query = sa.select(Media.sha256, Media.type).where(Media.scope_id == site_id, Media.sha256.in_(wanted))
    types = {row.sha256: row.type for row in session.execute(query)}
    for key, some in lacking.items():
        for sha256 in some:
            one = {"sha256": sha256, "arrived": sha256 in types, "type": types.get(sha256)}
            found.setdefault(key, []).append(one)
    return found


def unnamed(record: ShownRecord, shots: Shots) -> Shots:
    """The photos that no field of a record names."""
    named = {sha256 for cell in record.cells for sha256 in cell.hashes}
    return [one for one in shots if one["sha256"] not in named]


def belonging(
    session: Session, seals: Seals, viewer: Viewer, names: Names, site_id: str, parent: tuple[str, str]
) -> list[Family]:
    """The records that name a record (kind, id), as far as this viewer may read their kinds. `names` knows the places of the
    site."""
    found = []
    for kind in sorted(logs_listed(names.kinds, viewer)):
        fields = [name for name, of in refers_to(names.kinds, kind).items() if of == parent[0]]
        if not fields:
            continue
        rows, more = _naming(session, seals, names, site_id, kind, (fields, parent[1]))
        if rows:
            shown = shown_records(session, seals, viewer, names, rows)
            found.append(Family(kind, list(columns_of(names.kinds, kind).values()), shown, more))
    return found


def _naming(
    session: Session,
    seals: Seals,
    names: Names,
    site_id: str,
    kind: str,
    wanted: tuple[Sequence[str], str],
) -> tuple[list[RecordRow], bool]:
    """The records of a kind of which one of these fields holds this id. Where that is what they are about, the row says so;
    else the latest are opened."""
    fields, key = wanted
    query = with_author().where(Record.scope_id == site_id, Record.kind == kind, Record.deleted_ms.is_(None))
    query = query.order_by(Record.event_ms.desc(), Record.id.desc())
    is_about = all(version.subject_field in fields for version in names.kinds.versions(kind))
    if is_about:
        stored = session.execute(query.where(Record.subject == key).limit(SHOWN + 1)).all()
        rows = rows_of(session, seals, stored)
    else:
        stored = session.execute(query.limit(_LOOKED_INTO)).all()
        rows = [row for row in rows_of(session, seals, stored) if _names(row.body, fields, key)]
    is_cut = not is_about and len(stored) == _LOOKED_INTO
    return rows[:SHOWN], is_cut or len(rows) > SHOWN


def _names(body: Mapping[str, Any], fields: Sequence[str], key: str) -> bool:
    return any(body.get(name) == key for name in fields)


def _unpromised(record: ShownRecord, shots: Shots) -> list[str]:
    known = {one["sha256"] for one in shots}
    return [sha256 for cell in record.cells for sha256 in cell.hashes if sha256 not in known]
