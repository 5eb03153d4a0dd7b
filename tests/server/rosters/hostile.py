"""Files that were made to do harm, or are no rosters; each with the status and code it must get."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from tests.server.rosters.crafted_workbooks import (
    MAIN,
    OLE,
    SHEET,
    TEXTS,
    ole,
    one_sheet,
    package,
    sheet_xml,
    texts_xml,
    xls,
    xls_number,
    xls_text,
    zipped,
)
from tests.server.rosters.xml_workbooks import ods, ods_of, xml_2003


@cache  # to pack so much takes longer than to refuse it
def nested_zeros(size: int = 400 << 20, name: str = SHEET, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A part that inflates to so many zeros."""
    buffer = io.BytesIO(zipped({key: body for key, body in package([""]).items() if key != name}))
    with zipfile.ZipFile(buffer, "a", method) as archive, archive.open(name, "w") as part:
        for _ in range(size >> 20):
            part.write(bytes(1 << 20))
    return buffer.getvalue()


@cache  # to pack so much takes longer than to refuse it
def lying_size() -> bytes:
    """A sheet of 400 MB that says it has a hundred bytes, with the checksum of those."""
    rows = '<row r="1"><c r="A1"><v>1</v></c></row>'
    begins = sheet_xml(rows).encode()[:100]
    whole = nested_zeros()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        member = archive.getinfo(SHEET)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = (
        packer.compress(begins)
        + b"".join(packer.compress(bytes(1 << 20)) for _ in range(400))
        + packer.flush()
    )
    name = SHEET.encode()
    head = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, zlib.crc32(begins), len(body), 100, len(name), 0)
    front = whole[: member.header_offset] + b"PK\x03\x04" + head + name + body
    directory = whole[struct.unpack_from("<I", whole, len(whole) - 6)[0] : -22]
    at = directory.index(name) - 46
    entry = directory[:at] + b"PK\x01\x02" + struct.pack("<H", 20) + head
    entry += struct.pack("<HHHII", 0, 0, 0, 0, member.header_offset) + name
    count = struct.unpack_from("<H", whole, len(whole) - 12)[0]
    return (
        front + entry + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(entry), len(front), 0)
    )


@cache  # to pack so much takes longer than to refuse it
def many_parts(count: int = 100_000, declared: int | None = None) -> bytes:
    """So many members; `declared`: what the end of the archive says of their number."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(count):
            archive.writestr(zipfile.ZipInfo(f"{number}"), b"")
    data = buffer.getvalue()
    if declared is not None:  # without the 64-bit list of members, whose position the end does not need
        data = data[:-14] + struct.pack("<HH", declared, declared) + data[-10:]
    return data


def two_lists() -> bytes:
    """Two archives in one file: which is read depends on who reads."""
    return one_sheet('<row r="1"><c r="A1"><v>1</v></c></row>') + one_sheet("")


def rectangle(rows: int, columns: int) -> bytes:
    line = "".join("<c><v>1</v></c>" for _ in range(columns))
    return one_sheet("".join(f"<row>{line}</row>" for _ in range(rows)))


def far_apart_sheets() -> bytes:
    """Fifty sheets, each with a cell in both of its corners: one by one small enough."""
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="59999"><c r="Y59999"><v>1</v></c></row>'
    return zipped(package([sheet_xml(rows)] * 50))


def one_text_many_times(cells: int = 50_000) -> bytes:
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, cells + 1))
    return one_sheet(rows, texts=texts_xml("工" * 30_000))


def merged_everywhere(areas: int = 100_000) -> bytes:
    rows = "".join(f'<row r="{n}"><c r="C{n}"><v>1</v></c></row>' for n in range(1, 50_001))
    merged = '<mergeCell ref="A1:C1048576"/>' * areas
    return one_sheet(rows, after=f"<mergeCells>{merged}</mergeCells>")


def split_by_chunks() -> bytes:
    """A declaration among the texts that begins in one chunk, as the check inflates them, and ends in the next."""
    front = f'<sst xmlns="{MAIN}">'
    texts = front + " " * ((1 << 20) - len(front) - 5) + "<!ENTITY x 'y'></sst>"
    return one_sheet("", texts=texts)


def _doctype(part: str) -> bytes:
    outside = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    rows = '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'
    parts = package([sheet_xml(rows)], texts=texts_xml("&e;"))
    return zipped({**parts, part: outside + parts[part]})


@dataclass(frozen=True)
class Hostile:
    """A file by its maker, and what must come of it."""

    what: str
    make: Callable[[], bytes]
    status: int
    code: str


def _cell(address: str) -> str:
    row = address.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    return f'<row r="{row}"><c r="{address}"><v>1</v></c></row>'


_ONE = _cell("A1")

_LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a "'
    + '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY b "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY c "laugh">]>'
)


def _sheet_2003(rows: str) -> bytes:
    front, _, after = xml_2003([["x"]]).partition(b"<Row")
    return front + rows.encode() + after.partition(b"</Row>")[2]


def _ods_row(text: str = "x", columns: int = 1, rows: int = 1) -> bytes:
    cell = f'<table:table-cell table:number-columns-repeated="{columns}"><text:p>{text}</text:p></table:table-cell>'
    return ods(
        f'<table:table><table:table-row table:number-rows-repeated="{rows}">{cell}</table:table-row></table:table>'
    )


HOSTILE = [
    Hostile("nothing", lambda: b"", 422, "file_empty"),
    Hostile("twenty-one megabytes", lambda: bytes(21 << 20), 413, "file_too_large"),
    Hostile("nested zeros in a sheet", nested_zeros, 413, "file_inflates_too_much"),
    Hostile(
        "zeros in a part that no sheet is in",
        lambda: nested_zeros(64 << 20, "xl/styles.xml"),
        413,
        "file_inflates_too_much",
    ),
    Hostile("a size that lies", lying_size, 413, "file_inflates_too_much"),
    Hostile(
        "a packing that inflates without bound",
        lambda: nested_zeros(40 << 20, "xl/styles.xml", zipfile.ZIP_BZIP2),
        422,
        "file_damaged",
    ),
    Hostile("one text in every cell", one_text_many_times, 413, "file_inflates_too_much"),
    Hostile("a cell at the end of the world", lambda: one_sheet(_cell("XFD1048576")), 422, "sheet_too_wide"),
    Hostile("the same in small letters", lambda: one_sheet(_cell("xfd1048576")), 422, "sheet_too_wide"),
    Hostile(
        "the same, oddly spelt",
        lambda: one_sheet("<row r=\"1\"><c\n r = 'XFD1048576'><v>1</v></c></row>"),
        422,
        "sheet_too_wide",
    ),
    Hostile(
        "the same in a part with another name",
        lambda: zipped(package([sheet_xml(_cell("XFD1048576"))], target="other/{}.bin")),
        422,
        "sheet_too_wide",
    ),
    Hostile(
        "a rectangle of ten million cells", lambda: one_sheet(_ONE + _cell("GR50000")), 422, "sheet_too_long"
    ),
    Hostile("many such sheets, each small enough", far_apart_sheets, 422, "sheet_too_long"),
    Hostile("cells that do not say where they are", lambda: rectangle(1, 100_000), 422, "sheet_too_wide"),
    Hostile("rows that do not say where they are", lambda: rectangle(150_000, 1), 422, "sheet_too_long"),
    Hostile("a thousand columns", lambda: rectangle(2, 1_000), 422, "sheet_too_wide"),
    Hostile(
        "60,001 rows",
        lambda: one_sheet("".join(_cell(f"A{n}") for n in range(1, 60_002))),
        422,
        "sheet_too_long",
    ),
    Hostile("51 sheets", lambda: zipped(package([sheet_xml(_ONE)] * 51)), 422, "too_many_sheets"),
    Hostile("areas merged over one another", merged_everywhere, 422, "file_damaged"),
    Hostile("100,000 members", many_parts, 413, "file_has_too_many_parts"),
    Hostile(
        "100,000 members that say they are one",
        lambda: many_parts(declared=1),
        413,
        "file_has_too_many_parts",
    ),
    Hostile("two archives in one", two_lists, 422, "file_damaged"),
    Hostile("an outer entity in a sheet", lambda: _doctype(SHEET), 422, "file_has_forbidden_xml"),
    Hostile("an outer entity in the texts", lambda: _doctype(TEXTS), 422, "file_has_forbidden_xml"),
    Hostile("an entity across two chunks", split_by_chunks, 422, "file_has_forbidden_xml"),
    Hostile(
        "macros",
        lambda: zipped({**package([sheet_xml(_ONE)]), "xl/vbaProject.bin": "x"}),
        422,
        "file_has_macros",
    ),
    Hostile("a zip that is no workbook", lambda: zipped({"a.txt": "x"}), 415, "file_type_unknown"),
    Hostile(
        "a workbook of another kind next to it",
        lambda: zipped({**package([sheet_xml(_ONE)]), "xl/workbook.bin": "x"}),
        415,
        "file_type_unknown",
    ),
    Hostile(
        "a Linux program",
        lambda: b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00\x3e\x00",
        415,
        "file_type_unknown",
    ),
    Hostile(
        "a Windows program", lambda: b"MZ\x90\x00\x03" + bytes(60) + b"This program", 415, "file_type_unknown"
    ),
    Hostile("a PDF", lambda: b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\n", 415, "file_type_unknown"),
    Hostile(
        "a web page named .xls",
        lambda: "<html><table><tr><td>姓名</td></tr></table></html>".encode(),
        415,
        "file_is_web_page",
    ),
    Hostile("a text of one endless line", lambda: b"a," * (8 << 20), 422, "line_too_long"),
    Hostile("a text of ends of lines only", lambda: b"\n" * (19 << 20), 422, "sheet_too_long"),
    Hostile("a text of a thousand columns", lambda: b"a," * 1_000 + b"\n", 422, "sheet_too_wide"),
    Hostile("a text in no encoding", lambda: "姓名,".encode() + b"\xff\xff\x81", 415, "encoding_unknown"),
    Hostile("half a character of UTF-16", lambda: b"\xff\xfe\x00\xd8", 422, "encoding_unknown"),
    Hostile("an encrypted workbook", lambda: ole(bytes(5000), "EncryptedPackage"), 422, "file_encrypted"),
    Hostile("macros in an old workbook", lambda: ole(bytes(5000), "_VBA_PROJECT"), 422, "file_has_macros"),
    Hostile(
        "an old document of another program",
        lambda: ole(bytes(5000), "WordDocument"),
        415,
        "file_type_unknown",
    ),
    Hostile("an old workbook of nothing", lambda: OLE, 422, "file_damaged"),
    Hostile(
        "an old workbook with a far cell",
        lambda: xls(xls_number(0, 0, 1) + xls_number(65_535, 199, 1)),
        422,
        "sheet_too_long",
    ),
    Hostile(
        "an old workbook with a wide row", lambda: xls(xls_number(65_535, 255, 1)), 422, "sheet_too_wide"
    ),
    Hostile(
        "an old workbook with one text in every cell",
        lambda: xls(b"".join(xls_text(n, 0, 0) for n in range(50_000)), ["工" * 4_000]),
        413,
        "file_inflates_too_much",
    ),
    Hostile(
        "a new workbook behind an old one's first bytes",
        lambda: OLE + bytes(504) + one_sheet(_cell("XFD1048576")),
        422,
        "file_damaged",
    ),
    Hostile(
        "random bytes with an old workbook's front", lambda: OLE + os.urandom(4_096), 422, "file_damaged"
    ),
    Hostile(
        "entities that grow in XML of 2003",
        lambda: xml_2003([["&a;"]], front=_LAUGHS),
        422,
        "file_has_forbidden_xml",
    ),
    Hostile(
        "entities that grow in an .ods", lambda: ods_of(_LAUGHS + "<x>&a;</x>"), 422, "file_has_forbidden_xml"
    ),
    Hostile("an .ods that inflates", cache(lambda: ods_of(" " * (200 << 20))), 413, "file_inflates_too_much"),
    Hostile("an .ods of elements only", lambda: ods("<table:table-row/>" * 5_000_000), 422, "sheet_too_long"),
    Hostile("XML of 2003 of rows only", lambda: _sheet_2003("<Row/>" * 3_000_000), 422, "sheet_too_long"),
    Hostile("XML of 2003 of elements only", lambda: _sheet_2003("<b/>" * 3_000_000), 422, "sheet_too_long"),
    Hostile(
        "a row of XML of 2003 without end",
        lambda: _sheet_2003(f"<Row>{'<Cell/>' * 2_500_000}</Row>"),
        422,
        "sheet_too_wide",
    ),
    Hostile("a row of an .ods a million times", lambda: _ods_row(rows=1_048_576), 422, "sheet_too_long"),
    Hostile("a cell of an .ods all the way across", lambda: _ods_row(columns=16_384), 422, "sheet_too_wide"),
    Hostile(
        "a long text in every cell of an .ods",
        lambda: _ods_row("工" * 30_000, 200, 50_000),
        422,
        "sheet_too_long",
    ),
    Hostile(
        "a long text in every row of an .ods",
        lambda: _ods_row("工" * 30_000, 1, 50_000),
        413,
        "file_inflates_too_much",
    ),
    Hostile(
        "a text without end in an .ods", lambda: _ods_row("工" * (1 << 20)), 413, "file_inflates_too_much"
    ),
    Hostile("a number of rows that is none", lambda: _ods_row(rows=-1), 422, "file_damaged"),
    Hostile(
        "a row far below in XML of 2003",
        lambda: _sheet_2003('<Row ss:Index="99999999"><Cell><Data ss:Type="String">x</Data></Cell></Row>'),
        422,
        "sheet_too_long",
    ),
    Hostile(
        "a cell far away in XML of 2003",
        lambda: _sheet_2003('<Row><Cell ss:Index="16384"><Data ss:Type="String">x</Data></Cell></Row>'),
        422,
        "sheet_too_wide",
    ),
    Hostile("51 sheets of an .ods", lambda: ods("<table:table/>" * 51), 422, "too_many_sheets"),
    Hostile("macros in an .ods", lambda: ods("", Basic_Standard="x"), 422, "file_has_macros"),
    Hostile("half of an XML of 2003", lambda: xml_2003([["x"]])[:-20], 422, "file_damaged"),
]
