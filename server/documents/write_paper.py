"""A paper of a flag as PDF, with its photos."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from server.documents.compile_paper import compile_paper, smaller


def paper_pdf(facts: Mapping[str, Any], photos: Mapping[str, bytes], fonts: Path | None = None) -> bytes:
    """The PDF of what a paper says. `photos`: bytes by SHA-256; those that are not there any more are left out."""
    names = {sha256: f"{sha256}.jpg" for sha256 in photos}
    blocks = []
    for block in facts["blocks"]:
        if block["kind"] == "photos":
            files = [names[one] for one in block["files"] if one in names]
            if not files:
                continue
            block = {**block, "files": files}
        blocks.append(block)
    pictures = {names[sha256]: smaller(data) for sha256, data in photos.items()}
    folder = fonts if fonts is not None and fonts.is_dir() else None
    return compile_paper("paper", {"void": "", **facts, "blocks": blocks}, pictures, folder)


def photos_in(facts: Mapping[str, Any]) -> Iterable[str]:
    """The SHA-256 of the photos that a paper shows."""
    return [one for block in facts["blocks"] if block["kind"] == "photos" for one in block["files"]]
