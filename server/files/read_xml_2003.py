"""Read "XML Spreadsheet 2003", which Excel, and programs that export for it, save as .xml or as .xls."""

from __future__ import annotations

import re
from collections.abc import Mapping

from schemas.limits import ROSTER_COLUMNS_MAX
from server.files import problems as wrong
from server.files.read_xml_sheets import ROWS_MAX, SheetReader, XmlBook, parse_xml, typed_cell, whole_number

_SS = "urn:schemas-microsoft-com:office:spreadsheet "
_X = "urn:schemas-microsoft-com:office:excel "
_CHINESE = re.compile(rb"""^\s*<\?xml[^>]*encoding\s*=\s*["']gb[\w-]*["']""", re.IGNORECASE)


def read_xml_2003(data: bytes) -> XmlBook:
    """Raises Problem 413 or 422."""
    reader = _Spreadsheet2003()
    if _CHINESE.match(data):  # the parser knows no Chinese encoding
        try:
            data = data.decode("gb18030").encode()
        except UnicodeDecodeError as error:
            raise wrong.unknown_encoding(422, data.count(b"\n", 0, error.start) + 1) from error
        parse_xml([data], reader, "utf-8")
    else:
        parse_xml([data], reader)
    return reader.book


class _Spreadsheet2003(SheetReader):
    def __init__(self) -> None:
        super().__init__()
        self._type = ""
        self._across = self._span = 0
        self._next_column = 0
        self._in_comment = False
        self.begins = {
            _SS + "Worksheet": self._begin_sheet,
            _SS + "Column": self._begin_column,
            _SS + "Row": self._begin_row,
            _SS + "Cell": self._begin_cell,
            _SS + "Comment": lambda _: self._comment(True),
            _SS + "Data": self._begin_data,
            _X + "Visible": lambda _: self.listen(),
        }
        self.ends = {
            _SS + "Row": self._end_row,
            _SS + "Cell": self._end_cell,
            _SS + "Comment": lambda: self._comment(False),
            _SS + "Data": self._end_data,
            _X + "Visible": self._end_visible,
            _X + "Date1904": self._end_epoch,
        }

    def _begin_sheet(self, attributes: Mapping[str, str]) -> None:
        self.add_table(attributes.get(_SS + "Name", ""))
        self._next_column = 0

    def _begin_column(self, attributes: Mapping[str, str]) -> None:
        first = whole_number(attributes, _SS + "Index", self._next_column + 1) - 1
        last = first + whole_number(attributes, _SS + "Span", 0)
        if attributes.get(_SS + "Hidden") == "1" and self.table is not None:
            self.table.hidden_columns.update(range(first, min(last + 1, ROSTER_COLUMNS_MAX)))
        self._next_column = last + 1

    def _begin_row(self, attributes: Mapping[str, str]) -> None:
        self.line = max(self.line, whole_number(attributes, _SS + "Index", self.line + 1) - 1)
        if attributes.get(_SS + "Hidden") == "1" and self.line < ROWS_MAX and self.table is not None:
            self.table.hidden_rows.add(self.line)
        self._span = whole_number(attributes, _SS + "Span", 0) if attributes else 0

    def _end_row(self) -> None:
        self.put_row()
        self.line += self._span

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        self.value = ""
        self._across = 0
        if attributes:
            self.column = max(self.column, whole_number(attributes, _SS + "Index", self.column + 1) - 1)
            self._across = whole_number(attributes, _SS + "MergeAcross", 0)
            self.merge(whole_number(attributes, _SS + "MergeDown", 0), self._across)

    def _end_cell(self) -> None:
        self.put_cell(self.value)
        self.column += self._across

    def _comment(self, is_open: bool) -> None:
        self._in_comment = is_open

    def _begin_data(self, attributes: Mapping[str, str]) -> None:
        if not self._in_comment:
            self._type = attributes.get(_SS + "Type", "String")
            self.listen()

    def _end_data(self) -> None:
        if not self._in_comment:
            self.value = typed_cell(self.heard(), self._type)

    def _end_visible(self) -> None:
        visibility = self.heard().strip()
        if self.table is not None:
            self.table.visible = visibility not in ("SheetHidden", "SheetVeryHidden")

    def _end_epoch(self) -> None:
        self.book.epoch_1904 = True
