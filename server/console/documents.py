"""What is shown or downloaded: photos, a flag's whole file, a case's 报备单."""

from __future__ import annotations

from uuid import UUID

from flask import Response, g

from server.actions.media.get_media import find_photo, shown_bytes
from server.actions.media.inspect_document import shown_type
from server.base.db import read
from server.base.problems import not_found
from server.console.exports import note_export
from server.console.pages import JUDGES, blueprint, require_role
from server.documents.write_documents import PDF
from server.files.new_workbook import MIME as XLSX
from server.web.responses import as_download, as_evidence, now_ms, runtime
from server.workflows.print_papers import print_case, print_flag

_MIMES = {"pdf": PDF, "xlsx": XLSX}


@blueprint.get("/photos/<uuid:site_id>/<string(length=64):sha256>")
def show_photo(site_id: UUID, sha256: str) -> Response:
    """A photo's clean copy, or a document to download."""
    with read() as session:
        photo = find_photo(session, g.viewer, str(site_id), sha256)
    return as_evidence(shown_bytes(runtime().media, photo), shown_type(photo.type), sha256)


@blueprint.get("/flags/<uuid:flag_id>/file.<ending>")
def show_flag_file(flag_id: UUID, ending: str) -> Response:
    """The whole file, to be printed (pdf, with photos) or as a workbook (xlsx)."""
    if ending not in _MIMES:
        raise not_found()
    data, name, site = print_flag(runtime(), g.viewer, str(flag_id), ending, now_ms())
    note_export(f"{site}: {name}", str(flag_id))
    return as_download(data, _MIMES[ending], name)


@blueprint.get("/sites/<uuid:site_id>/cases/<uuid:case_id>/report.pdf")
def show_case_paper(site_id: UUID, case_id: UUID) -> Response:
    """报备单, to be printed and signed."""
    require_role("inspector", *JUDGES)
    data, name, site = print_case(runtime(), g.viewer, str(site_id), str(case_id), now_ms())
    note_export(f"{site}: 报备单", str(case_id))
    return as_download(data, PDF, name)
