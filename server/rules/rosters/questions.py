"""What a person is asked about a column of which the reader is unsure: by its title, and by a few of its values."""

from __future__ import annotations

import re
from collections.abc import Sequence

from server.rules.rosters.cells import Cell, is_empty, read_name, text_of
from server.rules.rosters.layout import Layout
from server.rules.rosters.person import name_problem

SAMPLES_MAX = 3
_ROWS = 60  # from the first below the header
_SHOWN_MAX = 12  # characters
_LONG_NUMBER = re.compile(r"[\dA-Za-z][\dA-Za-z \-]{4,}[\dA-Za-z]")
_DATE_LIKE = re.compile(r"(?:19|20)\d\d(?:[-./年]\d{1,2}[-./月]\d{1,2}日?|\d{4})(?: .*)?")


def samples(rows: Sequence[Sequence[Cell]], layout: Layout, column: int) -> list[str]:
    """Up to three different values of a column. Of numbers that may name a person, and of texts that differ from row to
    row as names do, only the beginning: questions are kept where the roster itself is not."""
    texts = [
        text_of(row[column])
        for row in rows[layout.last + 1 : layout.last + 1 + _ROWS]
        if column < len(row) and not is_empty(row[column])
    ]
    different = list(dict.fromkeys(texts))
    repeats = len(different) * 2 <= len(texts)
    return list(dict.fromkeys(_shown(text, repeats) for text in different))[:SAMPLES_MAX]


def _shown(text: str, repeats: bool) -> str:
    if _DATE_LIKE.fullmatch(text):
        return text[:_SHOWN_MAX]
    if _LONG_NUMBER.search(text):
        return _LONG_NUMBER.sub(lambda found: found[0][:3] + "*" * (len(found[0]) - 3), text)[
            : 2 * _SHOWN_MAX
        ]
    name, _ = read_name(text)
    if not repeats and name is not None and name_problem(name) is None:
        kept = 1 if len(name) < 4 else 2
        return (name[:kept] + "*" * (len(name) - kept))[:_SHOWN_MAX]
    return text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "…"
