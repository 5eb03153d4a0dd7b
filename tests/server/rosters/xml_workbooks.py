"""Spreadsheets that are XML, as Excel, WPS and LibreOffice write them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

from server.rules.rosters.cells import Cell

_ODF = "urn:oasis:names:tc:opendocument:xmlns"
ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"


def xml_2003(
    rows: Sequence[Sequence[Cell]], after: str = "", encoding: str = "UTF-8", front: str = ""
) -> bytes:
    """ "XML Spreadsheet 2003" as Excel saves it, with rows that say their index after an empty one. `after`: more
    worksheets."""
    lines, skipped = [], False
    for number, row in enumerate(rows, start=1):
        if not any(cell != "" for cell in row):
            skipped = True
            continue
        index = f' ss:Index="{number}"' if skipped else ""
        lines.append(f'<Row{index} ss:AutoFitHeight="0">{_cells_2003(row)}</Row>')
        skipped = False
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\r\n<?mso-application progid="Excel.Sheet"?>\r\n{front}'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet" xmlns:html="http://www.w3.org/TR/REC-html40">'
        '<Styles><Style ss:ID="Default" ss:Name="Normal"/></Styles>'
        f'<Worksheet ss:Name="花名册"><Table x:FullColumns="1">{"".join(lines)}</Table></Worksheet>{after}</Workbook>'
    )
    return text.encode(encoding)


def _cells_2003(row: Sequence[Cell]) -> str:
    cells, skipped = [], False
    for column, cell in enumerate(row, start=1):
        if cell == "":
            skipped = True
            continue
        index = f' ss:Index="{column}"' if skipped else ""
        kind = "String" if isinstance(cell, str) else "Number"
        cells.append(f'<Cell{index}><Data ss:Type="{kind}">{escape(str(cell))}</Data></Cell>')
        skipped = False
    return "".join(cells)


def ods(content: str, **more: str) -> bytes:
    """An OpenDocument spreadsheet with this content of its body. `more`: other parts by name."""
    whole = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{_ODF}:office:1.0" '
        f'xmlns:table="{_ODF}:table:1.0" xmlns:text="{_ODF}:text:1.0" xmlns:style="{_ODF}:style:1.0" '
        'office:version="1.3"><office:automatic-styles><style:style style:name="ta1" style:family="table">'
        '<style:table-properties table:display="true"/></style:style><style:style style:name="ta2" '
        'style:family="table"><style:table-properties table:display="false"/></style:style>'
        f"</office:automatic-styles><office:body><office:spreadsheet>{content}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    return ods_of(whole, **more)


def ods_of(whole: str, **more: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), ODS_TYPE)
        archive.writestr("META-INF/manifest.xml", more.pop("manifest", "<manifest:manifest/>"))
        archive.writestr("content.xml", whole)
        for name, body in more.items():
            archive.writestr(name.replace("_", "/", 1), body)
    return buffer.getvalue()


def ods_table(rows: Sequence[Sequence[Cell]], name: str = "花名册", style: str = "ta1") -> str:
    """One sheet as LibreOffice writes it, with the empty rest of the sheet as one repeated row."""
    lines = "".join(
        f"<table:table-row>{''.join(map(ods_cell, row))}{_rest(16384)}</table:table-row>" for row in rows
    )
    return (
        f'<table:table table:name="{name}" table:style-name="{style}">'
        f'<table:table-column table:number-columns-repeated="16384"/>{lines}'
        f'<table:table-row table:number-rows-repeated="1048500">{_rest(16384)}</table:table-row></table:table>'
    )


def _rest(columns: int) -> str:
    return f'<table:table-cell table:number-columns-repeated="{columns}"/>'


def ods_cell(cell: Cell) -> str:
    if cell == "":
        return "<table:table-cell/>"
    if isinstance(cell, str):
        return (
            f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
        )
    return (
        f'<table:table-cell office:value-type="float" office:value="{cell}"><text:p>{cell}</text:p>'
        "</table:table-cell>"
    )
