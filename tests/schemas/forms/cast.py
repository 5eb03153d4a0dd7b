"""The forms that tests share: 池塘巡查, which they change in one place, and others as a clerk writes them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from schemas.forms.compile import Compiled, compile_form
from schemas.forms.definition import Form
from schemas.forms.faults import Fault, FormRefused
from schemas.forms.surroundings import NOTHING_KNOWN, Surroundings
from schemas.forms.tables import tables_from_json

EXAMPLES = Path(__file__).parent / "examples"
CLERKS = ("dormitory_count", "pump_house_round", "ventilation_log", "visitor_pass")
LABEL, HINT = "label::中文 (zh)", "hint::中文 (zh)"
ROLE, MAX, DECIMALS, MASK = (f"bind::gongdi:{name}" for name in ("role", "max", "decimals", "mask"))

Sheets = dict[str, list[dict[str, Any]]]


def example(name: str) -> Sheets:
    sheets: Sheets = json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))
    return sheets


def pond(**changes: Any) -> Sheets:
    """池塘巡查, with cells changed: `survey_3={"relevant": …}` is row 3 of the survey; a row beyond the last is new."""
    sheets = copy.deepcopy(example("pond_round"))
    for where, cells in changes.items():
        sheet, _, row = where.rpartition("_")
        rows = sheets[sheet]
        while len(rows) < int(row) - 1:
            rows.append({})
        rows[int(row) - 2].update(cells)
    return sheets


def compiled(sheets: Sheets, around: Surroundings = NOTHING_KNOWN) -> Compiled:
    return compile_form(tables_from_json(sheets), around)


def form(name: str) -> Form:
    return compiled(example(name)).form


def faults(sheets: Any, around: Surroundings = NOTHING_KNOWN) -> list[Fault]:
    """What is wrong with the tables; none if nothing is."""
    try:
        compile_form(tables_from_json(sheets), around)
    except FormRefused as refused:
        return list(refused.faults)
    return []


def codes(sheets: Any, around: Surroundings = NOTHING_KNOWN) -> set[tuple[str, int | None, str | None, str]]:
    """The faults as (sheet, row, column's title, code)."""
    return {(fault.sheet, fault.row, fault.header, fault.code) for fault in faults(sheets, around)}
