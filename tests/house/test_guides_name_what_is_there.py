"""A guide in Chinese for people at the console: what it puts in 「」 is to be read there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDES = sorted((ROOT / "docs").glob("*.zh-CN.md"))
_EXAMPLES = {"池塘巡查"}


def _shown() -> str:
    """All words of the console's pages."""
    console = ROOT / "server" / "console"
    files = [*(console / "templates").glob("*.html"), *console.glob("*.py")]
    approvals = (ROOT / "server" / "actions" / "approvals").glob("*.py")
    return "\n".join(path.read_text("utf-8") for path in [*files, *approvals])


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_name_in_a_guide_is_on_a_page(guide: Path) -> None:
    shown = _shown()
    named = set(re.findall("「([^」]+)」", guide.read_text("utf-8"))) - _EXAMPLES
    assert named, "a guide names where to click"
    assert {name for name in named if name not in shown} == set()


def test_there_is_a_guide() -> None:
    assert GUIDES
