"""The inspectors' app is built before the forms and duties that it works with: it names none of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from schemas.forms.surroundings import ONCE_CODE
from schemas.kind import Kind
from schemas.kinds import KINDS
from server.actions.reference.load_reference import SEED_DATA
from server.field_app import HOME

SOURCES = HOME / "src"
# The kinds that are code, and the names under which earlier versions kept what was being filled in.
TABLE, OLD = SOURCES / "domain" / "code_kinds.ts", SOURCES / "store" / "old_drafts.ts"
CODE_KINDS = {name for name, kind in KINDS.items() if isinstance(kind, Kind) and kind.nature != "server"}
AS_WORDS = {"worker", "case"}  # names of fields and of screens as well
DUTIES = {row["code"] for row in json.loads((SEED_DATA / "duties.json").read_text("utf-8"))["rows"]}
PLACE_KINDS = {row["code"] for row in json.loads((SEED_DATA / "place_kinds.json").read_text("utf-8"))["rows"]}
EVIDENCE = {row["evidence"] for row in json.loads((SEED_DATA / "duties.json").read_text("utf-8"))["rows"]}


def _sources() -> list[Path]:
    found = [path for path in SOURCES.rglob("*.ts*") if "generated" not in path.parts]
    return [path for path in found if ".test." not in path.name and "tests" not in path.parts]


def _named(codes: set[str], without: set[Path]) -> list[str]:
    """Where these stand in quotes, or as a part of a path."""
    words = re.compile(
        r"""["'`/]({})["'`?/ ]""".format("|".join(map(re.escape, sorted(codes, key=len, reverse=True))))
    )
    return [
        f"{path.relative_to(SOURCES)}:{number}: {line.strip()}"
        for path in _sources()
        if path not in without
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if words.search(line.partition("// ")[0])
    ]


def test_no_form_is_named_but_where_old_drafts_are_read() -> None:
    codes = {*ONCE_CODE, *EVIDENCE} - CODE_KINDS - PLACE_KINDS - {""}
    assert codes >= {"disinfection_log", "supply_movement"}
    assert _named(codes, {OLD}) == []


def test_no_duty_is_named() -> None:
    assert {"TEMP", "TEMP-CANTEEN", "GATE", "DISINFECT"} <= DUTIES
    assert _named(DUTIES, set()) == []


def test_the_kinds_in_code_are_named_in_one_table() -> None:
    written = set(re.findall(r'= "(\w+)";', TABLE.read_text("utf-8")))
    assert written == CODE_KINDS - {"worker_merge"}
    assert _named(written - AS_WORDS, {TABLE}) == []


def test_what_looks_for_names_finds_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "screen.tsx").write_text(
        'const KIND = "supply_movement";\nlink("/log/GATE?x");\nconst gate = GATED;\n'
    )
    monkeypatch.setattr(f"{__name__}.SOURCES", tmp_path)
    assert len(_named({"supply_movement", "GATE"}, set())) == 2
