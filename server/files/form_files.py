"""The files that a form comes in: a workbook, or its tables as JSON; and a workbook of its tables."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from schemas.forms.limits import FILE_BYTES_MAX
from schemas.forms.tables import Tables, tables_from_json
from server.base.problems import Problem
from server.files import problems as wrong
from server.files.new_workbook import new_workbook
from server.files.read_form_workbook import read_form_workbook


def read_form_file(name: str, data: bytes) -> Tables:
    """The tables of a workbook, or of its JSON where the file's `name` says so. Raises Problem 4xx for the file itself."""
    if not name.lower().endswith(".json"):
        return read_form_workbook(data)
    if len(data) > FILE_BYTES_MAX:
        raise wrong.form_too_large()
    try:
        return tables_from_json(json.loads(data))
    except (ValueError, RecursionError) as error:
        raise Problem("malformed_json", f"{name} 不是有效的 JSON: {error}") from error


def form_workbook(tables: Mapping[str, Sequence[Mapping[str, Any]]]) -> bytes:
    """The tables as a workbook, which `read_form_file` reads back."""
    buffer = io.BytesIO()
    with new_workbook(buffer) as book:
        for name, rows in tables.items():
            page = book.add_worksheet(name)
            headers = list(dict.fromkeys(header for row in rows for header in row))
            for column, header in enumerate(headers):
                page.write_string(0, column, header)
            for number, row in enumerate(rows, start=1):
                for column, header in enumerate(headers):
                    if row.get(header) not in (None, ""):
                        page.write_string(number, column, str(row[header]))
    return buffer.getvalue()
