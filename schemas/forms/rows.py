"""One row of a sheet while it is compiled: cells by their column, and faults that point at them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any

from schemas.expressions.check import Known, Tree, Type, compile_condition, compile_expression
from schemas.expressions.faults import ExpressionFault
from schemas.expressions.moments import is_date
from schemas.forms.columns import LANGUAGE, spoken
from schemas.forms.definition import Words
from schemas.forms.faults import Fault, column_letters
from schemas.forms.limits import LABEL_MAX, LANGUAGES_MAX, SENTENCE_MAX, SHEET_ROWS_MAX
from schemas.forms.tables import ROWS_OF, Cell, Table, cell_text

_MARKUP = re.compile(r"<[A-Za-z/!?]")
# Controls, line ends, marks that reverse the order of text, and what is no character.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)


class Row:
    """A row. `number` counts as the spreadsheet does. Whatever is wrong is put into `faults` and read as absent."""

    def __init__(self, table: Table, number: int, cells: tuple[Cell, ...], faults: list[Fault]) -> None:
        self._table, self.number, self._cells, self._faults = table, number, cells, faults

    def fault(self, header: str | None, code: str, message: str) -> None:
        self._faults.append(self.fault_at(header, code, message))

    def fault_at(self, header: str | None, code: str, message: str) -> Fault:
        headers = self._table.headers
        column = column_letters(headers.index(header)) if header is not None and header in headers else None
        return Fault(self._table.name, self.number, column, header, code, message)

    def is_broken(self, header: str) -> bool:
        """Whether the cell has a fault already, so that nothing need be said of its being empty."""
        return any(
            (fault.sheet, fault.row, fault.header) == (self._table.name, self.number, header)
            for fault in self._faults
        )

    def cell(self, header: str) -> Cell:
        try:
            return self._cells[self._table.headers.index(header)]
        except (ValueError, IndexError):
            return None

    def text(self, header: str) -> str | None:
        return cell_text(self.cell(header)) or None

    def needed(self, header: str, what: str) -> str:
        text = self.text(header)
        if text is None and not self.is_broken(header):
            self.fault(header, "missing", f"缺少{what}, 请填写。")
        return text or ""

    def given(self) -> Iterator[tuple[str, str]]:
        """The columns that have something in this row."""
        for header in self._table.headers:
            text = self.text(header)
            if header and text is not None:
                yield header, text

    def one_of(self, header: str, names: Collection[str], default: str | None = None) -> str | None:
        text = self.text(header)
        if text is None:
            return default
        if text not in names:
            self.fault(header, "bad_value", f"只能是这几个之一: {', '.join(names)}。")
            return default
        return text

    def yes(self, header: str, *, default: bool = False) -> bool:
        return self.one_of(header, ("yes", "no"), "yes" if default else "no") == "yes"

    def day(self, header: str) -> str | None:
        text = self.text(header)
        if text is not None and not is_date(text):
            self.fault(header, "bad_value", "日期应写成 2021-12-01 的样子, 并且有这一天。")
            return None
        return text

    def whole(self, header: str, low: int, high: int) -> int | None:
        text = self.text(header)
        if text is None:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 9 or not low <= int(text) <= high:
            self.fault(header, "bad_value", f"应为 {low} 到 {high} 之间的整数。")
            return None
        return int(text)

    def matching(self, header: str, pattern: str, message: str) -> str | None:
        text = self.text(header)
        if text is not None and re.fullmatch(pattern, text) is None:
            self.fault(header, "bad_value", message)
            return None
        return text

    def codes(self, header: str) -> tuple[str, ...]:
        """A list separated by spaces."""
        text = self.text(header) or ""
        codes = tuple(text.split())
        if len(set(codes)) < len(codes) or not all(
            re.fullmatch("[A-Za-z][A-Za-z0-9_-]{0,31}", code) for code in codes
        ):
            self.fault(header, "bad_value", "应为用空格隔开、不重复的代码。")
            return ()
        return codes

    def sentence(self, header: str, most: int = SENTENCE_MAX) -> str | None:
        """What people will read."""
        text = self.text(header)
        if text is None:
            return None
        if "${" in text:
            self.fault(header, "label_reference", "文字里不能引用其他项 (${…}), 请直接写明。")
        elif _MARKUP.search(text):
            self.fault(header, "markup", "文字里不能有 HTML 标记。")
        elif _HIDDEN.search(text):
            self.fault(header, "control_character", "文字里不能有换行、不可见或改变文字方向的字符。")
        elif len(text) > most:
            self.fault(header, "too_long", f"最多 {most} 个字, 请缩短。")
        else:
            return text
        return None

    def label(self, *, needed: bool) -> str:
        header = f"label::{LANGUAGE}"
        if needed:
            self.needed(header, "名称 (label)")
        return self.sentence(header, LABEL_MAX) or ""

    def words(self, what: str) -> str | None:
        return self.sentence(f"{what}::{LANGUAGE}")

    def other_words(self) -> Words:
        """What the other languages have, by language."""
        found: Words = {}
        for header, _ in self.given():
            named = spoken(header)
            if named is not None and named[1] != LANGUAGE:
                text = self.sentence(header)
                if text is not None:
                    found.setdefault(named[1], {})[named[0]] = text
        if len(found) > LANGUAGES_MAX:
            self.fault(None, "too_many_languages", f"最多 {LANGUAGES_MAX} 种其他语言。")
        return dict(sorted(found.items()))

    def condition(self, header: str, known: Known) -> Tree | None:
        tree: Tree | None = self._compiled(header, lambda text: compile_condition(text, known))
        return tree

    def calculation(self, header: str, known: Known) -> tuple[Type, Tree] | None:
        typed: tuple[Type, Tree] | None = self._compiled(header, lambda text: compile_expression(text, known))
        return typed

    def _compiled(self, header: str, compile_: Callable[[str], Any]) -> Any:
        text = self.text(header)
        if text is None:
            return None
        try:
            return compile_(text)
        except ExpressionFault as fault:
            self.fault(header, fault.code, fault.message)
            return None


def rows_of(table: Table | None, faults: list[Fault]) -> Iterator[Row]:
    """The rows that have something in them. Too many are a fault, and the rest is not read."""
    if table is None:
        return
    most = ROWS_OF.get(table.name, SHEET_ROWS_MAX)
    for number, cells in enumerate(table.rows, 2):
        if number > most + 1:
            faults.append(Fault(table.name, number, None, None, "too_many_rows", f"一张表最多 {most} 行。"))
            return
        if any(cell_text(cell) for cell in cells):
            yield Row(table, number, cells, faults)
