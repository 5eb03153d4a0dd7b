"""Records as a file: read in pages, each in a transaction of its own, so that a file of any length needs little memory and
holds no snapshot while somebody's line is slow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

import sqlalchemy as sa

from server.actions.reference.load_reference import tx_of
from server.actions.reference.name_codes import read_names
from server.actions.sites.disclosures import checked_reason, disclose
from server.actions.sites.full_records import in_full
from server.actions.sites.list_records import is_masked, shown_records, titles_of
from server.actions.sites.record_filters import Wanted, check_wanted, wrong
from server.actions.sites.record_pages import count_records, page_of_records
from server.base.db import Session, read, write
from server.base.problems import Problem
from server.base.seal import Seals
from server.files import new_csv, new_workbook
from server.models.access import Viewer
from server.models.audit import Deed, record_deed
from server.models.site import Site
from server.models.tx import Tx

CSV, XLSX = "csv", "xlsx"
ROWS_MAX: Mapping[str, int] = {CSV: 200_000, XLSX: 20_000}  # of one file
MIMES: Mapping[str, str] = {CSV: new_csv.MIME, XLSX: new_workbook.MIME}
_AT_ONCE = 500  # rows
_SITE = "地点"


@dataclass(frozen=True, slots=True)
class RecordsFile:
    """A file that is ready to leave. `chunks`: its bytes; those of a .csv are read while they leave."""

    name: str
    mime: str
    chunks: Iterator[bytes]


def export_records(
    seals: Seals, viewer: Viewer, wanted: Wanted, sort: str, reason: str | None, now_ms: int
) -> RecordsFile:
    """Records of one kind as a file of this `sort` (CSV or XLSX): the union of all versions' columns, masked; or of one site
    in full, for a permitted role that gives a reason. That it leaves is kept. Raises Problem as `check_wanted`; 422 without
    a kind and for too many rows; 403 and 409 for full fields."""
    with write() as session:
        tx = tx_of(session, seals, now_ms)
        wanted = check_wanted(session, viewer, tx.book.kinds, wanted)
        if not wanted.alone:
            raise wrong("kind", "文件只能有一种记录, 请写明 kind。")
        rows = _count(session, viewer, wanted, sort)
        title = tx.book.kinds.kinds[wanted.kind].title
        if reason is not None:
            _disclose(tx, viewer, wanted, rows, reason)
        else:
            where = session.get_one(Site, wanted.site).name if wanted.site is not None else "多个地点"
            record_deed(session, Deed("exported", viewer.id, f"{where}: {title}", wanted.site or ""), now_ms)
        titles = titles_of(tx.book.kinds, wanted.kind)
    titles = titles if wanted.site is not None else [_SITE, *titles]
    batches = record_batches(seals, viewer, wanted, reason is not None)
    batches = chain([next(batches)], batches)  # what can fail fails before the answer begins
    if sort == CSV:
        chunks = new_csv.csv_chunks(titles, batches)
    else:
        chunks = iter([new_workbook.table_workbook(title, titles, chain.from_iterable(batches))])
    return RecordsFile(f"{title}.{sort}", MIMES[sort], chunks)


def _count(session: Session, viewer: Viewer, wanted: Wanted, sort: str) -> int:
    """How many rows the file may have. Raises Problem 422 for too many."""
    most = ROWS_MAX[sort]
    rows = count_records(session, viewer, wanted, most + 1)
    if rows > most:
        message = f"一个文件最多 {most} 条, 请用 from、to 缩小日期范围" + (
            "或下载 CSV。" if sort == XLSX else "。"
        )
        raise Problem("too_many_rows", message, errors={"from": [message]})
    return rows


def _disclose(tx: Tx, viewer: Viewer, wanted: Wanted, rows: int, reason: str) -> None:
    kept = checked_reason(viewer, reason)
    if wanted.site is None:
        raise wrong("site", "完整内容只按一个地点导出, 请写明 site。")
    if not is_masked(tx.book.kinds, wanted.kind):
        raise wrong("kind", "这种记录没有遮盖的字段, 请直接下载。")
    disclose(tx.session, viewer, wanted.site, rows, kept, tx.now_ms)


def record_batches(
    seals: Seals, viewer: Viewer, wanted: Wanted, full: bool
) -> Iterator[list[list[str | float]]]:
    """The rows of a file, some hundred at a time. What the viewer may see is asked again each time."""
    cursor: str | None = None
    while True:
        with read() as session:
            page = page_of_records(session, seals, viewer, wanted, cursor, _AT_ONCE)
            rows = page.items
            sites = sorted({row.site for row in rows})
            names = read_names(session, *sites)
            if full and wanted.site is not None:
                rows = in_full(session, seals, names.kinds.kinds[wanted.kind], wanted.site, rows)
            shown = [record.values() for record in shown_records(session, seals, viewer, names, rows)]
            if wanted.site is None:
                called = dict(session.execute(sa.select(Site.id, Site.name).where(Site.id.in_(sites))).all())
                shown = [[called[row.site], *texts] for row, texts in zip(rows, shown, strict=True)]
        yield shown
        if page.next is None:
            return
        cursor = page.next
