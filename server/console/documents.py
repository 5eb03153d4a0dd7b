"""What is shown or downloaded: photos, and a flag's documents."""

from __future__ import annotations

import re
from pathlib import PurePath
from uuid import UUID

from flask import Response, g, request

from server.actions.cases.show_case import show_case
from server.actions.flags.list_flags import FlagFile, one_flag
from server.actions.media.get_media import find_photo, shown_bytes
from server.actions.media.inspect_document import shown_type
from server.actions.reference.name_codes import Names, read_names
from server.base.db import read
from server.base.problems import not_found
from server.console.exports import note_export
from server.console.pages import JUDGES, blueprint, require_role
from server.documents.case_paper import case_pdf
from server.documents.write_documents import DOCUMENTS, PDF, flag_pdf, flag_workbook
from server.files.new_workbook import MIME as XLSX
from server.web.responses import as_download, as_evidence, now_ms, runtime, tx_of

_NUMBER = re.compile(r"\d{1,9}")


@blueprint.get("/photos/<uuid:site_id>/<string(length=64):sha256>")
def show_photo(site_id: UUID, sha256: str) -> Response:
    """A photo's clean copy, or a document to download."""
    with read() as session:
        photo = find_photo(session, g.viewer, str(site_id), sha256)
    return as_evidence(shown_bytes(runtime().media, photo), shown_type(photo.type), sha256)


@blueprint.get("/flags/<uuid:flag_id>/<document>.pdf")
def show_document(flag_id: UUID, document: str) -> Response:
    """限期整改通知书, 复查记录, or the whole file, to be printed. `event`: the number of the order or the recheck; without
    one, the last."""
    asked = request.args.get("event", "")
    if document not in DOCUMENTS or (asked and not _NUMBER.fullmatch(asked)):
        raise not_found()
    file, names = _flag_file(str(flag_id))
    data, name = flag_pdf(document, file, names, now_ms(), int(asked) if asked else None)
    note_export(f"{file.site.name}: {name}", str(flag_id))
    return as_download(data, PDF, _called(name, file))


@blueprint.get("/sites/<uuid:site_id>/cases/<uuid:case_id>/report.pdf")
def show_case_paper(site_id: UUID, case_id: UUID) -> Response:
    """报备单, to be printed and signed."""
    require_role("inspector", *JUDGES)
    with read() as session:
        page = show_case(tx_of(session), g.viewer, str(site_id), str(case_id))
        names = read_names(session, str(site_id))
    data, name = case_pdf(page, names, now_ms())
    note_export(f"{page.site.name}: 报备单", str(case_id))
    return as_download(data, PDF, name)


@blueprint.get("/flags/<uuid:flag_id>/file.xlsx")
def export_flag(flag_id: UUID) -> Response:
    """The whole file as a workbook."""
    file, names = _flag_file(str(flag_id))
    data, name = flag_workbook(file, names, now_ms())
    note_export(f"{file.site.name}: {name}", str(flag_id))
    return as_download(data, XLSX, _called(name, file))


def _flag_file(flag_id: str) -> tuple[FlagFile, Names]:
    with read() as session:
        file = one_flag(session, g.viewer, flag_id)
        return file, read_names(session, file.site.id)


def _called(name: str, file: FlagFile) -> str:
    """A document's name with its site's, without the signs that file systems do not allow."""
    site = "".join(sign for sign in file.site.name if sign.isalnum() or sign in " ()_-").strip()
    path = PurePath(name)
    return f"{path.stem}-{site}{path.suffix}"
