"""Workbooks made by hand, part by part or record by record, also such as no program writes."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterable

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = (
    f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>'
)
SHEET, TEXTS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def sheet_xml(rows: str, before: str = "", after: str = "") -> str:
    return f'{before}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData>{after}</worksheet>'


def texts_xml(*texts: str) -> str:
    return f'<sst xmlns="{MAIN}">{"".join(f"<si><t>{text}</t></si>" for text in texts)}</sst>'


def package(sheets: Iterable[str], target: str = "worksheets/sheet{}.xml", **more: str) -> dict[str, str]:
    """The parts of a workbook, by name. `target`: where its sheets are; `more`: the shared texts, as `texts`."""
    bodies = list(sheets)
    names = range(1, len(bodies) + 1)
    listed = "".join(f'<sheet name="s{n}" sheetId="{n}" r:id="rId{n}"/>' for n in names)
    targets = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="{target.format(n)}"/>' for n in names
    )
    office = f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{office}</Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{targets}</Relationships>',
    }
    parts |= {f"xl/{target.format(n)}": body for n, body in zip(names, bodies, strict=True)}
    if "texts" in more:
        parts[TEXTS] = more["texts"]
    return parts


def zipped(parts: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return buffer.getvalue()


def one_sheet(rows: str, before: str = "", after: str = "", **more: str) -> bytes:
    return zipped(package([sheet_xml(rows, before, after)], **more))


def ole(stream: bytes, name: str = "Workbook") -> bytes:
    """A compound file with one stream."""
    sector = 512
    body = stream + bytes(-len(stream) % sector) + (bytes(4096) if len(stream) < 4096 else b"")
    used = len(body) // sector
    tables = -(-(used + 1) // 127) + 1
    links = [n + 1 for n in range(used)]
    links[-1] = 0xFFFFFFFE
    links += [0xFFFFFFFE] + [0xFFFFFFFD] * tables
    links += [0xFFFFFFFF] * (tables * 128 - len(links))
    head = OLE + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, tables, used, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    assert tables <= 109
    head += struct.pack("<109I", *[used + 1 + n for n in range(tables)], *[0xFFFFFFFF] * (109 - tables))

    def entry(called: str, kind: int, child: int, first: int, size: int) -> bytes:
        text = called.encode("utf-16-le")
        return (
            text.ljust(64, b"\0")
            + struct.pack("<HBBIII", len(text) + 2 if text else 0, kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
            + bytes(36)
            + struct.pack("<IQ", first, size)
        )

    root = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry(name, 2, 0xFFFFFFFF, 0, len(body))
    root += entry("", 0, 0xFFFFFFFF, 0, 0) * 2
    return head + body + root + struct.pack(f"<{len(links)}I", *links)


def record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def xls(cells: bytes, shared: Iterable[str] = (), before: bytes = b"") -> bytes:
    """A BIFF8 workbook of one sheet. `cells`: its records; `before`: records of the whole workbook."""
    texts = [text.encode("utf-16-le") for text in shared]
    table = struct.pack("<II", len(texts), len(texts))
    table += b"".join(struct.pack("<HB", len(text) // 2, 1) + text for text in texts)
    bound = "表".encode("utf-16-le")
    fronts = record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0)) + before
    size = len(fronts) + 4 + 10 + 4 + len(table) + 4
    fronts += (
        record(0x0085, struct.pack("<IBBBB", size, 0, 0, 1, 1) + bound)
        + record(0x00FC, table)
        + record(0x0A, b"")
    )
    assert len(fronts) == size
    return ole(
        fronts + record(0x0809, struct.pack("<HHHHII", 0x0600, 0x10, 0, 0, 0, 0)) + cells + record(0x0A, b"")
    )


def xls_number(row: int, column: int, value: float) -> bytes:
    return record(0x0203, struct.pack("<HHHd", row, column, 0, value))


def xls_text(row: int, column: int, number: int) -> bytes:
    return record(0x00FD, struct.pack("<HHHI", row, column, 0, number))
