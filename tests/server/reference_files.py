"""A copy of seed_data/ for a test to edit, as a clerk would."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from server.actions.reference import load_reference as loading
from server.actions.reference.load_reference import SEED_DATA

Row = dict[str, Any]


class Files:
    """A copy of seed_data/ that a test may edit."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def rows(self, noun: str) -> list[Row]:
        found: list[Row] = json.loads((self.folder / f"{noun}.json").read_text("utf-8"))["rows"]
        return found

    def write(self, noun: str, rows: list[Row]) -> None:
        (self.folder / f"{noun}.json").write_text(json.dumps({"about": "", "rows": rows}), "utf-8")

    def row(self, noun: str, code: str) -> Row:
        return next(row for row in self.rows(noun) if row["code"] == code)

    def change(self, noun: str, code: str, **changes: Any) -> None:
        self.write(noun, [{**row, **changes} if row["code"] == code else row for row in self.rows(noun)])

    def add(self, noun: str, *rows: Row) -> None:
        self.write(noun, [*self.rows(noun), *rows])

    def add_version(self, noun: str, code: str, begins: str, **changes: Any) -> None:
        """As seed_data/README.md asks: the old row gets a `to`, a new one with a later `from` follows."""
        old = self.row(noun, code)
        self.change(noun, code, to=begins)
        self.add(noun, {**old, **changes, "from": begins})


def copied_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """The copy, which is loaded from now on instead."""
    copy = Path(shutil.copytree(SEED_DATA, folder / "seed_data"))
    monkeypatch.setattr(loading, "SEED_DATA", copy)
    return Files(copy)
