"""The records of one site by their kinds, as lists and as workbooks. Kinds in code that are sealed name people or their
health, and are not listed here; forms that are sealed are, to those who may see people, with their masks."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.book import AnyKind, FormBook
from schemas.forms.surroundings import ONCE_CODE
from schemas.kind import Kind
from server.actions.accounts.name_people import name_people
from server.actions.records.segments import read_bodies
from server.actions.reference.load_reference import rules_in_force
from server.actions.reference.name_codes import Names, read_names
from server.actions.reference.record_words import value
from server.actions.sites.list_sites import one_site
from server.base.clock import to_iso
from server.base.problems import not_found
from server.base.seal import Seals
from server.files.new_workbook import header_format, new_workbook, write_header
from server.models.access import Viewer, sees_cases, sees_evidence
from server.models.device import Device
from server.models.entry import LogEntry
from server.models.paging import Slice
from server.models.record import Record
from server.models.user import User

_HASH = re.compile("[0-9a-f]{64}")
ROWS_MAX = 20_000  # of a workbook, the latest
_TIME, _PERSON, _MARK = "时间", "填写人", "备注 (系统)"
_BACKFILLED, _VOID, _UNPLACED = "补录", "已作废或更正", "场所待核对"


@dataclass(frozen=True, slots=True)
class ShownRecord:
    """One record: when and by whom, its fields in words by their titles, and what there is to say of it."""

    at_ms: int | None
    person: str
    cells: list[str]
    mark: str


def logs_listed(kinds: FormBook, viewer: Viewer) -> Mapping[str, str]:
    """The kinds that are listed to this viewer, with their titles."""
    logs = (kind for kind in kinds.kinds.values() if kind.nature != "server" and not kind.own)
    return {kind.name: kind.title for kind in logs if _is_listed(kind, viewer)}


def _is_listed(kind: AnyKind, viewer: Viewer) -> bool:
    if isinstance(kind, Kind) or kind.name in ONCE_CODE:
        return kind.nature == "fact" and not kind.sealed
    return not kind.sealed or sees_cases(viewer)


def columns_of(kinds: FormBook, kind: str) -> Mapping[str, str]:
    """The fields of a kind with their titles, as its records show them: those of its latest version, then those that only
    earlier ones have."""
    found: dict[str, str] = {}
    for version in kinds.versions(kind):
        for name, field in version.whole.fields.items():
            found.setdefault(name, str(field.metadata["title"]))
    return found


def page_of_records(
    session: Session, seals: Seals, viewer: Viewer, site_id: str, kind: str, part: Slice
) -> tuple[list[ShownRecord], int]:
    """These records of a kind at a site, the latest first, and how many there are; those that were voided or corrected
    among them. Raises Problem 404 for a site that is not this viewer's, and for a kind that is not listed."""
    one_site(session, viewer, site_id)
    names = read_names(session, site_id)
    if kind not in logs_listed(names.kinds, viewer) or not sees_evidence(viewer):
        raise not_found()
    of_kind = (Record.scope_id == site_id, Record.kind == kind, Record.deleted_ms.is_(None))
    total = session.scalar(sa.select(sa.func.count()).where(*of_kind)) or 0
    query = (
        sa.select(
            *(Record.id, Record.event_ms, Record.body, Record.backfilled, Record.counts, User.display_name),
            *(Record.seq, Record.subject, Record.maybe_places),
        )
        .outerjoin(LogEntry, sa.and_(LogEntry.scope_id == Record.scope_id, LogEntry.id == Record.id))
        .outerjoin(Device, Device.id == LogEntry.device_id)
        .outerjoin(User, User.id == Device.user_id)
        .where(*of_kind)
        .order_by(Record.event_ms.desc(), Record.id)
    )
    rows = session.execute(query.offset(part.start).limit(part.limit)).all()
    bodies = [msgspec.json.decode(body) for body in read_bodies(session, seals, site_id, rows)]
    people = name_people(session, seals, _people(names.kinds, kind, site_id, bodies))
    fields, found = columns_of(names.kinds, kind), []
    where = names.kinds.kinds[kind].place_fields
    for row, said in zip(rows, bodies, strict=True):
        if where is not None and where.id is not None and row.subject in names.known["places"]:
            said.setdefault(where.id, row.subject)
        cells = [_cell(names, kind, name, said.get(name), people) for name in fields]
        unplaced = row.counts and row.maybe_places
        marks = ((_BACKFILLED, row.backfilled), (_VOID, not row.counts), (_UNPLACED, unplaced))
        mark = ", ".join(text for text, holds in marks if holds)
        found.append(ShownRecord(row.event_ms, row.display_name or "", cells, mark))
    return found, total


def _people(
    kinds: FormBook, kind: str, site_id: str, bodies: Sequence[Mapping[str, Any]]
) -> set[tuple[str, str]]:
    """The people whom these records of a form name."""
    fields = {
        name
        for version in kinds.versions(kind)
        for name, field in version.whole.fields.items()
        if field.metadata.get("refers") == "worker"
    }
    return {(site_id, body[name]) for body in bodies for name in fields if isinstance(body.get(name), str)}


def _cell(names: Names, kind: str, name: str, said: Any, people: Mapping[str, str]) -> str:
    """A field's value in words: several choices one after the other, a position as numbers, attachments counted."""
    if said is None:
        return ""
    if isinstance(said, Mapping):
        return f"{said['latitude_deg']}, {said['longitude_deg']} (± {said['accuracy_m']} m)"
    if isinstance(said, list):
        texts = [str(one) for one in said]
        if all(_HASH.fullmatch(text) for text in texts):
            return f"附件 {len(texts)} 个"
        return "、".join(value(names, kind, name, text, {}) for text in texts)
    return value(names, kind, name, str(said), people)


def records_file(session: Session, seals: Seals, viewer: Viewer, site_id: str, kind: str) -> bytes:
    """The same as a workbook. Raises Problem 404."""
    records, _ = page_of_records(session, seals, viewer, site_id, kind, Slice(0, ROWS_MAX))
    kinds = rules_in_force(session).kinds
    buffer = io.BytesIO()
    with new_workbook(buffer) as book:
        page = book.add_worksheet(kinds.kinds[kind].title)
        write_header(page, 0, [_TIME, _PERSON, *columns_of(kinds, kind).values(), _MARK], header_format(book))
        page.freeze_panes(1, 1)
        for row, record in enumerate(records, start=1):
            at = "" if record.at_ms is None else to_iso(record.at_ms)[:19].replace("T", " ")
            for column, text in enumerate((at, record.person, *record.cells, record.mark)):
                page.write_string(row, column, text)
    return buffer.getvalue()
