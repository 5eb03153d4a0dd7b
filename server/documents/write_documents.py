"""A flag's whole file as PDF, with its photos, and as .xlsx. What people wrote is text, no markup, no formula."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import xlsxwriter

from server.documents.compile_paper import compile_paper, smaller

PDF = "application/pdf"
_PHOTOS_MAX = 60  # in one file; the archive package has them all
_NAME = "问题标记档案"


def photos_of_file(content: Mapping[str, Any]) -> list[str]:
    """The SHA-256 of the photos that the PDF shows."""
    return [sha256 for sha256, _ in content["photos"]][:_PHOTOS_MAX]


def flag_pdf(content: Mapping[str, Any], photos: Mapping[str, bytes]) -> tuple[bytes, str]:
    """The PDF of what whole_file says, and its name. `photos`: bytes by SHA-256. What has no glyph is named at its end."""
    shown = [[f"{sha256}.jpg", place] for sha256, place in content["photos"] if sha256 in photos]
    pictures = {f"{sha256}.jpg": smaller(data) for sha256, data in photos.items()}
    data = compile_paper("file", {**content, "pictures": shown}, pictures)
    return data, f"{_NAME}-{content['number']}.pdf"


def flag_workbook(content: Mapping[str, Any]) -> tuple[bytes, str]:
    """The same as a workbook, and its name. Every cell is text: none is a formula."""
    sheets: dict[str, tuple[Sequence[str], Sequence[Sequence[str]]]] = {
        "标记": (("项目", "内容"), content["facts"])
    }
    sheets |= {part["title"]: (part["columns"], part["rows"]) for part in content["parts"]}
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        head = book.add_format({"bold": True, "bottom": 1})
        for name, (titles, rows) in sheets.items():
            _write_sheet(book.add_worksheet(name), head, titles, rows)
    return buffer.getvalue(), f"{_NAME}-{content['number']}.xlsx"


def _write_sheet(sheet: Any, head: Any, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(titles) - 1, 22)
    for column, title in enumerate(titles):
        sheet.write_string(0, column, title, head)
    for number, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            sheet.write_string(number, column, str(cell))
