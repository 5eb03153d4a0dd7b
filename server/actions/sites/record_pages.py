"""Pages of records, by key: site by site and kind by kind, in each the latest first. Every page takes a few statements, each
served by an index, however many records there are."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.book import FormBook
from server.actions.records.segments import read_bodies
from server.actions.sites.record_filters import Wanted, wrong
from server.base.seal import Seals
from server.models.access import Viewer
from server.models.device import Device
from server.models.entry import LogEntry
from server.models.paging import Page, Slice
from server.models.record import Record
from server.models.site import Site
from server.models.user import User

LIMIT_MAX = 200
CURSOR_MAX = 250  # characters
PAIRS = 20  # sites and kinds that one page looks into
SCANNED_MAX = 2000  # bodies that one page opens in search of choices
_SCANNED_AT_ONCE = 500
SORTED: Mapping[str, Any] = {
    **{"At": Record.event_ms, "Id": Record.id, "Site": Record.scope_id},
    **{"Rev": Record.rev, "Backfilled": Record.backfilled},
}
_BAD_CURSOR = "游标无效, 请从第一页重新开始。"
_COLUMNS: tuple[Any, ...] = (
    *(
        Record.id,
        Record.scope_id,
        Record.kind,
        Record.body,
        Record.rev,
        Record.seq,
        Record.event_ms,
        Record.backfilled,
    ),
    *(Record.counts, Record.deleted_ms, Record.subject, Record.maybe_places),
    *(User.id.label("author_id"), User.display_name.label("author"), LogEntry.form),
)


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One record as it is stored, and its body as it is served: masked by the policies of its kind. `author`: who wrote it
    first; `form`: by which version of its form it was read."""

    site: str
    id: str
    kind: str
    rev: int
    seq: int
    event_ms: int | None
    backfilled: bool
    counts: bool
    is_deleted: bool
    subject: str | None
    maybe_places: str | None
    author_id: str | None
    author: str
    form: int | None
    body: dict[str, Any]

    @property
    def state(self) -> str:
        """What became of it: in_force, corrected, voided, merged or deleted."""
        if self.is_deleted:
            return "deleted"
        marks = (("voided", "voided"), ("amended_by", "corrected"), ("merged_into", "merged"))
        return next((state for mark, state in marks if self.body.get(mark)), "in_force")


@dataclass(frozen=True, slots=True)
class _After:
    """Where a page starts: after this record of a site and kind, or after all of them (no `id`)."""

    site: str
    kind: str
    ms: int | None = None
    id: str | None = None


def page_of_records(
    session: Session, seals: Seals, viewer: Viewer, wanted: Wanted, cursor: str | None, limit: int
) -> Page[RecordRow]:
    """Up to `limit` of the records, and where to continue; a page may have fewer and still not be the last. `wanted` was
    checked. Raises Problem 422 for a bad cursor."""
    after = _read_cursor(cursor)
    pairs = _pairs(session, viewer, wanted, after)
    rows: list[RecordRow] = []
    opened, done = 0, after
    for site, kind in pairs[:PAIRS]:
        at = after if after is not None and (after.site, after.kind) == (site, kind) else _After(site, kind)
        most = limit - len(rows) + 1
        for row in _read(session, seals, _stored(session, viewer, wanted, at, most)):
            if len(rows) == limit or opened == SCANNED_MAX:
                return Page(rows, _write_cursor(done))
            opened += bool(wanted.choices)
            done = _After(site, kind, row.event_ms, row.id)
            if wanted.fits(row.body):
                rows.append(row)
        done = _After(site, kind)
    return Page(rows, _write_cursor(done) if len(pairs) > PAIRS else None)


def count_records(session: Session, viewer: Viewer, wanted: Wanted, most: int) -> int:
    """How many records there are, without regard to choices; counts to `most` and no further."""
    sites = sa.select(Site.id).where(wanted.sites(viewer))
    found = (
        sa.select(Record.id)
        .where(Record.scope_id.in_(sites), Record.kind.in_(wanted.kinds), *wanted.conditions(viewer))
        .limit(most)
    )
    return session.scalar(sa.select(sa.func.count()).select_from(found.subquery())) or 0


def sorted_records(
    session: Session,
    seals: Seals,
    viewer: Viewer,
    wanted: Wanted,
    order: Sequence[tuple[str, bool]],
    part: Slice,
) -> list[RecordRow]:
    """A part of the records, sorted by columns of SORTED, each with whether it descends; an empty value comes before every
    other, and what is alike in the order of sites and ids. The database sorts; only the part's bodies are opened."""
    sites = sa.select(Site.id).where(wanted.sites(viewer))
    columns = [(SORTED[name], descends) for name, descends in order]
    by = [
        column.desc().nulls_last() if descends else column.asc().nulls_first() for column, descends in columns
    ]
    query = (
        sa.select(Record.scope_id, Record.id)
        .where(Record.scope_id.in_(sites), Record.kind.in_(wanted.kinds), *wanted.conditions(viewer))
        .order_by(*by, Record.scope_id, Record.id)
        .offset(part.start)
        .limit(part.limit)
    )
    keys = [(site, id) for site, id in session.execute(query)]
    found: dict[tuple[str, str], RecordRow] = {}
    for site in dict.fromkeys(site for site, _ in keys):
        here = [id for one, id in keys if one == site]
        stored = session.execute(with_author().where(Record.scope_id == site, Record.id.in_(here))).all()
        found |= {(site, row.id): row for row in rows_of(session, seals, stored)}
    return [found[key] for key in keys]


def rows_of(session: Session, seals: Seals, stored: Sequence[Any]) -> list[RecordRow]:
    """Rows of one site with the columns of `with_author`, their bodies opened; a tombstone has an empty one. At most a few
    statements."""
    live = [one for one in stored if one.deleted_ms is None]
    texts = read_bodies(session, seals, live[0].scope_id, live) if live else []
    bodies = {one.id: msgspec.json.decode(text) for one, text in zip(live, texts, strict=True)}
    return [_row(one, bodies.get(one.id, {})) for one in stored]


def _read(session: Session, seals: Seals, batches: Iterator[Sequence[Any]]) -> Iterator[RecordRow]:
    for batch in batches:
        yield from rows_of(session, seals, batch)


def with_author() -> sa.Select[Any]:
    """Records with who wrote them first. Which ones, the caller says."""
    return (
        sa.select(*_COLUMNS)
        .outerjoin(LogEntry, sa.and_(LogEntry.scope_id == Record.scope_id, LogEntry.id == Record.id))
        .outerjoin(Device, Device.id == LogEntry.device_id)
        .outerjoin(User, User.id == Device.user_id)
    )


def named_people(kinds: FormBook, rows: Sequence[RecordRow]) -> set[tuple[str, str]]:
    """The people whom these records name: (site, record id)."""
    fields: dict[str, set[str]] = {}
    for row in rows:
        if row.kind not in fields:
            fields[row.kind] = {
                name
                for version in kinds.versions(row.kind)
                for name, one in version.whole.fields.items()
                if one.metadata.get("refers") == "worker"
            }
    said = ((row.site, row.body.get(name)) for row in rows for name in fields[row.kind])
    return {(site, text) for site, text in said if isinstance(text, str)}


def _pairs(session: Session, viewer: Viewer, wanted: Wanted, after: _After | None) -> list[tuple[str, str]]:
    """The next sites and kinds of which there is any record, in order; one too many says that there are more. One
    statement."""
    if wanted.site is not None and wanted.alone:
        if after is None:
            return [(wanted.site, wanted.kind)]
        if (after.site, after.kind) != (wanted.site, wanted.kind):
            raise wrong("cursor", _BAD_CURSOR)
        return [(wanted.site, wanted.kind)] if after.id is not None else []
    kinds = sa.union_all(*(sa.select(sa.literal(name).label("kind")) for name in wanted.kinds)).subquery()
    of_pair = (Record.scope_id == Site.id, Record.kind == kinds.c.kind, Record.deleted_ms.is_(None))
    is_any = sa.select(sa.literal(1)).where(*of_pair, *wanted.dates(viewer)).correlate(Site, kinds)
    query = (
        sa.select(Site.id, kinds.c.kind)
        .join_from(Site, kinds, sa.true())
        .where(wanted.sites(viewer), is_any.exists())
        .order_by(Site.id, kinds.c.kind)
        .limit(PAIRS + 1)
    )
    if after is not None:
        here = sa.bindparam(None, after.site, type_=Site.id.type)
        later = kinds.c.kind >= after.kind if after.id is not None else kinds.c.kind > after.kind
        query = query.where(sa.or_(Site.id > here, sa.and_(Site.id == here, later)))
    return [(site, kind) for site, kind in session.execute(query)]


def _stored(
    session: Session, viewer: Viewer, wanted: Wanted, at: _After, most: int
) -> Iterator[Sequence[Any]]:
    """Records of one site and kind, from there on: `most` of them in one statement; where fields must say something, all of
    them in several."""
    size = _SCANNED_AT_ONCE if wanted.choices else most
    while True:
        rows = session.execute(_query(viewer, wanted, at, size)).all()
        yield rows
        if len(rows) < size or not wanted.choices:
            return
        at = _After(at.site, at.kind, rows[-1].event_ms, rows[-1].id)


def _query(viewer: Viewer, wanted: Wanted, at: _After, limit: int) -> sa.Select[Any]:
    """`event_ms` of a register is empty: its records come by their ids."""
    site = sa.bindparam(None, at.site, type_=Record.scope_id.type)
    query = with_author().where(Record.scope_id == site, Record.kind == at.kind, *wanted.conditions(viewer))
    if at.id is not None:
        last = sa.bindparam(None, at.id, type_=Record.id.type)
        if at.ms is None:
            query = query.where(Record.event_ms.is_(None), Record.id < last)
        else:
            # The first condition is what the index is searched by.
            same = sa.or_(Record.event_ms < at.ms, Record.id < last)
            query = query.where(Record.event_ms <= at.ms, same)
    return query.order_by(Record.event_ms.desc(), Record.id.desc()).limit(limit)


def _row(stored: Any, body: dict[str, Any]) -> RecordRow:
    return RecordRow(
        site=stored.scope_id,
        id=stored.id,
        kind=stored.kind,
        rev=stored.rev,
        seq=stored.seq,
        event_ms=stored.event_ms,
        backfilled=stored.backfilled,
        counts=stored.counts,
        is_deleted=stored.deleted_ms is not None,
        subject=stored.subject,
        maybe_places=stored.maybe_places,
        author_id=stored.author_id,
        author=stored.author or "",
        form=stored.form,
        body=body,
    )


def _write_cursor(at: _After | None) -> str:
    assert at is not None, "a page that ends early has looked into something"
    ms, record = "" if at.ms is None else str(at.ms), at.id or ""
    return base64.urlsafe_b64encode(f"{at.site}:{at.kind}:{ms}:{record}".encode()).decode().rstrip("=")


def _read_cursor(text: str | None) -> _After | None:
    if not text:
        return None
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        site, kind, ms, record = plain.decode("ascii").split(":")
        if (
            not kind
            or kind.strip() != kind
            or not kind.isprintable()
            or (ms and not ms.removeprefix("-").isdigit())
        ):
            raise ValueError(plain)
        at_ms = int(ms) if ms else None
        if at_ms is not None and abs(at_ms) >= 1 << 53:
            raise ValueError(ms)
        return _After(str(UUID(site)), kind, at_ms, str(UUID(record)) if record else None)
    except (binascii.Error, ValueError) as error:
        raise wrong("cursor", _BAD_CURSOR) from error
