"""Which characters the fonts of our documents can draw, so that none becomes a box without a word.

One font holds 65,535 glyphs at most and Chinese has more characters: the fallbacks have those of Taiwan's and Japan's
standards (𠮷). What none of them has is named in the document, to be written in by hand.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pylopdf_fonts_jp
import pylopdf_fonts_zh_cn
import pylopdf_fonts_zh_tw
from fontTools.ttLib import TTFont

FONTS = tuple(
    Path(package.serif_path()) for package in (pylopdf_fonts_zh_cn, pylopdf_fonts_zh_tw, pylopdf_fonts_jp)
)
_UNSEEN = re.compile(r"[\s\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # spaces, and selectors of variants
_AROUND = 4  # characters shown on each side of one that can't be drawn


def undrawn(content: object) -> list[str]:
    """What of a document's texts (in lists and mappings of any depth) has no glyph: for each such character the first
    place where it is, its code in its stead, as 㑇〔U+24B62〕生."""
    found: dict[str, str] = {}
    for text in _texts(content):
        for at, character in enumerate(text):
            if ord(character) not in _drawn() and character not in found and _is_seen(character):
                around = (text[max(0, at - _AROUND) : at], text[at + 1 : at + 1 + _AROUND])
                found[character] = f"{around[0]}〔U+{ord(character):04X}〕{around[1]}"
    return list(found.values())


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for value in content.values():
            yield from _texts(value)
    elif isinstance(content, list | tuple):
        for value in content:
            yield from _texts(value)


def _is_seen(character: str) -> bool:
    return _UNSEEN.fullmatch(character) is None and unicodedata.category(character) not in ("Cc", "Cf")


@cache
def _drawn() -> frozenset[int]:
    drawn: set[int] = set()
    for path in FONTS:
        with TTFont(path, lazy=True) as font:
            drawn.update(font.getBestCmap())
    return frozenset(drawn)
