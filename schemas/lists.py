"""Closed lists that are reference data: which codes a field of such a list may hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import seed_data

Lists = Mapping[str, tuple[str, ...]]  # codes by noun, a file of seed_data/

NOUNS = ("place_kinds",)


def _shipped(noun: str) -> tuple[str, ...]:
    rows = json.loads((Path(seed_data.__file__).parent / f"{noun}.json").read_text("utf-8"))["rows"]
    return tuple(dict.fromkeys(row["code"] for row in rows if not row.get("planned")))


SHIPPED: Lists = {noun: _shipped(noun) for noun in NOUNS}


def lists_with(codes: Mapping[str, Iterable[str]]) -> Lists:
    """The lists of an installation: what is shipped, and the codes that only its database has. A code that was ever in
    force stays, as a tablet may bring what it recorded long ago."""
    return {
        noun: (*shipped, *sorted(set(codes.get(noun, ())).difference(shipped)))
        for noun, shipped in SHIPPED.items()
    }
