"""Reading the vectors, and the Hypothesis strategies that several files share."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import strategies as st

from sync_protocol.entry import MAX_N, At
from sync_protocol.stream import Link
from sync_protocol.vectors.make import FOLDER

SITE = "site:01971c5e-8a00-7000-8000-0000000000a1"
DEVICE = "01980a00-0000-7000-8000-00000000d001"


def vectors(file: str) -> Any:
    return json.loads((FOLDER / file).read_text(encoding="utf-8"))


def named(file: str, key: str = "cases") -> list[Any]:
    """The cases of one file as pytest parameters, under their names."""
    return [pytest.param(case, id=case["name"]) for case in vectors(file)[key]]


def chain(length: int) -> list[Link]:
    """A whole chain, with hashes that only differ."""
    return [Link(n, f"h{n - 1}" if n > 1 else "", f"h{n}") for n in range(1, length + 1)]


uuids = st.uuids().map(str)
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
tokens = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=64)
integers = st.integers(-MAX_N, MAX_N)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
bodies = st.dictionaries(
    texts,
    st.recursive(
        st.none() | st.booleans() | integers | st.floats(allow_nan=False, allow_infinity=False) | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=6,
)
moments = st.builds(
    lambda second, boot, up_ms, beacon: At(
        1_795_406_400_000 + second * 1000, f"2026-11-23T12:00:{second:02d}+08:00", boot, up_ms, beacon
    ),
    st.integers(0, 59),
    st.none() | tokens,
    st.none() | st.integers(0, MAX_N),
    st.none() | tokens,
)
