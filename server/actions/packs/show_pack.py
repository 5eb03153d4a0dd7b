"""What a pack brings, in words, before it is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.forms.tables import Tables
from server.files.pack_files import Pack, sheet_rows

_TITLES = {
    "duties": "职责",
    "site_kinds": "地点类型",
    "place_kinds": "场所类型",
    "units": "科室",
    "rules": "数",
    "slots": "通用时段",
    "measures": "方案原文",
}


@dataclass(frozen=True, slots=True)
class Brought:
    """One thing that a pack brings. `planned`: it waits for a later version and is not loaded."""

    code: str
    name: str
    source: str
    mark: str
    planned: bool


def contents_of(pack: Pack) -> dict[str, list[Brought]]:
    """By title: forms, duties, kinds, units and numbers, in the order in which they are loaded."""
    found: dict[str, list[Brought]] = {"表单": [_form(tables) for _, tables in pack.forms]}
    for noun, title in _TITLES.items():
        rows = [*_of_sheets(pack, noun), *_of_file(pack, noun)]
        if rows:
            found[title] = rows
    return found


def _form(tables: Tables) -> Brought:
    (settings,), (own,) = (list(sheet_rows(tables, sheet)) for sheet in ("settings", "gongdi"))
    said = (own.get("source", ""), own.get("mark", ""))
    return Brought(settings.get("form_id", ""), settings.get("form_title", ""), *said, planned=False)


def _of_sheets(pack: Pack, noun: str) -> Iterator[Brought]:
    for _, tables in pack.forms:
        for row in sheet_rows(tables, noun):
            said = (row.get("code", ""), row.get("name", ""), row.get("source", ""), row.get("mark", ""))
            yield Brought(*said, planned=row.get("planned") == "yes")


def _of_file(pack: Pack, noun: str) -> Iterator[Brought]:
    for row in pack.rows.get(noun, ()):
        value = f" {row['value']:g} {row['unit']}" if noun == "rules" else ""
        name = f"{row.get('name') or row.get('text', '')}{value}"
        yield Brought(row["code"], name, row["source"], row["mark"], planned=bool(row.get("planned")))
