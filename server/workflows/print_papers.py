"""Files that are printed of a flag: its papers, and its whole file with photos."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from server.actions.cases.show_case import show_case
from server.actions.flags.document_facts import whole_file
from server.actions.flags.list_flags import one_flag
from server.actions.media.get_media import find_photo, kept_at, shown_bytes
from server.actions.papers.paper_content import receipt_content
from server.actions.papers.read_papers import paper_of, paper_rows, papers_of
from server.actions.papers.sealed_words import pdf_aad, said_of
from server.actions.papers.serve_paper import WAYS
from server.actions.papers.write_paper import content_of
from server.actions.reference.load_reference import tx_of
from server.actions.reference.name_codes import read_names
from server.base.db import read, write
from server.base.problems import Problem
from server.base.runtime import Runtime
from server.documents.case_paper import case_pdf
from server.documents.write_documents import PDF, flag_pdf, flag_workbook, photos_of_file
from server.documents.write_paper import paper_pdf, photos_in
from server.models.access import Viewer
from server.models.media import Media
from server.models.paper import PaperPdf, keep_file
from server.rules.calendar import local_date_of
from server.rules.papers.uses import USES
from server.rules.papers.writing import written_date

Printed = tuple[bytes, str, str]  # the bytes, the file's name, the site


def print_paper(runtime: Runtime, viewer: Viewer, paper_id: str, now_ms: int) -> Printed:
    """A paper. Of a signed one the file is kept as it left first; a void one says so on each page. Raises Problem 404."""
    with read() as session:
        file = paper_of(session, viewer, paper_id)
        facts = content_of(tx_of(session, runtime.seals, now_ms), file).facts
        voided_ms = file.paper.voided_ms
        facts["void"] = written_date(local_date_of(voided_ms)) if voided_ms is not None else ""
        kept = session.get(PaperPdf, paper_id) if voided_ms is None else None
        data = runtime.seals.open(pdf_aad(paper_id), kept.pdf) if kept is not None else None
        photos = [] if data is not None else _found(session, viewer, file.site.id, photos_in(facts))
        is_draft, site = file.paper.state == "draft", file.site.name
        name = _file_name(str(facts["title"]), "草稿" if is_draft else file.paper.number, site)
    if data is None:
        data = paper_pdf(facts, _bytes_of(runtime, photos), _fonts(runtime))
        if not is_draft and not facts["void"]:
            with write() as session:
                keep_file(session, paper_id, runtime.seals.seal(pdf_aad(paper_id), data))
    return data, name, site


def print_receipt(runtime: Runtime, viewer: Viewer, paper_id: str, now_ms: int) -> Printed:
    """送达回证: of the last service, or empty, to be filled in by hand. Raises Problem 404."""
    with read() as session:
        file = paper_of(session, viewer, paper_id)
        if not USES[file.paper.kind].served or file.paper.state == "draft":
            raise Problem("not_found", "签发之后才有送达回证。")
        last = file.services[-1] if file.services else None
        said, way = (said_of(runtime.seals, last), WAYS[last.way]) if last is not None else ({}, "")
        tx = tx_of(session, runtime.seals, now_ms)
        at_ms = last.at_ms if last is not None else None
        facts = receipt_content(tx, file.paper, file.site, said, way, at_ms)
        name = _file_name(str(facts["title"]), file.paper.number, file.site.name)
        site = file.site.name
    return paper_pdf(facts, {}, _fonts(runtime)), name, site


def print_flag(runtime: Runtime, viewer: Viewer, flag_id: str, ending: str, now_ms: int) -> Printed:
    """A flag's whole file, as `pdf` with its photos or as `xlsx`. Raises Problem 404."""
    with read() as session:
        file = one_flag(session, viewer, flag_id)
        rows = paper_rows(papers_of(session, viewer, file.flag))
        content = whole_file(file, read_names(session, file.site.id), now_ms, rows)
        photos = _found(session, viewer, file.site.id, photos_of_file(content)) if ending == "pdf" else []
        site = file.site.name
    if ending == "pdf":
        data, name = flag_pdf(content, _bytes_of(runtime, photos))
    else:
        data, name = flag_workbook(content)
    stem, _, end = name.rpartition(".")
    return data, f"{stem}-{_plain(site)}.{end}", site


def print_case(runtime: Runtime, viewer: Viewer, site_id: str, case_id: str, now_ms: int) -> Printed:
    """A case's 报备单. Raises Problem 404."""
    with read() as session:
        tx = tx_of(session, runtime.seals, now_ms)
        page, names = show_case(tx, viewer, site_id, case_id), read_names(session, site_id)
        return *case_pdf(tx, page, names, _fonts(runtime)), page.site.name


def _found(session: Any, viewer: Viewer, site_id: str, hashes: Iterable[str]) -> list[Media]:
    """Those of these photos that are there still; documents are none."""
    wanted = list(hashes)
    there = {one.sha256 for one in kept_at(session, viewer, site_id, wanted) if one.type != PDF}
    return [find_photo(session, viewer, site_id, one) for one in wanted if one in there]


def _bytes_of(runtime: Runtime, photos: Iterable[Media]) -> Mapping[str, bytes]:
    return {photo.sha256: shown_bytes(runtime.media, photo) for photo in photos}


def _fonts(runtime: Runtime) -> Path:
    """Where an office puts fonts of its own."""
    return Path(runtime.config.data_dir) / "fonts"


def _file_name(title: str, number: str, site: str) -> str:
    return "-".join(filter(None, (title, number, _plain(site)))) + ".pdf"


def _plain(site: str) -> str:
    """A site's name without the signs that file systems do not allow."""
    return "".join(sign for sign in site if sign.isalnum() or sign in " ()_-").strip()
