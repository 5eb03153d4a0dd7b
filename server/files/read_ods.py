"""Read an .ods, a spreadsheet of OpenDocument, as LibreOffice and WPS write it (OpenDocument 1.3, part 3: table:table)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping

from schemas.limits import ROSTER_COLUMNS_MAX
from server.files import problems as wrong
from server.files.check_archive import BROKEN, check_end, check_parts, chunks
from server.files.read_xml_sheets import (
    CELL_MAX,
    ROWS_MAX,
    SheetReader,
    Table,
    XmlBook,
    parse_xml,
    typed_cell,
    whole_number,
)
from server.rules.rosters.cells import Cell

XML_MAX = 96 * 1024 * 1024  # bytes of a part, inflated
_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0 "
_OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0 "
_TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0 "
_STYLE = "urn:oasis:names:tc:opendocument:xmlns:style:1.0 "
_NUMBERS = ("float", "percentage", "currency")


def is_ods(data: bytes) -> bool:
    """Whether an archive says in its first part that it is an OpenDocument spreadsheet."""
    return data[30:38] == b"mimetype" and b"application/vnd.oasis.opendocument.spreadsheet" in data[38:160]


def read_ods(data: bytes) -> XmlBook:
    """Raises Problem 413, 415 or 422."""
    check_end(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_parts(archive)
            names = archive.namelist()
            if "content.xml" not in names:
                raise wrong.unknown_type()
            if any(name.startswith(("Basic/", "Scripts/")) for name in names):
                raise wrong.has_macros()
            if "META-INF/manifest.xml" in names and any(
                b"encryption-data" in chunk for chunk in _inflated(archive, "META-INF/manifest.xml")
            ):
                raise wrong.encrypted()
            reader = _OpenDocument()
            parse_xml(_inflated(archive, "content.xml"), reader)
    except BROKEN as error:
        raise wrong.damaged() from error
    for table, style in reader.styled:
        table.visible = style not in reader.hidden_styles
    return reader.book


def _inflated(archive: zipfile.ZipFile, name: str) -> Iterable[bytes]:
    part = archive.getinfo(name)
    part.file_size = XML_MAX + 1  # the archive's own word is not what ends it
    size = 0
    for chunk, fresh in chunks(archive, part):
        size += fresh
        if size > XML_MAX:
            raise wrong.inflates()
        yield chunk[-fresh:]


class _OpenDocument(SheetReader):
    def __init__(self) -> None:
        super().__init__()
        self.hidden_styles: set[str] = set()
        self.styled: list[tuple[Table, str]] = []
        self._style = ""
        self._depth = 0  # of tables within tables, which are drawings
        self._aside = 0  # within a note of a cell
        self._times = self._row_times = 1
        self._attributes: Mapping[str, str] = {}
        self._next_column = 0
        self.begins = {
            _STYLE + "style": self._begin_style,
            _STYLE + "table-properties": self._begin_table_style,
            _TABLE + "table": self._begin_table,
            _TABLE + "table-column": self._begin_column,
            _TABLE + "table-row": self._begin_row,
            _TABLE + "table-cell": self._begin_cell,
            _TABLE + "covered-table-cell": self._begin_cell,
            _OFFICE + "annotation": lambda _: self._note(1),
            _TEXT + "p": self._begin_paragraph,
            _TEXT + "s": lambda attributes: self.text(
                " " * min(whole_number(attributes, _TEXT + "c", 1), CELL_MAX)
            ),
            _TEXT + "tab": lambda _: self.text("\t"),
            _TEXT + "line-break": lambda _: self.text("\n"),
        }
        self.ends = {
            _TABLE + "table": self._end_table,
            _TABLE + "table-row": self._end_row,
            _TABLE + "table-cell": self._end_cell,
            _TABLE + "covered-table-cell": self._end_cell,
            _OFFICE + "annotation": lambda: self._note(-1),
        }

    def _begin_style(self, attributes: Mapping[str, str]) -> None:
        self._style = attributes.get(_STYLE + "name", "")

    def _begin_table_style(self, attributes: Mapping[str, str]) -> None:
        if attributes.get(_TABLE + "display") == "false":
            self.hidden_styles.add(self._style)

    def _begin_table(self, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth == 1:
            table = self.add_table(attributes.get(_TABLE + "name", ""))
            self.styled.append((table, attributes.get(_TABLE + "style-name", "")))
            self._next_column = 0

    def _end_table(self) -> None:
        self._depth -= 1
        self.table = self.table if self._depth else None

    def _begin_column(self, attributes: Mapping[str, str]) -> None:
        stop = self._next_column + whole_number(attributes, _TABLE + "number-columns-repeated", 1)
        if _is_hidden(attributes) and self.table is not None and self._depth == 1:
            self.table.hidden_columns.update(range(self._next_column, min(stop, ROSTER_COLUMNS_MAX)))
        self._next_column = stop

    def _begin_row(self, attributes: Mapping[str, str]) -> None:
        if self._depth == 1:
            self._row_times = whole_number(attributes, _TABLE + "number-rows-repeated", 1)
            if _is_hidden(attributes) and self.table is not None:
                self.table.hidden_rows.update(range(self.line, min(self.line + self._row_times, ROWS_MAX)))

    def _end_row(self) -> None:
        if self._depth == 1:
            self.put_row(self._row_times)

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        if self._depth == 1:
            self._attributes = attributes
            self._times = whole_number(attributes, _TABLE + "number-columns-repeated", 1)
            across = whole_number(attributes, _TABLE + "number-columns-spanned", 1) - 1
            self.merge(whole_number(attributes, _TABLE + "number-rows-spanned", 1) - 1, across)
            self.heard()

    def _end_cell(self) -> None:
        if self._depth == 1:
            self.put_cell(_opendocument_value(self._attributes, self.heard()), self._times)

    def _note(self, step: int) -> None:
        self._aside += step

    def _begin_paragraph(self, _: Mapping[str, str]) -> None:
        if self._depth == 1 and not self._aside:
            is_next = self._parts is not None
            self.listen()
            self.text("\n" if is_next else "")

    def text(self, data: str) -> None:
        if not self._aside and self._depth == 1:
            super().text(data)


def _opendocument_value(attributes: Mapping[str, str], text: str) -> Cell:
    kind = attributes.get(_OFFICE + "value-type", "string")
    if kind in _NUMBERS:
        return typed_cell(attributes.get(_OFFICE + "value", text), "Number")
    if kind == "date":
        return typed_cell(attributes.get(_OFFICE + "date-value", text), "DateTime")
    if kind == "boolean":
        return attributes.get(_OFFICE + "boolean-value") == "true"
    return attributes.get(_OFFICE + "string-value", text)[:CELL_MAX]


def _is_hidden(attributes: Mapping[str, str]) -> bool:
    return attributes.get(_TABLE + "visibility") in ("collapse", "filter")
