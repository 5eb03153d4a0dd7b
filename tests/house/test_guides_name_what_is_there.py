"""A guide in Chinese for people at the console or with the app: what it puts in 「」 is to be read there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDES = sorted(
    path for folder in ("docs", "server/guides/texts") for path in (ROOT / folder).glob("*.zh-CN.md")
)
GUIDE_LINES_MAX = 150
_EXAMPLES = {"池塘巡查"}
_UNSEEN = re.compile(r"^\s*(?://|\* |/\*).*$", re.MULTILINE)  # what programs say of themselves


def _shown() -> str:
    """All words of the console's pages, of the moves of flags, and of the app's screens."""
    console, field = ROOT / "server" / "console", ROOT / "server" / "field_app" / "src" / "ui"
    files = [*(console / "templates").glob("*.html"), *console.glob("*.py")]
    files += [path for path in field.rglob("*.ts*") if ".test." not in path.name]
    files += [
        ROOT / "server" / "rules" / "flags" / "moves.py",
        ROOT / "server" / "field_app" / "contracts.py",
    ]
    files += [*(ROOT / "server" / "guides" / "templates").glob("*.html"), *(ROOT / "schemas").glob("*.py")]
    approvals = (ROOT / "server" / "actions" / "approvals").glob("*.py")
    return "\n".join(_UNSEEN.sub("", path.read_text("utf-8")) for path in [*files, *approvals])


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_name_in_a_guide_is_on_a_page(guide: Path) -> None:
    shown = _shown()
    named = set(re.findall("「([^」]+)」", guide.read_text("utf-8"))) - _EXAMPLES
    assert named, "a guide names where to click"
    assert {name for name in named if name not in shown} == set()


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_a_guide_for_a_reader_is_short(guide: Path) -> None:
    if guide.parent.name == "texts":
        assert len(guide.read_text("utf-8").splitlines()) <= GUIDE_LINES_MAX


def test_a_word_that_no_page_has_is_found() -> None:
    assert "这个按钮不存在" not in _shown() and "上传并预览" in _shown() and "应急导出" in _shown()


def test_every_reader_has_a_guide() -> None:
    names = {path.name.partition(".")[0] for path in GUIDES}
    assert {"inspector", "contractor", "office", "administrator", "accessibility"} <= names
