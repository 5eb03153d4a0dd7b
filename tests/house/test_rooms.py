"""The architecture: where a module may be, how large it may grow, and what it may import."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("server", "sync_protocol", "schemas")
MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70


def _modules() -> Iterator[Path]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "versions" not in path.parts:
                yield path


MODULES = list(_modules())
names = [str(path.relative_to(ROOT)) for path in MODULES]


def test_the_import_contracts_hold() -> None:
    result = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_a_module_has_a_name_that_says_something_and_a_size_that_can_be_read(path: Path) -> None:
    assert path.stem not in ("utils", "helpers", "common")
    assert len(path.read_text("utf-8").splitlines()) <= MODULE_LINES_MAX


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_a_function_is_short_and_imports_nothing(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < FUNCTION_LINES_MAX, node.name
            inside = [one for one in ast.walk(node) if isinstance(one, ast.Import | ast.ImportFrom)]
            assert not inside, node.name


def test_the_scripts_can_be_run() -> None:
    for name in ("run", ".ci/run"):
        assert (ROOT / name).stat().st_mode & 0o111
    assert subprocess.run(["sh", "-n", ROOT / "run"]).returncode == 0
