"""Open what somebody uploaded as a spreadsheet: by its content, within bounds, before any reader is let at it."""

from __future__ import annotations

import csv
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import python_calamine as calamine

from server.problems import Problem
from server.rules.roster.cells import Cell

BYTES_MAX = 20 * 1024 * 1024
INFLATED_MAX = 300 * 1024 * 1024
PARTS_MAX = 2_000
ROWS_MAX = 60_000  # 50,000 people, with room for titles and totals
COLUMNS_MAX = 200
CELLS_MAX = 5_000_000  # of one sheet: the reader fills the whole rectangle
SHEETS_MAX = 50
LINE_MAX = 64 * 1024  # bytes of one line of a text file
_CHUNK = 1 << 20
_OVERLAP = 256  # bytes that two chunks share, so that nothing hides across their border

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# The plain spelling of a cell's place is looked for by its first letters, which is many times faster.
_PLACES = re.compile(rb'r="([A-Z]{2,}[0-9]|[A-Z]?[0-9]{6})')
_PLACES_ODDLY = re.compile(rb"""r\s*=\s*["']([A-Z]{2,}[0-9]|[A-Z]?[0-9]{6})""")
_ODD = (b"r='", b"r =", b"r\t=", b"r\n=", b"r\r=", b"r= ", b"r=\t", b"r=\n", b"r=\r")
_ROW = re.compile(rb"""<(?:\w+:)?row\b[^>]*?\sr\s*=\s*["']([0-9]+)["']""")
_HIDDEN = re.compile(
    rb"""<(?:\w+:)?row\b(?=[^>]*\shidden\s*=\s*["'](?:1|true))[^>]*?\sr\s*=\s*["']([0-9]+)["']"""
)
_FORBIDDEN = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_EPOCH_1904 = re.compile(rb"""\bdate1904\s*=\s*["'](?:1|true)["']""")
_SHEET_PART = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_DELIMITERS = ",\t;|"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet. `rows[0]` is its first row and columns count from A, also where they are empty; `merged`: first row,
    first column, last row, last column, 0-based, inclusive."""

    name: str
    rows: list[list[Cell]]
    merged: list[tuple[int, int, int, int]]
    hidden_rows: frozenset[int]
    visible: bool


@dataclass(frozen=True, slots=True)
class Workbook:
    """A file as read. `kind`: xlsx, xls, csv; `epoch_1904`: dates written as plain numbers count from 1904."""

    kind: str
    sheets: list[Sheet]
    epoch_1904: bool


def read_workbook(data: bytes) -> Workbook:
    """Read a file. Text stays text and numbers stay numbers, which is what tells a mangled ID number.

    Raises Problem 413, 415 or 422 with a code of its own for each thing that can be wrong with a file.
    """
    if not data:
        raise _refused(422, "file_empty", "文件是空的", "请重新导出后上传。")
    if len(data) > BYTES_MAX:
        raise _refused(413, "file_too_large", "文件太大", "一个文件不超过 20 MB。")
    if data.startswith(_ZIP):
        return _read_xlsx(data)
    if data.startswith(_OLE):
        return _read_xls(data)
    return _read_csv(data)


def _read_xlsx(data: bytes) -> Workbook:
    _check_parts(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            hidden, epoch_1904 = _check_archive(archive)
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        OSError,
    ) as error:
        raise _damaged() from error
    return Workbook("xlsx", _sheets(data, hidden), epoch_1904)


def _check_parts(data: bytes) -> None:
    """How many parts the archive says it has, before anything makes a list of them."""
    at = data.rfind(b"PK\x05\x06", max(0, len(data) - 66_000))
    if at < 0 or at + 22 > len(data):
        raise _damaged()
    parts, size = struct.unpack_from("<H", data, at + 10)[0], struct.unpack_from("<I", data, at + 12)[0]
    if parts > PARTS_MAX or size > PARTS_MAX * 400:
        raise _refused(
            413, "file_has_too_many_parts", "文件结构异常", "请用表格软件另存为新的 .xlsx 文件后上传。"
        )


def _check_archive(archive: zipfile.ZipFile) -> tuple[list[frozenset[int]], bool]:
    """Inflate every part of XML once, within bounds, and look for what must not be there. Gives the hidden rows of the
    sheets in the order of their parts, and the epoch."""
    parts = archive.infolist()
    names = {part.filename.lower() for part in parts}
    if any(name.endswith("vbaproject.bin") for name in names):
        raise _has_macros()
    if "xl/workbook.xml" not in names:
        raise _unknown()
    if any(part.flag_bits & 1 for part in parts):
        raise _encrypted()
    if sum(part.file_size for part in parts) > INFLATED_MAX:
        raise _inflates()
    hidden: dict[str, frozenset[int]] = {}
    epoch_1904, left = False, INFLATED_MAX
    for part in parts:
        if not part.filename.lower().endswith((".xml", ".rels")):
            continue
        extent = _Extent() if _SHEET_PART.fullmatch(part.filename) else None
        for chunk in _chunks(archive, part):
            left -= len(chunk)
            if left < 0:
                raise _inflates()
            if b"<!" in chunk and _FORBIDDEN.search(chunk):
                detail = "文件里有外部实体或文档类型声明。请用表格软件另存为新的 .xlsx 文件后上传。"
                raise _refused(422, "file_has_forbidden_xml", "文件内容不被接受", detail)
            if extent is not None:
                extent.look(chunk)
            elif part.filename.lower() == "xl/workbook.xml":
                epoch_1904 = epoch_1904 or _EPOCH_1904.search(chunk) is not None
        if extent is not None:
            extent.check(partial(_chunks, archive, part))
            hidden[part.filename] = frozenset(extent.hidden)
    return [hidden[name] for name in sorted(hidden, key=_natural)], epoch_1904


def _chunks(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """A part inflated, chunk by chunk; each begins with the end of the one before."""
    tail = b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            yield tail + chunk
            tail = chunk[-_OVERLAP:]


class _Extent:
    """How far a sheet reaches, told by its cells; what it says of its own dimension may lie."""

    def __init__(self) -> None:
        self.columns = 26
        self.hidden: set[int] = set()

    def look(self, chunk: bytes) -> None:
        """Raises Problem 422 for a cell far outside."""
        odd = any(spelling in chunk for spelling in _ODD)
        for found in set((_PLACES_ODDLY if odd else _PLACES).findall(chunk)):
            letters = found.rstrip(b"0123456789")
            if len(found) - len(letters) >= 6 or len(letters) > 2:
                detail = "远处有零散的格子。请只把名册复制到新文件后上传。"
                raise _refused(422, "sheet_too_wide", "表格的范围太大", detail)
            self.columns = max(self.columns, (letters[0] - 64) * 26 + letters[1] - 64)
        if b"hidden" in chunk:
            self.hidden.update(int(row) - 1 for row in _HIDDEN.findall(chunk))

    def check(self, chunks: Callable[[], Iterator[bytes]]) -> None:
        """Raises Problem 422 for more cells than a roster has. Rows are below 100,000 by now, so that only a wide sheet
        has to be looked through again."""
        if self.columns > COLUMNS_MAX:
            raise _refused(
                422, "sheet_too_wide", "列数太多", f"一张表最多 {COLUMNS_MAX} 列, 请删去多余的列。"
            )
        if self.columns * 100_000 > CELLS_MAX:
            rows = max((int(row) for chunk in chunks() for row in _ROW.findall(chunk)), default=0)
            if rows * self.columns > CELLS_MAX:
                raise _too_long()


def _read_xls(data: bytes) -> Workbook:
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise _encrypted()
    if "_VBA_PROJECT".encode("utf-16-le") in data:
        raise _has_macros()
    if "Workbook".encode("utf-16-le") not in data and "Book".encode("utf-16-le") not in data:
        raise _unknown()
    return Workbook("xls", _sheets(data, []), epoch_1904=False)


def _sheets(data: bytes, hidden: list[frozenset[int]]) -> list[Sheet]:
    """The sheets as the reader gives them. Whatever goes wrong inside it, even a panic of its core, is a damaged
    file."""
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        if len(book.sheet_names) > SHEETS_MAX:
            raise _refused(422, "too_many_sheets", "工作表太多", f"一个文件最多 {SHEETS_MAX} 张表。")
        return [_sheet(book, index, hidden) for index in range(len(book.sheet_names))]
    except Problem:
        raise
    except (KeyboardInterrupt, SystemExit):
        raise
    except calamine.PasswordError as error:
        raise _encrypted() from error
    except BaseException as error:
        raise _damaged() from error


def _sheet(book: Any, index: int, hidden: list[frozenset[int]]) -> Sheet:
    told = book.sheets_metadata[index]
    is_table = told.typ == calamine.SheetTypeEnum.WorkSheet
    sheet = book.get_sheet_by_index(index) if is_table else None
    rows = sheet.to_python(skip_empty_area=False) if sheet is not None else []
    if len(rows) > ROWS_MAX:
        raise _too_long()
    areas = (sheet.merged_cell_ranges or []) if sheet is not None else []
    merged = [(top, left, bottom, right) for (top, left), (bottom, right) in areas]
    visible = is_table and told.visible == calamine.SheetVisibleEnum.Visible
    return Sheet(told.name, rows, merged, hidden[index] if index < len(hidden) else frozenset(), visible)


def _read_csv(data: bytes) -> Workbook:
    text = _decoded(data)
    longest = max(map(len, re.split(r"\r\n|\r|\n", text)), default=0)
    if longest > LINE_MAX // 2:
        raise _refused(
            422, "line_too_long", "有一行太长", "这不像一份名册。请检查文件的换行, 或另存为 .xlsx 后上传。"
        )
    head = text[: 20 * 1024]
    delimiter = max(_DELIMITERS, key=head.count)
    rows: list[list[Cell]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append(list(row))
            if len(row) > COLUMNS_MAX:
                raise _refused(
                    422, "sheet_too_wide", "列数太多", f"一张表最多 {COLUMNS_MAX} 列, 请删去多余的列。"
                )
            if len(rows) > ROWS_MAX:
                raise _too_long()
    except csv.Error as error:
        raise _damaged() from error
    return Workbook("csv", [Sheet("", rows, [], frozenset(), visible=True)], epoch_1904=False)


def _decoded(data: bytes) -> str:
    """Text by its byte order mark, else strict UTF-8, else GB18030."""
    marks = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
    named = next((name for mark, name in marks if data.startswith(mark)), None)
    if named is None and _BINARY.search(data[:4096]):
        raise _unknown()
    for encoding in (named,) if named is not None else ("utf-8", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _refused(
        415 if named is None else 422,
        "encoding_unknown",
        "看不懂文件的编码",
        "请另存为 .xlsx, 或 UTF-8 编码的 .csv。",
    )


def _natural(name: str) -> tuple[int, str]:
    digits = re.sub(r"\D", "", name)
    return (int(digits) if digits else 0, name)


def _refused(status: int, code: str, title: str, detail: str) -> Problem:
    return Problem(status, code, title, detail)


def _unknown() -> Problem:
    return _refused(415, "file_type_unknown", "不是表格文件", "请上传 .xlsx、.xls 或 .csv 文件。")


def _damaged() -> Problem:
    return _refused(
        422, "file_damaged", "文件已损坏, 无法打开", "请用表格软件打开并另存为新的 .xlsx 文件后上传。"
    )


def _encrypted() -> Problem:
    return _refused(422, "file_encrypted", "文件有密码", "请取消密码后上传。")


def _has_macros() -> Problem:
    return _refused(422, "file_has_macros", "文件里有宏", "请另存为不含宏的 .xlsx 文件后上传。")


def _inflates() -> Problem:
    return _refused(413, "file_inflates_too_much", "文件解压后太大", "请删去名册以外的内容后上传。")


def _too_long() -> Problem:
    return _refused(422, "sheet_too_long", "行数太多", "一个文件最多 50 000 人, 请分成几个文件。")
