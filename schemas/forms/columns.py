"""The columns that a workbook may have. Any other is refused: nothing that somebody wrote is ignored."""

from __future__ import annotations

import re
from collections.abc import Iterable

from schemas.forms.faults import Fault, column_letters
from schemas.forms.limits import COLUMNS_MAX
from schemas.forms.tables import Table

LANGUAGE = "中文 (zh)"
NAMESPACES = 'gongdi="https://gongdi.example/xlsform"'
_SPOKEN = re.compile(r"(label|hint|required_message|constraint_message)::(.{1,30} \([a-z]{2,3}\))")

_SPOKEN_IN = {
    "survey": ("label", "hint", "required_message", "constraint_message"),
    "choices": ("label",),
}
OWN = tuple(
    f"bind::gongdi:{name}" for name in ("role", "unit", "decimals", "max", "pattern", "keep", "mask", "to")
)
_COLUMNS: dict[str, tuple[str, ...]] = {
    "survey": (
        *("type", "name", "required", "relevant", "constraint", "calculation", "choice_filter", "default"),
        *("parameters", *OWN),
    ),
    "choices": ("list_name", "name", "to"),
    "settings": ("form_title", "form_id", "version", "default_language", "namespaces"),
    "gongdi": ("from", "to", "mark", "source", "nature", "sealed", "health", "site_kinds", "writers", "icon"),
    "duties": (
        *("code", "name", "evidence", "judging", "per", "when", "need", "slots", "every", "rolling", "holds"),
        *("valid_days", "also", "writer", "reckons", "items", "presets", "site_kinds", "stages", "severity"),
        *("places", "staff", "source", "mark"),
        *("trigger", "trigger_when", "relation", "within", "from", "to", "planned"),
    ),
    "place_kinds": ("code", "name", "living", "source", "mark", "from", "to"),
    "site_kinds": (
        *("code", "name", "unit", "rests", "worker_optional", "worker_required", "word"),
        *("source", "mark", "from", "to"),
    ),
}
SHEETS = tuple(_COLUMNS)
NEEDED_SHEETS = ("survey", "settings", "gongdi")
_NEEDED: dict[str, tuple[str, ...]] = {
    "survey": ("type", "name", f"label::{LANGUAGE}"),
    "choices": ("list_name", "name", f"label::{LANGUAGE}"),
    "settings": ("form_title", "form_id", "version", "default_language"),
    "gongdi": ("from", "mark", "source", "nature", "site_kinds"),
    **dict.fromkeys(("duties", "place_kinds", "site_kinds"), ("code", "name")),
}


def spoken(header: str) -> tuple[str, str] | None:
    """A column of words: which ones, and in which language; None for any other."""
    found = _SPOKEN.fullmatch(header)
    return (found[1], found[2]) if found is not None else None


def header_faults(table: Table) -> Iterable[Fault]:
    """What is wrong with a sheet's first row."""
    name = table.name
    if not table.headers and not table.rows and name not in NEEDED_SHEETS:
        return
    if len(table.headers) > COLUMNS_MAX:
        yield Fault(name, 1, None, None, "too_many_columns", f"一张表最多 {COLUMNS_MAX} 列。")
    for i, header in enumerate(table.headers):
        used = any(i < len(row) and row[i] not in (None, "") for row in table.rows)
        where = (name, 1, column_letters(i), header or None)
        if header == "":
            if used:
                yield Fault(*where, "unknown_column", "这一列有内容, 第 1 行却没有列名。")
        elif header in table.headers[:i]:
            yield Fault(*where, "duplicate_column", "列名重复。")
        elif header not in _COLUMNS[name] and not _is_spoken(name, header):
            hint = (
                f"多语言的列写作 {header}::{LANGUAGE}。"
                if header in _SPOKEN_IN.get(name, ())
                else "请去掉这一列或改正列名。"
            )
            yield Fault(*where, "unknown_column", f"没有“{header[:40]}”这一列。{hint}")
    for header in _NEEDED[name]:
        if header not in table.headers:
            yield Fault(name, 1, None, header, "missing_column", f"缺少“{header}”这一列。")


def _is_spoken(sheet: str, header: str) -> bool:
    found = spoken(header)
    return found is not None and found[0] in _SPOKEN_IN.get(sheet, ())
