"""The tables of a form, wherever they come from: sheets of cells, with what the file itself had wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from schemas.forms.faults import Fault, column_letters
from schemas.forms.limits import CHOICE_ROWS_MAX, COLUMNS_MAX, ROWS_MAX, SHEET_ROWS_MAX

Cell = str | int | float | bool | date | datetime | time | None

ROWS_OF = {"survey": ROWS_MAX, "choices": CHOICE_ROWS_MAX}


@dataclass(frozen=True)
class Table:
    """One sheet. `rows[0]` is row 2 of the spreadsheet; an empty cell is None or an empty text."""

    name: str
    headers: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Tables:
    """All sheets by name, in their order, and the faults that whoever read them found."""

    sheets: Mapping[str, Table]
    faults: tuple[Fault, ...] = ()


def cell_text(cell: Cell) -> str:
    """A cell as the text that it stands for: TRUE is yes, a whole number an integer, a date YYYY-MM-DD."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(timespec="minutes")
    if isinstance(cell, time):
        return cell.isoformat(timespec="minutes")
    return "" if cell is None else str(cell).strip()


def tables_from_json(value: Any) -> Tables:
    """The tables as JSON: an object of sheets, each an array of rows (an empty one is null or {}), each an object by the
    columns' titles; `settings` and `gongdi` may be the one row itself."""
    if not isinstance(value, Mapping):
        return Tables(
            {}, (Fault("survey", None, None, None, "not_a_form", "应为一个 JSON 对象, 每张表一项。"),)
        )
    faults: list[Fault] = []
    sheets = {}
    for name, rows in value.items():
        rows = [rows] if isinstance(rows, Mapping) else rows
        if not isinstance(rows, list) or not all(row is None or isinstance(row, Mapping) for row in rows):
            faults.append(
                Fault(str(name), None, None, None, "not_a_form", "每张表应为一列行, 每行一个 JSON 对象。")
            )
        else:
            sheets[str(name)] = _table(str(name), [row or {} for row in rows], faults)
    return Tables(sheets, tuple(faults))


def tables_json(tables: Tables) -> dict[str, list[dict[str, str]]]:
    """The tables as JSON, which `tables_from_json` reads back: each cell as the text that it stands for."""
    return {
        name: [
            {
                header: text
                for header, cell in zip(table.headers, row, strict=False)
                if (text := cell_text(cell))
            }
            for row in table.rows
        ]
        for name, table in tables.sheets.items()
        if table.rows
    }


def _table(name: str, rows: Sequence[Mapping[str, Any]], faults: list[Fault]) -> Table:
    headers = tuple(dict.fromkeys(str(header) for row in rows for header in row))[: COLUMNS_MAX + 1]
    cells = []
    for number, row in enumerate(rows[: ROWS_OF.get(name, SHEET_ROWS_MAX) + 1], 2):
        for header, cell in row.items():
            if cell is not None and not isinstance(cell, str | int | float):
                column = column_letters(headers.index(header)) if header in headers else None
                faults.append(
                    Fault(name, number, column, header, "not_a_cell", "这里应为文字、数字或 true、false。")
                )
        cells.append(tuple(row.get(header) for header in headers))
    return Table(name, headers, tuple(cells))
