"""pyxform is the oracle for good forms: what is accepted here, ODK Collect could fill. It is no gate for bad ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from pyxform.xls2xform import convert

import seed_data
from schemas.forms.shipped import FOLDER, shipped_codes
from tests.schemas.forms.cast import CLERKS, Sheets, example
from tests.schemas.forms.made_forms import sheets

PACKS = Path(seed_data.__file__).parent / "packs"
XFORMS = "{http://www.w3.org/2002/xforms}"


def converted(tables: Sheets) -> ElementTree.Element:
    """The XForm that pyxform makes, which must be well-formed, without a warning."""
    known = {
        name: [{header: _written(cell) for header, cell in row.items()} for row in tables[name]]
        for name in ("survey", "choices", "settings")
        if name in tables
    }
    result = convert(xlsform=known, validate=False)
    assert result.warnings == []
    return ElementTree.fromstring(result.xform)


def _written(cell: Any) -> str:
    return str(cell)


def _asked(tables: Sheets) -> set[str]:
    return {row["name"] for row in tables["survey"] if row["type"] not in ("begin_group", "end_group")}


@pytest.mark.parametrize("code", shipped_codes())
def test_every_shipped_form_converts_with_a_bind_for_each_field(code: str) -> None:
    tables: Sheets = json.loads((FOLDER / f"{code}.json").read_text("utf-8"))
    bound = {bind.get("nodeset", "").rpartition("/")[2] for bind in converted(tables).iter(f"{XFORMS}bind")}
    assert bound >= _asked(tables)


@pytest.mark.parametrize("code", shipped_codes()[4:])
def test_a_form_that_the_server_and_a_pack_bring_is_the_same(code: str) -> None:
    own: Sheets = json.loads((FOLDER / f"{code}.json").read_text("utf-8"))
    for path in PACKS.glob(f"*/forms/{code}.json"):
        packed: Sheets = json.loads(path.read_text("utf-8"))
        assert {name: rows for name, rows in packed.items() if name in own} == own


@pytest.mark.parametrize("path", sorted(PACKS.glob("*/forms/*.json")), ids=lambda path: path.stem)
def test_every_form_of_a_pack_converts_with_a_bind_for_each_field(path: Path) -> None:
    tables: Sheets = json.loads(path.read_text("utf-8"))
    bound = {bind.get("nodeset", "").rpartition("/")[2] for bind in converted(tables).iter(f"{XFORMS}bind")}
    assert bound >= _asked(tables)


@pytest.mark.parametrize("code", [*CLERKS, "pond_round"])
def test_every_form_of_a_clerk_converts(code: str) -> None:
    converted(example(code))


@given(tables=sheets())
def test_any_form_that_is_accepted_converts(tables: Sheets) -> None:
    converted(tables)
