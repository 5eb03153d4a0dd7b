"""Trees as they travel: arrays, read back strictly."""

from __future__ import annotations

from typing import Any

from schemas.expressions.check import Tree
from schemas.expressions.syntax import DEPTH_MAX

# The parts of each node: t a tree, s a text, n a number.
_PARTS = {
    **{"field": "ss", "self": "s", "calculated": "s", "number": "n", "text": "s", "instant": "s"},
    **dict.fromkeys(("unanswered", "answered", "not", "neg", "count"), "t"),
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">="), "stt"),
    **dict.fromkeys(("+", "-", "*", "div", "coalesce", "days"), "tt"),
    **{"selected": "ts", "if": "ttt", "today": "", "rule": "s", "minutes": "stt"},
}


def tree_of(value: Any, depth: int = 1) -> Tree:
    """The tree that arrays stand for. Raises ValueError for what is none."""
    if not isinstance(value, list | tuple) or not value or depth > DEPTH_MAX:
        raise ValueError("no tree")
    op, *parts = value
    shape = (
        "t" * max(len(parts), 2) if op in ("and", "or") else _PARTS.get(op) if isinstance(op, str) else None
    )
    if shape is None or len(shape) != len(parts):
        raise ValueError("no node of a tree")
    return (op, *(_part(part, sort, depth) for part, sort in zip(parts, shape, strict=True)))


def _part(part: Any, sort: str, depth: int) -> Any:
    if sort == "t":
        return tree_of(part, depth + 1)
    if type(part) not in ((str,) if sort == "s" else (int, float)):
        raise ValueError("no part of a node")
    return part
