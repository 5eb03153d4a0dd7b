"""A paper as PDF: a template of this folder, filled in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import typst

from server.documents.check_glyphs import FONTS, undrawn

TEMPLATES = Path(__file__).parent
"""The folder of the templates, `*.typ`."""


def compile_paper(template: str, content: Mapping[str, Any]) -> bytes:
    """The PDF. `template`: its name without ending; it prints `content`, and at its end what no font has a glyph for."""
    return typst.compile(
        TEMPLATES / f"{template}.typ",
        root=TEMPLATES,
        font_paths=_fonts(),
        sys_inputs={"data": json.dumps({**content, "undrawn": undrawn(content)}, ensure_ascii=False)},
    )


@cache
def _fonts() -> typst.Fonts:
    """Ours and no others. To read them takes longer than to compile most documents."""
    return typst.Fonts(include_system_fonts=False, font_paths=[path.parent for path in FONTS])
