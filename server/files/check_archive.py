"""Inspect an .xlsx archive before any reader opens it: every part inflated once, within bounds.

What the archive says of itself may be false, and readers may differ in what they believe. So an archive that can be
understood in two ways is refused, and sizes are counted, not read.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from schemas.limits import ROSTER_COLUMNS_MAX
from server.files import problems as wrong

INFLATED_MAX = 128 * 1024 * 1024
PARTS_MAX = 2_000
PART_MAX = 32 * 1024 * 1024  # of a part of XML that holds neither cells nor texts: styles, relationships
CELLS_MAX = 5_000_000  # of one sheet: the reader fills the whole rectangle
ROWS_WRITTEN_MAX = 100_000  # also empty ones
TEXT_MAX = 100 * 1024 * 1024  # bytes of all cells' texts: one text that many cells share counts many times
_CHUNK = 1 << 20
_OVERLAP = 256  # bytes that two chunks share, so that nothing hides across their border

_END, _END_64, _LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
# The plain spelling of a cell's place is looked for by its first letters, which is many times faster.
_DECLARATION = re.compile(rb"<\?xml[^<>]*\?>\s*")
_PLACES = re.compile(rb'r="([A-Za-z]{2,}[0-9]|[A-Za-z]?[0-9]{6})')
_PLACES_ODDLY = re.compile(rb"""r\s*=\s*["']([A-Za-z]{2,}[0-9]|[A-Za-z]?[0-9]{6})""")
# Single signs are found many times faster than words, and what begins with a rare letter faster than two words.
_ODD = (b"'", b"\t", b"\n", b"\r")
_SPACED = re.compile(rb"r(?: =|= )")
_NOT_NEAR = re.compile(rb'r="(?![A-Za-z]?[0-9]{1,5}")')
_ROW = re.compile(rb"""<(?:\w+:)?row\b[^>]*?\sr\s*=\s*["']([0-9]+)["']""")
_HIDDEN = re.compile(
    rb"""<(?:\w+:)?row\b(?=[^>]*\shidden\s*=\s*["'](?:1|true))[^>]*?\sr\s*=\s*["']([0-9]+)["']"""
)
_ERRORS = re.compile(rb"""<(?:\w+:)?c\b(?=[^>]*\st="e")[^>]*?\sr="[A-Za-z]{1,3}([0-9]{1,7})\"""")
_HIDDEN_COLUMNS = re.compile(
    rb"""<(?:\w+:)?col\b(?=[^>]*\shidden\s*=\s*["'](?:1|true))(?=[^>]*\smin\s*=\s*["']([0-9]{1,5})["'])"""
    rb"""[^>]*?\smax\s*=\s*["']([0-9]{1,5})["']"""
)
_BEGUN = re.compile(rb"<(\w+:)?sheetData\b")
_FORBIDDEN = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_EPOCH_1904 = re.compile(rb"""\bdate1904\s*=\s*["'](?:1|true)["']""")
_SHEET_PART = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_SHEET_TAG = re.compile(r"""<(?:\w+:)?sheet(\s(?:[^"'>]|"[^"]*"|'[^']*')*)>""")
_LINK_TAG = re.compile(r"""<(?:\w+:)?Relationship(\s(?:[^"'>]|"[^"]*"|'[^']*')*)>""")
_ATTRIBUTE = re.compile(r"""([\w:]+)\s*=\s*["']([^"']*)["']""")
_SHARED = re.compile(rb"""\st\s*=\s*["']s["'][^>]*>\s*<(?:\w+:)?v\s*>\s*([0-9]{1,9})\s*<""")
_SHARED_MIN = len('<c t="s"><v>0</v></c>')  # bytes of a cell that shares a text
_OTHER_BOOKS = ("xl/workbook.bin", "content.xml")  # of .xlsb and .ods, which the reader would open as well
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # all that a spreadsheet is packed with
BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, OSError)


class Hidden(NamedTuple):
    """What the reader does not show of a sheet: its rows and columns that are not shown, and the rows with cells in
    error (#N/A), which it gives as empty ones; all from 0."""

    rows: frozenset[int] = frozenset()
    columns: frozenset[int] = frozenset()
    errors: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Archive:
    """What only the archive itself shows: what is hidden in each sheet, in the workbook's order, and whether dates written
    as plain numbers count from 1904; `parts`: the sheets' parts in that order, in lower case."""

    hidden: list[Hidden]
    epoch_1904: bool
    parts: tuple[str, ...] = ()


def check_archive(data: bytes) -> Archive:
    """Raises Problem 413, 415 or 422."""
    check_end(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_names(archive)
            return _look_through(archive)
    except BROKEN as error:
        raise wrong.damaged() from error


def check_end(data: bytes) -> None:
    """How many parts the archive says it has, before anything makes a list of them; and that it has only one list. Raises
    Problem 413 or 422."""
    at = data.rfind(_END)
    if at < 0 or at + 22 > len(data):
        raise wrong.damaged()
    parts, size, begins = struct.unpack_from("<HII", data, at + 10)
    ends = at
    if data[at - 20 : at - 16] == _LOCATOR_64:
        ends = at - 76
        if ends < 0 or data[ends : ends + 4] != _END_64:
            raise wrong.damaged()
        parts, size, begins = struct.unpack_from("<QQQ", data, ends + 32)
    if parts > PARTS_MAX or size > PARTS_MAX * 400:
        raise wrong.too_many_parts()
    if (
        begins + size != ends or data.find(_END, begins) != at
    ):  # before its list a part may be an archive itself
        raise wrong.damaged()


def _check_names(archive: zipfile.ZipFile) -> None:
    names = {part.filename.lower() for part in archive.infolist()}
    if any(name.endswith("vbaproject.bin") for name in names):
        raise wrong.has_macros()
    if "xl/workbook.xml" not in names or not names.isdisjoint(_OTHER_BOOKS):
        raise wrong.unknown_type()
    check_parts(archive)


def check_parts(archive: zipfile.ZipFile) -> None:
    """What is true of the parts of any spreadsheet's archive. Raises Problem 413 or 422."""
    parts = archive.infolist()
    if len(parts) > PARTS_MAX:
        raise wrong.too_many_parts()
    if any(part.flag_bits & 1 for part in parts):
        raise wrong.encrypted()
    if len({part.filename.lower() for part in parts}) < len(parts) or any(
        part.compress_type not in _METHODS for part in parts
    ):
        raise wrong.damaged()
    if sum(part.file_size for part in parts) > INFLATED_MAX:
        raise wrong.inflates()


def _look_through(archive: zipfile.ZipFile) -> Archive:
    hidden: dict[str, Hidden] = {}
    sheets: list[zipfile.ZipInfo] = []
    texts = _Texts()
    epoch_1904, left = False, INFLATED_MAX
    for part in archive.infolist():
        name, declared, size = part.filename.lower(), part.file_size, 0
        is_xml, is_text = name.endswith((".xml", ".rels")), name == "xl/sharedstrings.xml"
        extent = _Extent() if _SHEET_PART.fullmatch(part.filename) else None
        part.file_size = INFLATED_MAX + 1  # the archive's own word is not what ends it
        for chunk, fresh in chunks(archive, part):
            size += fresh
            if size > left:
                raise wrong.inflates()
            if extent is None and b"sheetData" in chunk:
                extent = _Extent()  # a sheet in a place where none is looked for
            if (
                b"!" in chunk
                and b"<!" in chunk
                and (extent is not None or (is_xml and _FORBIDDEN.search(chunk)))
            ):
                raise wrong.forbidden_xml()  # in a sheet also comments and CDATA, which hide what is counted
            if extent is not None:
                extent.look(chunk)
            elif is_text:
                texts.look(chunk)
            elif is_xml and size > PART_MAX:
                raise wrong.inflates()
            if name == "xl/workbook.xml":
                epoch_1904 = epoch_1904 or _EPOCH_1904.search(chunk) is not None
        left -= size
        if size != declared:
            raise wrong.damaged()
        if is_text:
            texts.part = part
        if extent is not None:
            extent.check(archive, part)
            hidden[name] = Hidden(*map(frozenset, (extent.hidden, extent.hidden_columns, extent.errors)))
            sheets.append(part)
            texts.shared_max += size // _SHARED_MIN
    texts.check(archive, sheets)
    names = tuple(_in_order(archive))
    return Archive([hidden.get(name, Hidden()) for name in names], epoch_1904, names)


def _in_order(archive: zipfile.ZipFile) -> Iterator[str]:
    """The names of the sheets' parts, in lower case, as the workbook lists them."""
    parts = {part.filename.lower(): part for part in archive.infolist()}
    listed, links = (
        archive.read(parts[name]).decode("utf-8", "replace") if name in parts else ""
        for name in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels")
    )
    targets = {}
    for link in _LINK_TAG.findall(links):
        attributes = dict(_ATTRIBUTE.findall(link))
        targets[attributes.get("Id")] = attributes.get("Target", "").removeprefix("/").removeprefix("xl/")
    for sheet in _SHEET_TAG.findall(listed):
        attributes = {
            name.rpartition(":")[2]: value for name, value in _ATTRIBUTE.findall(sheet) if ":" in name
        }
        yield f"xl/{targets.get(attributes.get('id'), '')}".lower()


def chunks(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[tuple[bytes, int]]:
    """A part inflated, chunk by chunk, with how many bytes are fresh; each begins with the end of the one before."""
    tail = b""
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            yield tail + chunk, len(chunk)
            tail = chunk[-_OVERLAP:]


class _Extent:
    """How far a sheet reaches, by its cells; the dimension that it states may be wrong."""

    def __init__(self) -> None:
        self.columns = 26
        self.rows = 0
        self.cells = 0
        self.hidden: set[int] = set()
        self.hidden_columns: set[int] = set()
        self.errors: set[int] = set()
        self._tags: tuple[bytes, bytes, bytes] | None = (
            None  # how rows, cells and the end of all are written here
        )
        self._ended = False
        self._unplaced = 0  # cells without a place, of the row that continues in the next chunk

    def look(self, chunk: bytes) -> None:
        """Raises Problem 422 for a cell far outside, and for too many that do not say where they are."""
        declared = _DECLARATION.match(chunk)
        begins = declared.end() if declared is not None else 0
        is_odd = any(chunk.find(sign, begins) >= 0 for sign in _ODD) or _SPACED.search(chunk, begins)
        places = _PLACES_ODDLY if is_odd else _PLACES if _NOT_NEAR.search(chunk) else None
        for found in set(places.findall(chunk)) if places is not None else ():
            letters = found.rstrip(b"0123456789").upper()
            if len(found) - len(letters) >= 6 or len(letters) > 2:
                raise wrong.far_cells()
            self.columns = max(self.columns, (letters[0] - 64) * 26 + letters[1] - 64)
        if b"hidden" in chunk:
            self.hidden.update(int(row) - 1 for row in _HIDDEN.findall(chunk))
            for first, last in _HIDDEN_COLUMNS.findall(chunk):
                self.hidden_columns.update(range(int(first) - 1, min(int(last), ROSTER_COLUMNS_MAX)))
        if b't="e"' in chunk:
            self.errors.update(int(row) - 1 for row in _ERRORS.findall(chunk))
        self._count(chunk)

    def _count(self, chunk: bytes) -> None:
        if self._tags is None and (begun := _BEGUN.search(chunk)) is not None:
            prefix = begun.group(1) or b""
            self._tags = (b"<" + prefix + b"row", b"<" + prefix + b"c", b"</" + prefix + b"sheetData")
            chunk = chunk[begun.end() :]
        if self._tags is None or self._ended:
            return
        row, cell, end = self._tags
        chunk, ended, _ = chunk.partition(end)
        self._ended = bool(ended)
        cells = chunk.count(cell)
        self.rows += chunk.count(row)
        self.cells += cells
        if self.rows > ROWS_WRITTEN_MAX or self.cells > CELLS_MAX:
            raise wrong.too_long()
        if cells > chunk.count(cell + b" r="):
            before, *rows = chunk.split(row)
            self._unplaced += before.count(cell)
            for one in rows:
                self.columns = max(self.columns, self._unplaced)
                self._unplaced = one.count(cell) - one.count(cell + b" r=")
            self.columns = max(self.columns, self._unplaced)

    def check(self, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
        """Raises Problem 422 for more cells than a roster has. Rows are below 100,000 by now, so that only a wide sheet
        has to be looked through again."""
        if self.columns > ROSTER_COLUMNS_MAX:
            raise wrong.too_wide(ROSTER_COLUMNS_MAX)
        if self.columns * ROWS_WRITTEN_MAX > CELLS_MAX:
            numbers = (int(row) for chunk, _ in chunks(archive, part) for row in _ROW.findall(chunk))
            if max(self.rows, max(numbers, default=0)) * self.columns > CELLS_MAX:
                raise wrong.too_long()


class _Texts:
    """The texts that cells share: how much they are when every cell has its own copy."""

    def __init__(self) -> None:
        self.part: zipfile.ZipInfo | None = None
        self.shared_max = 0  # cells that may share a text: as many as the sheets have room for
        self.count = 0
        self.longest = 0
        self.open = 0  # bytes of the text that continues in the next chunk

    def look(self, chunk: bytes) -> None:
        before, *begun = chunk.split(b"si>")
        self.open += len(before)
        self.longest = max(self.longest, self.open)
        if begun:
            self.count += len(begun)
            self.longest = max(self.longest, *map(len, begun))
            self.open = len(begun[-1])
        if self.count > 2 * CELLS_MAX:
            raise wrong.too_long()

    def check(self, archive: zipfile.ZipFile, sheets: list[zipfile.ZipInfo]) -> None:
        """Raises Problem 413. Counted text by text only where the longest one everywhere would be too much."""
        if self.part is None or self.longest * self.shared_max <= TEXT_MAX:
            return
        whole = b"".join(chunk[-fresh:] for chunk, fresh in chunks(archive, self.part))
        lengths = array("I", map(len, whole.split(b"</si>" if b"</si>" in whole else b":si>")))
        total, seen, spelt = 0, 0, 0
        for sheet in sheets:
            for chunk, _ in chunks(archive, sheet):
                spelt += chunk.count(b'"s"') + chunk.count(b"'s'")
                for found in _SHARED.findall(chunk):
                    seen += 1
                    total += lengths[int(found)] if int(found) < len(lengths) else 0
                    if total > TEXT_MAX:
                        raise wrong.inflates()
        if total + max(0, spelt - seen) * self.longest > TEXT_MAX:
            raise wrong.inflates()
