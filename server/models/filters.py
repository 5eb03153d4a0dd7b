"""By what a list can be narrowed. A filter is declared once: the query, the parameter of the API and the field of the
console's form derive from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from schemas.fields import is_real_date
from server.models.access import Viewer
from server.models.site import Site


@dataclass(frozen=True, slots=True)
class Filter:
    """`name`: of the parameter; `title`, `any`: what people read, the second where nothing is chosen (empty: something
    always is); `narrows`: the condition for a value. Values are either listed (`words`: value and what people read), or
    texts of `pattern` whose names are known elsewhere (`noun`: of the reference data, `companies`, or of one site); `holds`:
    what a value must be besides; `wrong`: what is said of another value. `is_date`: a form asks for a day."""

    name: str
    title: str
    any: str
    narrows: Callable[[str, Viewer], sa.ColumnElement[bool]]
    words: Mapping[str, str] = field(default_factory=dict)
    noun: str = ""
    pattern: str = ""
    wrong: str = ""
    for_bureau: bool = False
    holds: Callable[[str], bool] | None = None
    is_date: bool = False

    def may_be(self, value: str) -> bool:
        if self.words:
            return value in self.words
        return re.fullmatch(self.pattern, value) is not None and (self.holds is None or self.holds(value))

    def offered_to(self, viewer: Viewer) -> bool:
        """Whether a form shows it to this viewer: only the bureau sees who works on a flag."""
        return not self.for_bureau or viewer.role in ("section", "brigade")


_DAY = r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
_DAY_WRONG = "日期应写成 2026-11-23 的样子, 在 2000 年至 2099 年之间。"


def is_day(text: str) -> bool:
    """Whether a text is a date as forms send it, of this century."""
    return re.fullmatch(_DAY, text) is not None and is_real_date(text)


def date_filter(name: str, title: str, narrows: Callable[[str, Viewer], sa.ColumnElement[bool]]) -> Filter:
    """A filter whose value is a day."""
    return Filter(name, title, "", narrows, pattern=_DAY, wrong=_DAY_WRONG, holds=is_real_date, is_date=True)


DISTRICT = Filter(
    "district",
    "区县",
    "全部区县",
    lambda value, _: Site.district == value,
    noun="districts",
    pattern=r"^[0-9]{6}([0-9]{3})?$",
    wrong="区县代码为 6 位或 9 位数字。",
)


def narrowed(
    filters: tuple[Filter, ...], chosen: Mapping[str, str | None], viewer: Viewer
) -> list[sa.ColumnElement[bool]]:
    """What a query is narrowed to by these values (None or empty: any)."""
    return [one.narrows(value, viewer) for one in filters if (value := chosen.get(one.name))]
