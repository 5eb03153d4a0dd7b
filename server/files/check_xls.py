"""Inspect an old .xls file before any reader opens it: its records walked once, within bounds.

The reader fills the whole rectangle of every sheet, and gives each cell its own copy of a text that many share.
"""

from __future__ import annotations

import re
import struct
from array import array
from collections.abc import Collection, Iterator

from schemas.limits import ROSTER_COLUMNS_MAX
from server.files import problems as wrong
from server.files.check_archive import CELLS_MAX, TEXT_MAX, Archive, Hidden

_FREE = 0xFFFFFFFA  # sector numbers from here on are signs, not sectors
_STREAMS = ("workbook", "book")  # the newer first; in a compound file capital letters are the same name
_STREAM = "Workbook"
_BOOKS_MAX = 16  # embedded workbooks, with the one itself
_ROOT = 5  # kind of a directory's entry
_ZIP_END = b"PK\x05\x06"
_PASSWORD = 0x002F
_BOF, _CONTINUE, _SST, _TEXT_OF_TABLE = (0x0809, 0x0409, 0x0209, 0x0009), 0x003C, 0x00FC, 0x00FD
_EPOCH, _BOUND_SHEET, _ROW, _COLUMNS = 0x0022, 0x0085, 0x0208, 0x007D
_CELLS = frozenset((0x0006, 0x0203, 0x0204, 0x0205, 0x027E, 0x00D6, 0x0003, 0x0002, 0x0004, 0x0005, 0x0007))
_SHEETS_MAX = 256  # whose hidden parts are reported; files with more are refused later
_SPANS = (0x00BD, 0x00BE)  # several cells in one record, which ends on the last one's column


def check_xls(data: bytes) -> Archive:
    """What only the file itself shows. Raises Problem 413, 415 or 422."""
    try:
        entries = _Entries(data)
        if "encryptedpackage" in entries.names:
            raise wrong.encrypted()
        if any(name.startswith("_vba_project") for name in entries.names):
            raise wrong.has_macros()
        books = [book for name in _STREAMS for book in entries.streams(name)]
        if sum(map(len, books)) > len(data):
            raise wrong.damaged()
        archives = list(map(_walk, books))  # an embedded one too: the reader may take any
    except (struct.error, IndexError) as error:
        raise wrong.damaged() from error
    if not archives:
        raise wrong.unknown_type()
    return archives[0]


def for_reader(data: bytes) -> bytes:
    """A checked file for the reader: without the end of any zip file (a theme is one, which is not read), so
    that it can't be taken for a new workbook; and its stream under the name that the reader looks for."""
    name = _STREAM.encode("utf-16-le")
    spelt = re.compile(re.escape(name) + bytes(64 - len(name)), re.IGNORECASE)
    return spelt.sub(name.ljust(64, b"\0"), data.replace(_ZIP_END, bytes(len(_ZIP_END))))


class _Entries:
    """The directory of a compound file."""

    def __init__(self, data: bytes) -> None:
        shift, small_shift = struct.unpack_from("<HH", data, 30)
        if shift not in (9, 12) or small_shift != 6:
            raise wrong.damaged()
        self._data, self._size = data, 1 << shift
        root, self._small_below, self._small_table = struct.unpack_from("<I4xII", data, 48)
        self._table = self._read_table(shift)
        self._found: dict[str, list[tuple[int, int]]] = {}  # by name in lower case: first sectors, lengths
        self._small_first = _FREE
        entries = self._chain(root)
        for at in range(0, len(entries) - 127, 128):
            length, kind = struct.unpack_from("<HB", entries, at + 64)
            place = struct.unpack_from("<II", entries, at + 116)
            if kind == _ROOT:
                self._small_first = place[0]
            elif kind:
                name = entries[at : at + max(0, length - 2)].decode("utf-16-le", "replace").lower()
                self._found.setdefault(name, []).append(place)

    @property
    def names(self) -> Collection[str]:
        """Of its storages and streams, in lower case."""
        return self._found.keys()

    def streams(self, name: str) -> Iterator[bytes]:
        """Those of a name; an embedded document has its own."""
        places = self._found.get(name, ())
        if len(places) > _BOOKS_MAX:
            raise wrong.too_many_parts()
        for first, length in places:
            if length >= self._small_below:
                yield self._chain(first)[:length]
            else:
                numbers = self._chain(self._small_table)
                links = array("I", struct.unpack(f"<{len(numbers) // 4}I", numbers))
                yield _chain(self._chain(self._small_first), links, first, 64, 0)[:length]

    def _chain(self, first: int) -> bytes:
        return _chain(self._data, self._table, first, self._size, self._size)

    def _read_table(self, shift: int) -> array[int]:
        data, size = self._data, self._size
        sectors = list(struct.unpack_from("<109I", data, 76))
        more = struct.unpack_from("<I", data, 68)[0]
        for _ in range(len(data) >> shift):
            if more >= _FREE:
                break
            part = struct.unpack_from(f"<{size // 4}I", data, (more + 1) * size)
            sectors += part[:-1]
            more = part[-1]
        table = array("I")
        for sector in sectors:
            if sector < _FREE:
                table.extend(struct.unpack_from(f"<{size // 4}I", data, (sector + 1) * size))
        return table


def _chain(data: bytes, table: array[int], first: int, size: int, offset: int) -> bytes:
    """The sectors that follow one another from the first; a circle is damage."""
    parts: list[bytes] = []
    sector = first
    while sector < _FREE:
        if len(parts) > len(table):
            raise wrong.damaged()
        parts.append(data[sector * size + offset : (sector + 1) * size + offset])
        sector = table[sector]
    return b"".join(parts)


def _walk(book: bytes) -> Archive:
    """Every record once: the rectangle of each sheet, the cells of all, the size of their texts; what is hidden, and the
    epoch."""
    epoch_1904 = False
    # Hidden rows and columns by where a sheet begins, in the workbook's order; `elsewhere` of what it does not list.
    hidden: dict[int, tuple[set[int], set[int]]] = {}
    rows, columns = elsewhere = (set[int](), set[int]())
    last_row = last_column = cells = rectangles = shared = 0
    lengths = array("I")
    for kind, at, size in _records(book):
        if kind == _PASSWORD:
            raise wrong.encrypted()
        if kind in _BOF:
            rectangles += last_row * last_column
            last_row = last_column = 0
            rows, columns = hidden.get(at - 4, elsewhere)
        elif kind in _CELLS or kind == _TEXT_OF_TABLE or kind in _SPANS:
            row, column = struct.unpack_from("<HH", book, at)
            if kind in _SPANS:
                column = struct.unpack_from("<H", book, at + size - 2)[0]
            last_row, last_column = max(last_row, row + 1), max(last_column, column + 1)
            cells += 1
            if kind == _TEXT_OF_TABLE:
                number = struct.unpack_from("<I", book, at + 6)[0]
                shared += lengths[number] if number < len(lengths) else 0
            if last_column > ROSTER_COLUMNS_MAX:
                raise wrong.too_wide(ROSTER_COLUMNS_MAX)
            if rectangles + last_row * last_column > CELLS_MAX or cells > CELLS_MAX:
                raise wrong.too_long()
            if shared > TEXT_MAX:
                raise wrong.inflates()
        elif kind == _SST:
            lengths = _lengths(book, at, size)
        elif kind == _EPOCH:
            epoch_1904 = epoch_1904 or book[at] == 1
        elif kind == _BOUND_SHEET and len(hidden) < _SHEETS_MAX:
            hidden[struct.unpack_from("<I", book, at)[0]] = (set(), set())
        elif kind == _ROW and size >= 14 and book[at + 12] & 0x20:
            rows.add(struct.unpack_from("<H", book, at)[0])
        elif kind == _COLUMNS and size >= 10 and book[at + 8] & 1:
            first, last = struct.unpack_from("<HH", book, at)
            columns.update(range(first, min(last + 1, ROSTER_COLUMNS_MAX)))
    return Archive([Hidden(*map(frozenset, both)) for both in hidden.values()], epoch_1904)


def _records(book: bytes) -> Iterator[tuple[int, int, int]]:
    """(kind, where its content begins, size of the content)."""
    at, end = 0, len(book) - 4
    unpack = struct.Struct("<HH").unpack_from
    while at <= end:
        kind, size = unpack(book, at)
        yield kind, at + 4, size
        at += 4 + size


def _lengths(book: bytes, at: int, size: int) -> array[int]:
    """How long each text of the shared table is, in bytes; a text that continues in a next record says its width again."""
    lengths = array("I")
    total, end, at = struct.unpack_from("<I", book, at + 4)[0], at + size, at + 8
    for _ in range(min(total, len(book))):
        if at >= end:
            at, end = _continued(book, end)
        count, flags = struct.unpack_from("<HB", book, at)
        at += 3
        after = 0
        if flags & 8:
            after += 4 * struct.unpack_from("<H", book, at)[0]
            at += 2
        if flags & 4:
            after += struct.unpack_from("<I", book, at)[0]
            at += 4
        lengths.append(count * 3)
        while True:
            wide = flags & 1
            fits = min(count, (end - at) >> wide)
            count -= fits
            at += fits << wide
            if not count:
                break
            at, end = _continued(book, end)
            flags = book[at]
            at += 1
        while at + after > end:
            after -= end - at
            at, end = _continued(book, end)
        at += after
    return lengths


def _continued(book: bytes, end: int) -> tuple[int, int]:
    kind, size = struct.unpack_from("<HH", book, end)
    if kind != _CONTINUE:
        raise wrong.damaged()
    return end + 4, end + 4 + size
