"""A flag's documents: 限期整改通知书 for an order, 复查记录 for a recheck, and its whole file, as PDF and .xlsx."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import xlsxwriter

from server.actions.flags.document_facts import document_facts, number_of, whole_file
from server.actions.flags.list_flags import FlagFile
from server.actions.reference.name_codes import Names
from server.base.problems import Problem
from server.documents.compile_paper import compile_paper

DOCUMENTS = {"order": "限期整改通知书", "recheck": "复查记录", "file": "问题标记档案"}
PDF = "application/pdf"


def flag_pdf(document: str, file: FlagFile, names: Names, now_ms: int, n: int | None) -> tuple[bytes, str]:
    """One of DOCUMENTS and the name of its file. `n`: the event that an order or a recheck is about; None: the last one.
    What has no glyph is named at its end. Raises Problem 404 when there is none."""
    if document == "file":
        content, number = whole_file(file, names, now_ms), number_of(file)
    else:
        found = document_facts(document, file, names, now_ms, n)
        if found is None:
            raise Problem("not_found", f"{DOCUMENTS[document]}在办理到这一步之后才有。")
        content, number = found, found["number"]
    return compile_paper(document, content), f"{DOCUMENTS[document]}-{number}.pdf"


def flag_workbook(file: FlagFile, names: Names, now_ms: int) -> tuple[bytes, str]:
    """The whole file as a workbook, and its name. Every cell is text: none is a formula."""
    content = whole_file(file, names, now_ms)
    sheets: dict[str, tuple[Sequence[str], Sequence[Sequence[str]]]] = {
        "标记": (("项目", "内容"), content["facts"])
    }
    sheets |= {part["title"]: (part["columns"], part["rows"]) for part in content["parts"]}
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        head = book.add_format({"bold": True, "bottom": 1})
        for name, (titles, rows) in sheets.items():
            _write_sheet(book.add_worksheet(name), head, titles, rows)
    return buffer.getvalue(), f"{DOCUMENTS['file']}-{number_of(file)}.xlsx"


def _write_sheet(sheet: Any, head: Any, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(titles) - 1, 22)
    for column, title in enumerate(titles):
        sheet.write_string(0, column, title, head)
    for number, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            sheet.write_string(number, column, str(cell))
