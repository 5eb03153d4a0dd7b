"""New spreadsheets. No cell can start a formula: every text is written as text."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@contextmanager
def new_workbook(buffer: io.BytesIO) -> Iterator[xlsxwriter.Workbook]:
    """A workbook that is written into `buffer` at the end."""
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    book = xlsxwriter.Workbook(buffer, options)
    try:
        yield book
    finally:
        book.close()


def sheet_name(name: str) -> str:
    """A name that a spreadsheet program takes: no signs that it forbids, at most 31 characters."""
    return "".join(c for c in name if c not in "[]:*?/\\" and c.isprintable())[:31].strip("' ")


def header_format(book: xlsxwriter.Workbook) -> Any:
    return book.add_format({"bold": True, "bg_color": "#E8EEF4", "border": 1})


def write_header(page: Worksheet, row: int, titles: Iterable[str], form: Any) -> None:
    for column, title in enumerate(titles):
        page.write_string(row, column, title, form)


def table_workbook(sheet: str, titles: Sequence[str], rows: Iterable[Sequence[str | float]]) -> bytes:
    """One sheet: titles, which stay in view and filter, and rows of text and numbers."""
    buffer = io.BytesIO()
    with new_workbook(buffer) as book:
        page = book.add_worksheet(sheet_name(sheet))
        write_header(page, 0, titles, header_format(book))
        page.set_column(0, len(titles) - 1, 22)
        page.freeze_panes(1, 0)
        last = 0
        for last, row in enumerate(rows, 1):
            for column, value in enumerate(row):
                if isinstance(value, str):
                    page.write_string(last, column, value)
                else:
                    page.write_number(last, column, value)
        page.autofilter(0, 0, last, len(titles) - 1)
    return buffer.getvalue()
