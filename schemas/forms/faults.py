"""What is wrong with a form: where, by which stable code, and in words for the clerk who wrote it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from schemas.forms.limits import FAULTS_MAX


class Fault(NamedTuple):
    """`row` as a spreadsheet counts, `column` its letters, `header` the column's title; None where there is nothing to
    point at."""

    sheet: str
    row: int | None
    column: str | None
    header: str | None
    code: str
    message: str

    def __str__(self) -> str:
        where = self.sheet
        where += f" 第 {self.row} 行" if self.row is not None else ""
        where += f" {self.column} 列" if self.column is not None else ""
        where += f" ({self.header})" if self.header is not None else ""
        return f"{where}: {self.message}"

    def as_json(self) -> dict[str, str | int | None]:
        return {name: getattr(self, name) for name in ("sheet", "row", "column", "code", "message")}


class FormRefused(Exception):
    """A form with its faults: the first ones, in the order of the sheets; `count` has all."""

    def __init__(self, faults: Iterable[Fault], sheets: Iterable[str] = ()) -> None:
        order = {sheet: i for i, sheet in enumerate(sheets)}
        found = sorted(
            dict.fromkeys(map(_readable, faults)),
            key=lambda fault: (order.get(fault.sheet, len(order)), fault.row or 0, _place(fault.column)),
        )
        super().__init__("\n".join(map(str, found[:FAULTS_MAX])))
        self.faults = tuple(found[:FAULTS_MAX])
        self.count = len(found)


def column_letters(index: int) -> str:
    """The letters of a column that is counted from 0: A, B, … Z, AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _readable(fault: Fault) -> Fault:
    """A fault that UTF-8 can hold, whatever it quotes."""
    quoted: dict[str, Any] = {
        name: value.encode("utf-8", "replace").decode()
        for name, value in fault._asdict().items()
        if isinstance(value, str)
    }
    return fault._replace(**quoted)


def _place(column: str | None) -> tuple[int, str]:
    return (len(column), column) if column is not None else (0, "")
