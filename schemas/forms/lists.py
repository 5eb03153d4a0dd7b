"""The sheet `choices`: closed lists of names with what people read for them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from schemas.forms.definition import Choice
from schemas.forms.faults import Fault
from schemas.forms.limits import CHOICES_MAX
from schemas.forms.rows import Row, rows_of
from schemas.forms.tables import Table

NAME = "[A-Za-z][A-Za-z0-9_]{0,31}"


@dataclass
class Lists:
    """The lists in their order."""

    choices: dict[str, tuple[Choice, ...]] = field(default_factory=dict)


def compile_lists(table: Table | None, faults: list[Fault]) -> Lists:
    lists = Lists()
    counts: dict[str, int] = {}
    for row in rows_of(table, faults):
        of = row.needed("list_name", "选项列表的名称")
        if of and re.fullmatch(NAME, of) is None:
            row.fault("list_name", "bad_name", "列表名称应以字母开头, 只用字母、数字和 _, 最多 32 个字符。")
        counts[of] = counts.get(of, 0) + 1
        if counts[of] == CHOICES_MAX + 1:
            row.fault("name", "too_many_choices", f"一个列表最多 {CHOICES_MAX} 个选项。")
        choice = _choice(row, [known.name for known in lists.choices.get(of, ())])
        if counts[of] <= CHOICES_MAX:
            lists.choices[of] = (*lists.choices.get(of, ()), choice)
    return lists


def _choice(row: Row, before: list[str]) -> Choice:
    name = row.needed("name", "选项的名称")
    if isinstance(row.cell("name"), int | float):  # also TRUE, which would be `yes`
        row.fault("name", "numeric_choice", "选项的名称不能是数字或 TRUE、FALSE, 请写成字母开头的文字。")
    elif name and re.fullmatch(NAME, name) is None:
        row.fault("name", "bad_name", "选项名称应以字母开头, 只用字母、数字和 _, 最多 32 个字符。")
    elif name in before:
        row.fault("name", "duplicate_choice", f"选项“{name}”在这个列表里重复。")
    return Choice(name=name, label=row.label(needed=True), to=row.day("to"), words=row.other_words())
