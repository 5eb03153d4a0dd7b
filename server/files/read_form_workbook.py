"""Open the workbook of a form: .xlsx only, inspected as every archive is, and small.

What the reader of cells would pass over in silence becomes a fault at its cell: a formula, of which a cell may hold no
value; a cell in error; merged cells.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from xml.parsers import expat

from schemas.forms.faults import Fault, column_letters
from schemas.forms.limits import COLUMNS_MAX, FILE_BYTES_MAX, INFLATED_BYTES_MAX, SHEET_ROWS_MAX
from schemas.forms.tables import ROWS_OF, Cell, Table, Tables, cell_text
from server.files import problems as wrong
from server.files.check_archive import BROKEN, Archive, check_archive, check_end
from server.files.read_workbook import Sheet, read_sheets

_ZIP = b"PK\x03\x04"


def read_form_workbook(data: bytes) -> Tables:
    """The sheets as tables, with the faults of their cells. Raises Problem 413, 415 or 422 for the file itself."""
    if not data:
        raise wrong.empty()
    if len(data) > FILE_BYTES_MAX:
        raise wrong.form_too_large()
    if not data.startswith(_ZIP):
        raise wrong.form_type_unknown()
    _check_size(data)
    archive = check_archive(data)
    sheets = read_sheets(data, archive)
    marks = _marked_cells(data, archive)
    faults: list[Fault] = []
    tables = {}
    for sheet, marked in zip(sheets, marks, strict=True):
        table = _table(sheet)
        tables[sheet.name] = table
        faults += _faults(table, sheet, marked)
    return Tables(tables, tuple(faults))


def _check_size(data: bytes) -> None:
    """What the archive says of its size; `check_archive` sees whether that is true."""
    check_end(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(part.file_size for part in archive.infolist()) > INFLATED_BYTES_MAX:
                raise wrong.inflates()
    except BROKEN as error:
        raise wrong.damaged() from error


def _table(sheet: Sheet) -> Table:
    """A sheet as a table: as many rows and columns as may be read, and one more, so that too many are seen."""
    most = ROWS_OF.get(sheet.name, SHEET_ROWS_MAX) + 2
    rows: list[tuple[Cell, ...]] = [tuple(map(_cell, row[: COLUMNS_MAX + 1])) for row in sheet.rows[:most]]
    while rows and not any(map(cell_text, rows[-1])):
        rows.pop()
    headers = [cell_text(cell) for cell in rows[0]] if rows else []
    while headers and headers[-1] == "" and not any(cell_text(row[len(headers) - 1]) for row in rows):
        headers.pop()
    return Table(sheet.name, tuple(headers), tuple(row[: len(headers)] for row in rows[1:]))


def _cell(cell: object) -> Cell:
    """A duration, which a form has no use for, is shown as it would be written."""
    return cell if isinstance(cell, Cell) else str(cell)


def _faults(table: Table, sheet: Sheet, marked: Mapping[tuple[int, int], str]) -> Iterator[Fault]:
    for (row, column), code in sorted(marked.items()):
        header = table.headers[column] if column < len(table.headers) else None
        message = (
            "这里是公式, 请改为直接填写的文字或数字。"
            if code == "formula"
            else "这一格的值是错误 (如 #N/A), 请改正。"
        )
        yield Fault(table.name, row + 1, column_letters(column), header, code, message)
    for top, left, bottom, _ in sheet.merged:
        if left < len(table.headers) and top <= len(table.rows):
            row = top + 1
            message = f"有合并的单元格 (到第 {bottom + 1} 行), 请取消合并, 每格各自填写。"
            yield Fault(table.name, row, column_letters(left), table.headers[left], "merged_cells", message)


def _marked_cells(data: bytes, archive: Archive) -> Iterable[dict[tuple[int, int], str]]:
    """Of each sheet, in the workbook's order, the cells that are formulas or in error."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        names = {part.filename.lower(): part.filename for part in parts.infolist()}
        for name in archive.parts:
            marks = _Marks()
            if name in names:
                marks.read(parts.read(names[name]))
            yield marks.found


class _Marks:
    """Reads a sheet's XML for what the reader of cells does not say."""

    def __init__(self) -> None:
        self.found: dict[tuple[int, int], str] = {}
        self._row, self._column = -1, -1

    def read(self, xml: bytes) -> None:
        parser = expat.ParserCreate(None, " ")
        parser.StartElementHandler = self._start
        try:
            parser.Parse(xml, True)
        except expat.ExpatError as error:
            raise wrong.damaged() from error

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        if tag == "row":
            self._row = int(attributes["r"]) - 1 if attributes.get("r", "").isdigit() else self._row + 1
            self._column = -1
        elif tag == "c":
            place = attributes.get("r")
            self._column = _column(place) if place is not None else self._column + 1
            if attributes.get("t") == "e":
                self.found[self._row, self._column] = "error_cell"
        elif tag == "f":
            self.found[self._row, self._column] = "formula"


def _column(place: str) -> int:
    """The column of `AB12`, from 0."""
    number = 0
    for letter in place.rstrip("0123456789").upper():
        number = number * 26 + ord(letter) - 64
    return number - 1
