"""Old .xls workbooks as the programs of our contractors write them: compound files around BIFF8 records."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

from server.rules.rosters.cells import Cell
from tests.server.rosters.crafted_workbooks import OLE, record, zipped

_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_SECTOR, _SMALL, _SMALL_BELOW = 512, 64, 4096
_RECORD_MAX = 8224
_THEME, _TEXTS, _CONTINUE = 0x0896, 0x00FC, 0x003C


def compound(streams: Mapping[str, bytes]) -> bytes:
    """A compound file with these streams in its root, the short ones in its small sectors."""
    small = {name: body for name, body in streams.items() if len(body) < _SMALL_BELOW}
    ministream = b"".join(_padded(body, _SMALL) for body in small.values())
    small_links, small_at = _chained([-(-len(body) // _SMALL) for body in small.values()])
    large = [body for name, body in streams.items() if name not in small]
    directory = bytes(128 * (len(streams) + 1))
    small_table = struct.pack(f"<{len(small_links)}I", *small_links)
    bodies = [_padded(part, _SECTOR) for part in (directory, small_table, ministream, *large)]
    links, at = _chained([len(body) // _SECTOR for body in bodies])
    tables = -(-(len(links) + 1) // 127)
    assert tables <= 109
    links += [_FAT] * tables
    links += [_FREE] * (tables * 128 - len(links))
    first_table = sum(map(len, bodies)) // _SECTOR
    places = dict(zip(small, small_at, strict=True))
    places |= dict(zip((name for name in streams if name not in small), at[3:], strict=True))
    entries = [_entry("Root Entry", 5, at[2], len(ministream))]
    entries += [_entry(name, 2, places[name], len(body)) for name, body in streams.items()]
    bodies[0] = _padded(b"".join(entries), _SECTOR)
    head = OLE + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIII", 0, tables, at[0], 0, _SMALL_BELOW)
    head += struct.pack("<IIII", at[1], len(bodies[1]) // _SECTOR, _END, 0)
    head += struct.pack("<109I", *[first_table + n for n in range(tables)], *[_FREE] * (109 - tables))
    return head + b"".join(bodies) + struct.pack(f"<{len(links)}I", *links)


def _chained(sizes: Sequence[int]) -> tuple[list[int], list[int]]:
    """The links of chains of so many sectors, one after another, and where each begins (an empty one nowhere)."""
    links: list[int] = []
    begins = []
    for size, end in zip(sizes, accumulate(sizes), strict=True):
        begins.append(end - size if size else _END)
        links += [*range(end - size + 1, end), _END] if size else []
    return links, begins


def _padded(body: bytes, size: int) -> bytes:
    return body + bytes(-len(body) % size)


def _entry(name: str, kind: int, first: int, size: int) -> bytes:
    text = name.encode("utf-16-le")
    front = text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text) + 2, kind, 1, _FREE, _FREE, _FREE)
    return front + bytes(36) + struct.pack("<IQ", first, size)


def _begun(kind: int) -> bytes:
    return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 1996, 0, 6))


def _text_table(texts: Sequence[str]) -> bytes:
    """The shared texts, over as many records as they need."""
    records, body = [], struct.pack("<II", len(texts), len(texts))
    for text in texts:
        written = text.encode("utf-16-le")
        one = struct.pack("<HB", len(written) // 2, 1) + written
        if len(body) + len(one) > _RECORD_MAX:
            records.append(body)
            body = b""
        body += one
    records.append(body)
    return b"".join(record(_CONTINUE if n else _TEXTS, part) for n, part in enumerate(records))


def _shared_cells(rows: Sequence[Sequence[Cell]], texts: Sequence[str]) -> bytes:
    """Cells as these programs write them: rows first, then texts by their index in the table, and whole numbers as RK."""
    indexes = {text: number for number, text in enumerate(texts)}
    records = [
        record(0x0208, struct.pack("<HHHHHHI", number, 0, len(row), 0x00FF, 0, 0, 0x000F0100))
        for number, row in enumerate(rows)
    ]
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            front = struct.pack("<HHH", number, column, 15)
            if isinstance(cell, str) and cell:
                records.append(record(0x00FD, front + struct.pack("<I", indexes[cell])))
            elif isinstance(cell, str):
                records.append(record(0x0201, front))
            elif isinstance(cell, int | float):
                records.append(record(0x027E, front + struct.pack("<i", (int(cell) << 2) | 2)))
    return b"".join(records)


def biff(
    rows: Sequence[Sequence[Cell]], before: bytes = b"", name: str = "花名册", after: bytes = b""
) -> bytes:
    """The workbook's stream with one sheet. `before`, `after`: records of the workbook before its sheets are listed, and
    after its texts."""
    texts = sorted({cell for row in rows for cell in row if isinstance(cell, str) and cell})
    written = name.encode("utf-16-le")
    tail = _text_table(texts) + after + record(0x000A, b"")
    front = _begun(0x0005) + record(0x0042, struct.pack("<H", 1200)) + before
    bound = len(front) + 4 + 8 + len(written) + len(tail)
    front += record(0x0085, struct.pack("<IBBBB", bound, 0, 0, len(written) // 2, 1) + written)
    used = struct.pack("<IIHHH", 0, len(rows), 0, max(map(len, rows), default=0), 0)
    sheet = _begun(0x0010) + record(0x0200, used) + _shared_cells(rows, texts) + record(0x000A, b"")
    return front + tail + sheet


def _theme() -> bytes:
    """A theme as Excel 2007 and later keep it: a small zip in a record."""
    body = zipped({"[Content_Types].xml": "<Types/>", "theme/theme/theme1.xml": "<a:theme/>"})
    head = struct.pack("<HHII", _THEME, 0, 0, 0) + struct.pack("<I", 124226)
    return record(_THEME, head + body)


def as_excel(rows: Sequence[Sequence[Cell]]) -> bytes:
    """Saved as "Excel 97-2003" by Excel 2007 and later."""
    summary = b"\xfe\xff" + bytes(200)
    return compound(
        {
            "Workbook": biff(rows, after=_theme()),
            "\x05SummaryInformation": summary,
            "\x05DocumentSummaryInformation": summary,
        }
    )


def as_wps(rows: Sequence[Sequence[Cell]]) -> bytes:
    """Saved by WPS: its own stream, and a code page of Chinese."""
    book = biff(
        rows, before=record(0x00E1, struct.pack("<H", 1200)) + record(0x005C, b" " * 112), after=_theme()
    )
    return compound({"Workbook": book, "ETExtData": bytes(300), "\x05SummaryInformation": bytes(128)})


def as_libreoffice(rows: Sequence[Sequence[Cell]]) -> bytes:
    """Saved by LibreOffice: no theme, its streams in another order, a small workbook in the small sectors."""
    return compound({"\x01CompObj": bytes(106), "\x01Ole": bytes(20), "Workbook": biff(rows)})


def as_old_exporter(rows: Sequence[Sequence[Cell]]) -> bytes:
    """Written by a program that spells the stream in capital letters."""
    return compound({"WORKBOOK": biff(rows)})


def as_small_letters(rows: Sequence[Sequence[Cell]]) -> bytes:
    return compound({"workbook": biff(rows)})


def with_password(rows: Sequence[Sequence[Cell]]) -> bytes:
    """Protected by a password as Excel 97 does: what follows the record is enciphered."""
    whole = biff(rows, before=record(0x002F, struct.pack("<HHH", 1, 1, 1) + bytes(48)))
    clear = len(_begun(0x0005)) + 6 + 4 + 54
    return compound({"Workbook": whole[:clear] + bytes(byte ^ 0x5A for byte in whole[clear:])})


WRITERS: Mapping[str, Callable[[Sequence[Sequence[Cell]]], bytes]] = {
    "Excel": as_excel,
    "WPS": as_wps,
    "LibreOffice": as_libreoffice,
    "an exporter in capital letters": as_old_exporter,
    "an exporter in small letters": as_small_letters,
}
