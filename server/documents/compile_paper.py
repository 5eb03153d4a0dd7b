"""A paper as PDF: a template of this folder, filled in."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import typst
from PIL import Image

from server.documents.check_glyphs import FONTS, undrawn

TEMPLATES = Path(__file__).parent
"""The folder of the templates, `*.typ`."""
_SIDE_PX = 1200  # of a photo on paper: 75 mm at 400 dots per inch
_QUALITY = 80


def compile_paper(
    template: str,
    content: Mapping[str, Any],
    pictures: Mapping[str, bytes] | None = None,
    fonts: Path | None = None,
) -> bytes:
    """The PDF. `template`: its name without ending; it prints `content`, and at its end what no font has a glyph for.
    `pictures`: by the names that it uses; `fonts`: a folder of fonts that an office has, besides ours."""
    if not pictures:
        return _compile(TEMPLATES, template, content, fonts)
    with tempfile.TemporaryDirectory(
        prefix="gongdi-paper-"
    ) as folder:  # typst reads pictures from files only
        for path in TEMPLATES.glob("*.typ"):
            shutil.copy(path, folder)
        for name, data in pictures.items():
            (Path(folder) / name).write_bytes(data)
        return _compile(Path(folder), template, content, fonts)


def smaller(photo: bytes) -> bytes:
    """A photo as it is printed: readable on paper, and no larger."""
    with Image.open(io.BytesIO(photo)) as picture:
        picture.thumbnail((_SIDE_PX, _SIDE_PX))
        out = io.BytesIO()
        picture.convert("RGB").save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _compile(folder: Path, template: str, content: Mapping[str, Any], fonts: Path | None) -> bytes:
    return typst.compile(
        folder / f"{template}.typ",
        root=folder,
        font_paths=_fonts(fonts),
        sys_inputs={"data": json.dumps({**content, "undrawn": undrawn(content)}, ensure_ascii=False)},
    )


@cache
def _fonts(own: Path | None) -> typst.Fonts:
    """Ours, and those of a folder that an office has; no others. To read them takes longer than to compile most
    documents."""
    paths = [path.parent for path in FONTS]
    return typst.Fonts(include_system_fonts=False, font_paths=[*paths, *([own] if own is not None else [])])
