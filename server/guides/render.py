"""A guide's Markdown as HTML. markdown-it reads and writes it; links, headings, figures and tables get what a page needs.

Raw HTML stays text. A link to a file that is no guide loses its target, since a server has no such page; a figure whose
picture was not made is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from server.guides.library import GUIDES, PICTURES, Guide

_PICTURE = re.compile(r"pictures/([a-z0-9-]+\.png)")
_BY_FILE = {guide.path.name: guide.name for guide in GUIDES.values() if guide.name != "reference"}
_BY_FILE["seed_data/README.md"] = "reference"
_READER = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True)
class Rendered:
    """A page's body, and its parts for the list at its head: (anchor, title)."""

    html: str
    parts: Sequence[tuple[str, str]]


def render(guide: Guide) -> Rendered:
    """The guide as it is to be read now, with those of its pictures that are there."""
    tokens = _READER.parse(guide.path.read_text("utf-8"))
    parts = list(_name_headings(tokens))
    kept: list[Token] = []
    for token in tokens:
        if token.type == "paragraph_close" and kept and _is_figure(kept[-1]):
            opened, shown = kept[-2], kept.pop()
            if not _is_there(shown):
                kept.pop()
                continue
            opened.tag = token.tag = "figure"
            image = (shown.children or [])[0]
            address = f"/docs/{image.attrGet('src')}"
            image.attrSet("src", address)
            whole = Token("link_open", "a", 1, attrs={"href": address})  # on a phone, to look at it closely
            shown.children = [whole, image, Token("link_close", "a", -1)]
            kept.append(shown)
        for one in token.children or ():
            if one.type == "link_open":
                _lead(one)
        if token.type == "table_open":
            kept.append(_html('<div class="scroll" tabindex="0" role="region" aria-label="表格">'))
            token.attrSet("class", "plain")
        kept.append(token)
        if token.type == "table_close":
            kept.append(_html("</div>"))
    return Rendered(_READER.renderer.render(kept, _READER.options, {}), parts)


def picture_names(guide: Guide) -> list[str]:
    """The files of the pictures that a guide shows."""
    tokens = _READER.parse(guide.path.read_text("utf-8"))
    inside = (one for token in tokens for one in token.children or () if one.type == "image")
    return [str(one.attrGet("src")).removeprefix("pictures/") for one in inside]


def anchor_of(title: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")


def _name_headings(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    for token, text in pairwise(tokens):
        if token.type == "heading_open":
            title = "".join(one.content for one in text.children or ())
            token.attrSet("id", anchor_of(title))
            if token.tag == "h2":
                yield anchor_of(title), title


def _is_figure(token: Token) -> bool:
    """A paragraph of nothing but a picture."""
    return token.type == "inline" and [one.type for one in token.children or ()] == ["image"]


def _is_there(figure: Token) -> bool:
    image = (figure.children or [])[0]
    found = _PICTURE.fullmatch(str(image.attrGet("src")))
    return found is not None and (PICTURES / found[1]).is_file()


def _lead(link: Token) -> None:
    """Where a relative link leads on a server."""
    target = str(link.attrGet("href"))
    if re.match(r"[a-z]+:|/|#", target):
        return
    path, _, anchor = target.partition("#")
    parts = path.split("/")
    name = _BY_FILE.get("/".join(parts[-2:])) or _BY_FILE.get(parts[-1] if parts[-1] != "README.md" else "")
    if name is None:
        del link.attrs["href"]
    else:
        link.attrSet("href", f"/docs/{name}" + (f"#{anchor}" if anchor else ""))


def _html(text: str) -> Token:
    return Token("html_block", "", 0, content=text)
