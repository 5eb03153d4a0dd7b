"""What is taken out of the system as a file, and that somebody took it."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, g

from server.base.db import write
from server.files import new_csv, new_workbook
from server.models.audit import Deed, record_deed
from server.web.responses import as_download, now_ms


def note_export(subject: str, subject_id: str) -> None:
    """Keep that this user got a file. Called when the file is made and about to leave."""
    with write() as session:
        record_deed(session, Deed("exported", g.viewer.id, subject, subject_id), now_ms())


def table_file(
    name: str, titles: Sequence[str], rows: Sequence[Sequence[str | float]], sort: str
) -> Response:
    """A table as a file of this sort (`xlsx` or `csv`), which is kept as an export."""
    data: bytes
    if sort == "xlsx":
        data, mime = new_workbook.table_workbook(name, titles, rows), new_workbook.MIME
    else:
        data, mime = b"".join(new_csv.csv_chunks(titles, [rows])), new_csv.MIME
    note_export(name, g.viewer.id)
    return as_download(data, mime, f"{name}.{sort}")
