"""The logs of one site by their kinds, as lists and as workbooks. Kinds that are sealed name people or their health, and are
not listed here."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.book import FormBook
from server.actions.reference.load_reference import rules_in_force
from server.actions.reference.name_codes import read_names
from server.actions.reference.record_words import value
from server.actions.sites.list_sites import one_site
from server.base.clock import to_iso
from server.base.problems import not_found
from server.files.new_workbook import header_format, new_workbook, write_header
from server.models.access import Viewer, sees_evidence
from server.models.device import Device
from server.models.entry import LogEntry
from server.models.record import Record
from server.models.user import User

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


def logs_listed(kinds: FormBook) -> Mapping[str, str]:
    """The kinds of log that are listed, with their titles."""
    logs = (
        kind for kind in kinds.kinds.values() if kind.nature == "fact" and not kind.sealed and not kind.own
    )
    return {kind.name: kind.title for kind in logs}


def columns_of(kinds: FormBook, kind: str) -> Mapping[str, str]:
    """The fields of a kind with their titles, as its records show them: those of its latest version, then those that only
    earlier ones have."""
    found: dict[str, str] = {}
    for version in kinds.versions(kind):
        for name, field in version.whole.fields.items():
            found.setdefault(name, str(field.metadata["title"]))
    return found


def page_of_records(
    session: Session, viewer: Viewer, site_id: str, kind: str, start: int, limit: int
) -> tuple[list[ShownRecord], int]:
    """Records `start` … of a kind at a site, the latest first, and how many there are; those that were voided or corrected
    among them. Raises Problem 404 for a site that is not this viewer's, and for a kind that is not listed."""
    one_site(session, viewer, site_id)
    names = read_names(session, site_id)
    if kind not in logs_listed(names.kinds) or not sees_evidence(viewer):
        raise not_found()
    of_kind = (Record.scope_id == site_id, Record.kind == kind, Record.deleted_ms.is_(None))
    total = session.scalar(sa.select(sa.func.count()).where(*of_kind)) or 0
    query = (
        sa.select(
            *(Record.event_ms, Record.body, Record.backfilled, Record.counts, User.display_name),
            *(Record.subject, Record.maybe_places),
        )
        .join(LogEntry, sa.and_(LogEntry.scope_id == Record.scope_id, LogEntry.id == Record.id))
        .outerjoin(Device, Device.id == LogEntry.device_id)
        .outerjoin(User, User.id == Device.user_id)
        .where(*of_kind)
        .order_by(Record.event_ms.desc(), Record.id)
    )
    fields, found = columns_of(names.kinds, kind), []
    where = names.kinds.kinds[kind].place_fields
    for row in session.execute(query.offset(start).limit(limit)):
        at_ms, body, backfilled, counts, person, subject, maybe = row
        said = msgspec.json.decode(body)
        if where is not None and where.id is not None and subject in names.known["places"]:
            said.setdefault(where.id, subject)
        texts = [(name, "" if said.get(name) is None else str(said[name])) for name in fields]
        cells = [value(names, kind, name, text, {}) for name, text in texts]
        marks = ((_BACKFILLED, backfilled), (_VOID, not counts), (_UNPLACED, counts and maybe))
        mark = ", ".join(text for text, holds in marks if holds)
        found.append(ShownRecord(at_ms, person or "", cells, mark))
    return found, total


def records_file(session: Session, viewer: Viewer, site_id: str, kind: str) -> bytes:
    """The same as a workbook. Raises Problem 404."""
    records, _ = page_of_records(session, viewer, site_id, kind, 0, ROWS_MAX)
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
