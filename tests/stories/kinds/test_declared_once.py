"""A field of a worker and a kind of log are declared in one place, and everything that has to know of them does.

What is declared is read when the program starts. So each story runs in a process of its own, in which declared.py
comes first: it declares what a programmer would write into schemas/.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.parametrize("story", ["a_field.py", "a_log.py"])
def test_what_is_declared_once_is_known_everywhere(story: str, database: str) -> None:
    own = ("-p", "tests.stories.kinds.declared", "-p", "no:cacheprovider", "-p", "no:xdist")
    chosen = ("-k", "not postgresql" if database == "sqlite" else "not sqlite")
    command = [sys.executable, "-m", "pytest", *own, "--tb=short", *chosen, str(HERE / story)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    assert " passed" in done.stdout or "100%" in done.stdout
