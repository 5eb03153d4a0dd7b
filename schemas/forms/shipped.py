"""The forms that come with the server: tables in seed_data/forms, compiled when they are first asked for.

Version 1 of those that were kinds in code before (ONCE_CODE) is their wire contract. No version is ever changed. Where an
office has published a form of the same code and version by itself, that one holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import seed_data
from schemas.forms.compile import compile_form
from schemas.forms.definition import Form
from schemas.forms.surroundings import ONCE_CODE
from schemas.forms.tables import Tables, tables_from_json

FOLDER = Path(seed_data.__file__).parent / "forms"
EXAMPLES = FOLDER / "examples"


def shipped_tables_json(code: str) -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = json.loads((FOLDER / f"{code}.json").read_text("utf-8"))
    return tables


def shipped_tables(code: str) -> Tables:
    return tables_from_json(shipped_tables_json(code))


def example_tables_json() -> dict[str, list[dict[str, Any]]]:
    """A whole workbook to start from, with a duty and the kinds of places and sites that it needs. It is not published."""
    tables: dict[str, list[dict[str, Any]]] = json.loads((EXAMPLES / "pond_round.json").read_text("utf-8"))
    return tables


def shipped_codes() -> tuple[str, ...]:
    """Those of kinds that were code before, then the others."""
    others = {path.stem for path in FOLDER.glob("*.json")}.difference(ONCE_CODE)
    return (*ONCE_CODE, *sorted(others))


@cache
def shipped_forms() -> tuple[Form, ...]:
    """Raises FormRefused for a file that is no form."""
    return tuple(compile_form(shipped_tables(code)).form for code in shipped_codes())


def shipped_apart_from(published: Iterable[Form]) -> tuple[Form, ...]:
    """The forms that come with the server, without those of which an office has published the same version."""
    own = {(form.code, form.version) for form in published}
    return tuple(form for form in shipped_forms() if (form.code, form.version) not in own)
