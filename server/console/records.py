"""The logs of a site, kind by kind: listed, and taken home as a workbook."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, g, request

from server.actions.reference.name_codes import read_names
from server.actions.sites.list_records import columns_of, logs_listed, page_of_records, records_file
from server.actions.sites.list_sites import one_site
from server.base.db import read
from server.console.exports import note_export
from server.console.pages import blueprint, render, start_asked
from server.files.new_workbook import MIME
from server.models.paging import Slice
from server.web.responses import as_download, runtime

_SHOWN = 100


@blueprint.get("/sites/<uuid:site_id>/records/<kind>")
def show_records(site_id: UUID, kind: str) -> str:
    """The records of one kind, the latest first."""
    start = start_asked(request.args)
    with read() as session:
        shown = one_site(session, g.viewer, str(site_id))
        records, total = page_of_records(
            session, runtime().seals, g.viewer, str(site_id), kind, Slice(start, _SHOWN)
        )
        names = read_names(session)
    page: dict[str, Any] = {"records": records, "total": total, "start": start, "rows_shown": _SHOWN}
    page |= {
        "logs": logs_listed(names.kinds, g.viewer),
        "titles": list(columns_of(names.kinds, kind).values()),
    }
    return render("records.html", names, shown=shown, kind=kind, **page)


@blueprint.get("/sites/<uuid:site_id>/records/<kind>.xlsx")
def export_records(site_id: UUID, kind: str) -> Response:
    """The same as a workbook."""
    with read() as session:
        data = records_file(session, runtime().seals, g.viewer, str(site_id), kind)
        site = one_site(session, g.viewer, str(site_id)).site
        title = logs_listed(read_names(session).kinds, g.viewer)[kind]
    note_export(f"{site.name}: {title}", site.id)
    return as_download(data, MIME, f"{kind}.xlsx")
