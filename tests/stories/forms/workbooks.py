"""池塘巡查 as a clerk writes it: a form, the duty that asks for it, and the kinds of places and sites that it needs."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import xlsxwriter

LABEL = "label::中文 (zh)"
PHOTO = {"type": "image", "name": "pictures", LABEL: "照片", "required": "yes"}
POND: dict[str, list[dict[str, Any]]] = {
    "survey": [
        {
            "type": "select_one place",
            "name": "place",
            LABEL: "场所",
            "required": "yes",
            "bind::gongdi:role": "place",
        },
        {"type": "select_one look", "name": "look", LABEL: "水面", "required": "yes"},
        {"type": "integer", "name": "minutes", LABEL: "时长", "constraint": ". >= 1 and . <= 600"},
        {"type": "text", "name": "why", LABEL: "情况", "required": "yes", "relevant": "${look} = 'other'"},
    ],
    "choices": [
        {"list_name": "place", "name": "pond", LABEL: "池塘"},
        {"list_name": "look", "name": "clear", LABEL: "清洁"},
        {"list_name": "look", "name": "rubbish", LABEL: "有漂浮物"},
        {"list_name": "look", "name": "other", LABEL: "其他"},
    ],
    "settings": [
        {
            "form_title": "池塘巡查",
            "form_id": "pond_round",
            "version": "1",
            "default_language": "中文 (zh)",
            "namespaces": 'gongdi="https://gongdi.example/xlsform"',
        }
    ],
    "gongdi": [
        {
            **{"from": "2026-11-01", "mark": "P", "source": "测试", "nature": "fact", "sealed": "no"},
            **{"site_kinds": "park", "icon": "water"},
        }
    ],
    "duties": [
        {
            **{
                "code": "POND",
                "name": "池塘巡查",
                "judging": "log",
                "places": "pond",
                "severity": "ordinary",
            },
            "slots": "morning@06:00-12:00 evening@12:30-20:00",
        }
    ],
    "place_kinds": [{"code": "pond", "name": "池塘"}],
    "site_kinds": [{"code": "park", "name": "公园", "unit": "zhian", "rests": "never"}],
}


def pond(version: int = 1, **changes: Any) -> dict[str, list[dict[str, Any]]]:
    """The workbook, with cells of a sheet's row changed: `settings_2={"version": "2"}`; a row beyond the last is new."""
    sheets = copy.deepcopy(POND)
    sheets["settings"][0]["version"] = str(version)
    for where, cells in changes.items():
        sheet, _, row = where.rpartition("_")
        rows = sheets.setdefault(sheet, [])
        while len(rows) < int(row) - 1:
            rows.append({})
        rows[int(row) - 2].update(cells)
    return sheets


def only_form(version: int = 1, **changes: Any) -> dict[str, list[dict[str, Any]]]:
    """The form alone, for construction sites."""
    sheets = pond(version, **changes)
    for name in ("duties", "place_kinds", "site_kinds"):
        sheets.pop(name, None)
    sheets["gongdi"][0]["site_kinds"] = "construction"
    return sheets


def workbook(path: Path, sheets: dict[str, list[dict[str, Any]]]) -> Path:
    """The sheets as an .xlsx file."""
    with xlsxwriter.Workbook(str(path)) as book:
        for name, rows in sheets.items():
            page = book.add_worksheet(name)
            headers = list(dict.fromkeys(header for row in rows for header in row))
            for column, header in enumerate(headers):
                page.write_string(0, column, header)
                for number, row in enumerate(rows, start=1):
                    page.write_string(number, column, str(row.get(header, "")))
    return path


def as_json(path: Path, sheets: dict[str, list[dict[str, Any]]]) -> Path:
    path.write_text(json.dumps(sheets, ensure_ascii=False), "utf-8")
    return path
