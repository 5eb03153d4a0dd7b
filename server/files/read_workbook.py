"""Open what somebody uploaded as a spreadsheet: by its content, within bounds, inspected before any reader opens it."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import python_calamine as calamine

from schemas.limits import ROSTER_BYTES_MAX, ROSTER_COLUMNS_MAX, ROSTER_SHEETS_MAX
from server.base.problems import Problem
from server.files import problems as wrong
from server.files.check_archive import CELLS_MAX, Archive, Hidden, check_archive
from server.files.check_xls import check_xls, for_reader
from server.files.read_ods import is_ods, read_ods
from server.files.read_xml_2003 import read_xml_2003
from server.files.read_xml_sheets import ROWS_MAX, XmlBook
from server.rules.rosters.cells import Cell

LINE_MAX = 32 * 1024  # characters of one line of a text file

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LINE = re.compile(r"[^\r\n]*")
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_FRONT = 4096
_WEB_PAGE = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|meta|body|table|style|script|div)\b"
    rb"|mime-version:",
    re.DOTALL,
)
_XML_2003 = re.compile(rb"\s*<\?xml.*?<(?:\w+:)?workbook\b|\s*<(?:\w+:)?workbook\b", re.DOTALL)
_OTHER_TEXT = re.compile(rb"\s*(?:%PDF|\{\\rtf|<)", re.IGNORECASE)
_DELIMITERS = ",\t;|"
_HEAD, _LINES = 64 * 1024, 50  # characters and lines by which the delimiter is found
_FORMULA = re.compile(r'="(.*)"', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet. `rows[0]` is its first row and columns count from A, also where they are empty; `merged`: first row,
    first column, last row, last column, 0-based, inclusive; `doubted`: a column that a person has to confirm."""

    name: str
    rows: list[list[Cell]]
    merged: list[tuple[int, int, int, int]]
    hidden: Hidden
    visible: bool
    doubted: int | None = None


@dataclass(frozen=True, slots=True)
class Workbook:
    """A file as read. `kind`: xlsx, xls, ods, xml, csv; `epoch_1904`: dates written as plain numbers count from 1904."""

    kind: str
    sheets: list[Sheet]
    epoch_1904: bool


def read_workbook(data: bytes) -> Workbook:
    """Read a file. Text stays text and numbers stay numbers, which is how a mangled ID number is found.

    Raises Problem 413, 415 or 422 with a code of its own for each thing that can be wrong with a file.
    """
    if not data:
        raise wrong.empty()
    if len(data) > ROSTER_BYTES_MAX:
        raise wrong.too_large()
    if data.startswith(_ZIP) and is_ods(data):
        return _from_xml("ods", read_ods(data))
    if data.startswith(_ZIP):
        return _read("xlsx", data, check_archive(data))
    if data.startswith(_OLE):
        return _read("xls", for_reader(data), check_xls(data))
    front = _front(data)
    if _WEB_PAGE.match(front):
        raise wrong.web_page()
    if _XML_2003.match(front):
        return _from_xml("xml", read_xml_2003(data))
    return _read_csv(data)


def _front(data: bytes) -> bytes:
    """How a text begins, in lower case and without its mark."""
    is_wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    front = data[:_FRONT].decode("utf-16", "replace").encode() if is_wide else data[:_FRONT]
    return front.removeprefix(b"\xef\xbb\xbf").lower()


def _from_xml(kind: str, book: XmlBook) -> Workbook:
    sheets = [
        Sheet(
            table.name,
            table.rows,
            _areas(table.merged, table.rows),
            Hidden(frozenset(table.hidden_rows), frozenset(table.hidden_columns)),
            table.visible,
        )
        for table in book.tables
    ]
    return Workbook(kind, sheets, book.epoch_1904)


def _read(kind: str, data: bytes, archive: Archive) -> Workbook:
    return Workbook(kind, read_sheets(data, archive), archive.epoch_1904)


def read_sheets(data: bytes, archive: Archive) -> list[Sheet]:
    """The sheets of an inspected archive, as the reader gives them. Whatever goes wrong inside it, even a panic of its core,
    is a damaged file."""
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        if len(book.sheet_names) > ROSTER_SHEETS_MAX:
            raise wrong.too_many_sheets(ROSTER_SHEETS_MAX)
        sheets, left = [], CELLS_MAX
        for index in range(len(book.sheet_names)):
            sheet = _sheet(book, index, archive.hidden)
            left -= len(sheet.rows) * max(map(len, sheet.rows), default=0)
            if left < 0:
                raise wrong.too_long()
            sheets.append(sheet)
        return sheets
    except Problem:
        raise
    except (KeyboardInterrupt, SystemExit):
        raise
    except calamine.PasswordError as error:
        raise wrong.encrypted() from error
    except BaseException as error:
        raise wrong.damaged() from error


def _sheet(book: Any, index: int, hidden: list[Hidden]) -> Sheet:
    metadata = book.sheets_metadata[index]
    is_table = metadata.typ == calamine.SheetTypeEnum.WorkSheet
    sheet = book.get_sheet_by_index(index) if is_table else None
    rows = sheet.to_python(skip_empty_area=False) if sheet is not None else []
    if len(rows) > ROWS_MAX:
        raise wrong.too_long()
    merged = _areas((sheet.merged_cell_ranges or []) if sheet is not None else [], rows)
    visible = is_table and metadata.visible == calamine.SheetVisibleEnum.Visible
    return Sheet(metadata.name, rows, merged, hidden[index] if index < len(hidden) else Hidden(), visible)


def _areas(
    areas: list[tuple[tuple[int, int], tuple[int, int]]], rows: list[list[Cell]]
) -> list[tuple[int, int, int, int]]:
    """The merged areas, cut to the cells that there are. Together they cover no cell twice: where they do, they were
    made to keep a reader busy."""
    high, wide = len(rows), max(map(len, rows), default=0)
    found = [
        (top, left, min(bottom, high - 1), min(right, wide - 1)) for (top, left), (bottom, right) in areas
    ]
    inside = [area for area in found if area[0] <= area[2] and area[1] <= area[3]]
    if sum((bottom - top + 1) * (right - left + 1) for top, left, bottom, right in inside) > high * wide:
        raise wrong.damaged()
    return inside


def _read_csv(data: bytes) -> Workbook:
    if _OTHER_TEXT.match(data):
        raise wrong.unknown_type()
    text = _decoded(data)
    if (
        text.count("\n") + text.count("\r") > 4 * ROWS_MAX
    ):  # also lines within cells, and two signs for one end
        raise wrong.too_long()
    if max(len(found.group()) for found in _LINE.finditer(text)) > LINE_MAX:
        raise wrong.line_too_long()
    has_formulas = '="' in text
    rows: list[list[Cell]] = []
    left = CELLS_MAX
    try:
        for row in _split(text, _delimiter(text)):
            rows.append([_unwrapped(cell) for cell in row] if has_formulas else list(row))
            left -= len(row)
            if len(row) > ROSTER_COLUMNS_MAX:
                raise wrong.too_wide(ROSTER_COLUMNS_MAX)
            if len(rows) > ROWS_MAX or left < 0:
                raise wrong.too_long()
    except csv.Error as error:
        raise wrong.damaged() from error
    return Workbook("csv", [Sheet("", rows, [], Hidden(), visible=True)], epoch_1904=False)


def _split(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)


def _delimiter(text: str) -> str:
    """The sign by which most of the first lines fall into equally many cells; of several the one that gives most. Signs
    within a note are in some lines only."""

    def evenness(delimiter: str) -> tuple[int, int]:
        widths = Counter(map(len, islice(_split(text[:_HEAD], delimiter), _LINES)))
        del widths[1]
        return max(((count, width) for width, count in widths.items()), default=(0, 1))

    return max(_DELIMITERS, key=evenness)


def _unwrapped(cell: str) -> str:
    """A text that was written as a formula, ="4107…", so that a spreadsheet would keep it a text."""
    found = _FORMULA.fullmatch(cell)
    return found[1].replace('""', '"') if found is not None else cell


def _decoded(data: bytes) -> str:
    """Text by its byte order mark, else strict UTF-8, else GB18030. What no encoding can read is reported by its line, as
    the encoding that came furthest found it."""
    marks = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
    named = next((name for mark, name in marks if data.startswith(mark)), None)
    if named is None and _BINARY.search(data[:4096]):
        raise wrong.unknown_type()
    read_to = 0
    for encoding in (named,) if named is not None else ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            read_to = max(read_to, error.start)
    raise wrong.unknown_encoding(415 if named is None else 422, data.count(b"\n", 0, read_to) + 1)
