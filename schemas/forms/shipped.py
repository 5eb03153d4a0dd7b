"""The forms that come with the server: tables in seed_data/forms, compiled when they are first asked for.

Their version 1 is the wire contract of the kinds that were code before. It is never changed.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import seed_data
from schemas.forms.compile import compile_form
from schemas.forms.definition import Form
from schemas.forms.surroundings import ONCE_CODE
from schemas.forms.tables import Tables, tables_from_json

FOLDER = Path(seed_data.__file__).parent / "forms"


def shipped_tables_json(code: str) -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = json.loads((FOLDER / f"{code}.json").read_text("utf-8"))
    return tables


def shipped_tables(code: str) -> Tables:
    return tables_from_json(shipped_tables_json(code))


@cache
def shipped_forms() -> tuple[Form, ...]:
    """Raises FormRefused for a file that is no form."""
    return tuple(compile_form(shipped_tables(code)).form for code in ONCE_CODE)
