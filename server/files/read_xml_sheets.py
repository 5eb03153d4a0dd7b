"""Read spreadsheets that are XML, piece by piece: what .ods and the XML of 2003 share.

Read here and not by the reader of the other formats, which has no .xls of XML and says of an .ods neither what is
hidden nor what is merged. A parser that takes no document type, and so no entities; every repetition is bounded before
it is carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from xml.parsers import expat

from schemas.limits import ROSTER_COLUMNS_MAX, ROSTER_PEOPLE_MAX, ROSTER_SHEETS_MAX
from server.files import problems as wrong
from server.files.check_archive import CELLS_MAX, ROWS_WRITTEN_MAX, TEXT_MAX
from server.rules.rosters.cells import Cell

ROWS_MAX = ROSTER_PEOPLE_MAX * 6 // 5  # with room for titles and totals
ELEMENTS_MAX = 1_500_000  # a cell is two of them
CELL_MAX = 32 * 1024  # characters of one text, as spreadsheets have it
_WIDEST = 100_000  # columns, empty ones too: more than any spreadsheet has
_STEP = 1 << 20


@dataclass(slots=True)
class Table:
    """One sheet: rows of cells from A1 on, merged areas (first row and column, last row and column), what is hidden."""

    name: str
    rows: list[list[Cell]] = field(default_factory=list)
    merged: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    visible: bool = True


@dataclass(slots=True)
class XmlBook:
    """The sheets of a file, and whether dates written as plain numbers count from 1904."""

    tables: list[Table] = field(default_factory=list)
    epoch_1904: bool = False


def parse_xml(pieces: Iterable[bytes], reader: SheetReader, encoding: str | None = None) -> None:
    """Have a reader read a whole document. `encoding`: whatever the document says of it. Raises Problem 413 or 422."""
    parser = expat.ParserCreate(encoding, " ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse
    try:
        for piece in pieces:
            for at in range(0, len(piece), _STEP):
                parser.Parse(piece[at : at + _STEP], False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise wrong.damaged() from error


def _refuse(*_: object) -> None:
    raise wrong.forbidden_xml()


class SheetReader:
    """What both formats share: a row is built cell by cell, empty cells and rows only once something follows them."""

    def __init__(self) -> None:
        self.book = XmlBook()
        self.table: Table | None = None
        self.row: list[Cell] = []
        self.column = 0  # of the next cell
        self.line = 0  # of the row that is read
        self.value: Cell = ""
        self._parts: list[str] | None = None  # of the text that is read
        self._elements = 0
        self.begins: dict[str, Callable[[Mapping[str, str]], None]] = {}  # by element: what its begin does
        self.ends: dict[str, Callable[[], None]] = {}
        self._rows = 0  # written, empty ones too
        self._left, self._text_left = CELLS_MAX, TEXT_MAX

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        if self._elements > ELEMENTS_MAX:
            raise wrong.too_long()
        act = self.begins.get(name)
        if act is not None:
            act(attributes)

    def end(self, name: str) -> None:
        act = self.ends.get(name)
        if act is not None:
            act()

    def text(self, data: str) -> None:
        if self._parts is not None:
            self._parts.append(data)

    def listen(self) -> None:
        self._parts = self._parts if self._parts is not None else []

    def heard(self) -> str:
        text, self._parts = "".join(self._parts or ()), None
        if len(text) > CELL_MAX:
            raise wrong.inflates()
        return text

    def add_table(self, name: str) -> Table:
        if len(self.book.tables) >= ROSTER_SHEETS_MAX:
            raise wrong.too_many_sheets(ROSTER_SHEETS_MAX)
        self.table = Table(name)
        self.book.tables.append(self.table)
        self.line = 0
        return self.table

    def put_cell(self, cell: Cell, times: int = 1) -> None:
        """A cell at the present place, so many times; empty ones take no room."""
        if cell != "":
            if self.column + times > ROSTER_COLUMNS_MAX:
                raise wrong.too_wide(ROSTER_COLUMNS_MAX)
            self.row += [""] * (self.column - len(self.row)) + [cell] * times
        self.column += times
        if self.column > _WIDEST:
            raise wrong.too_wide(ROSTER_COLUMNS_MAX)

    def put_row(self, times: int = 1) -> None:
        """The row at the present place, so many times."""
        self._rows += 1
        if self._rows > ROWS_WRITTEN_MAX:
            raise wrong.too_long()
        if self.row and self.table is not None:
            rows = self.table.rows
            if self.line + times > ROWS_MAX:
                raise wrong.too_long()
            self._left -= self.line - len(rows) + times * len(self.row)
            self._text_left -= times * sum(len(cell) for cell in self.row if isinstance(cell, str))
            if self._left < 0:
                raise wrong.too_long()
            if self._text_left < 0:
                raise wrong.inflates()
            rows += ([] for _ in range(self.line - len(rows)))
            rows += (list(self.row) for _ in range(times))
        self.line += times
        self.row, self.column = [], 0

    def merge(self, down: int, across: int) -> None:
        """Merge the present cell with so many below and to the right of it."""
        if self.table is not None and (down or across) and self.line <= ROWS_MAX:
            self.table.merged.append(((self.line, self.column), (self.line + down, self.column + across)))


def typed_cell(text: str, kind: str) -> Cell:
    """A cell by the type that its file states: Number, DateTime, Boolean, or a text."""
    try:
        if kind == "Number":
            return float(text)
        if kind == "DateTime":
            return datetime.fromisoformat(text)
    except ValueError:
        return text
    return text == "1" if kind == "Boolean" else text


def whole_number(attributes: Mapping[str, str], name: str, default: int) -> int:
    """A whole number of a reasonable size. Raises Problem 422 for anything else."""
    value = attributes.get(name)
    if value is None:
        return default
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise wrong.damaged()
    return int(value)
