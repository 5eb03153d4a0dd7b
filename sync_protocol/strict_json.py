"""JSON as every reader agrees on it: a name once, numbers that JavaScript holds, text that UTF-8 holds."""

from __future__ import annotations

import json
from typing import Any

MAX_INTEGER = 2**53 - 1  # either sign: what JavaScript holds exactly
MAX_NUMBER_CHARS = 32


class Unreadable(Exception):
    """Bytes on which two readers of JSON might not agree. `reason` is the reason, in Chinese."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_json(line: bytes, max_depth: int) -> Any:
    """The value on one line. Raises Unreadable, and nothing else, for any bytes whatever.

    Refused: no UTF-8, no JSON, a newline; a name twice in an object; NaN and Infinity; integers beyond
    ±(2^53 − 1), fractions that overflow, numbers of more than 32 characters; arrays and objects deeper than
    `max_depth`; half a surrogate pair; U+0000.
    """
    try:
        text = line.decode()
        if "\n" in text:
            raise Unreadable("一条记录必须写在一行内。")
        value = _DECODER.decode(text)
        if line.count(b"{") + line.count(b"[") > max_depth and _depth(value) > max_depth:
            raise Unreadable(f"嵌套超过 {max_depth} 层。")
        if "\\u" in text:
            _check_text(value)
    except UnicodeDecodeError as error:
        raise Unreadable("不是有效的 UTF-8 文本。") from error
    except RecursionError as error:
        raise Unreadable(f"嵌套超过 {max_depth} 层。") from error
    except ValueError as error:
        raise Unreadable("不是有效的 JSON。") from error
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Unreadable("同一个对象里有重复的字段名。")
    return members


def _integer(digits: str) -> int:
    value = int(digits) if len(digits) <= MAX_NUMBER_CHARS else MAX_INTEGER + 1
    if not -MAX_INTEGER <= value <= MAX_INTEGER:
        raise Unreadable("整数超出范围。")
    return value


def _fraction(digits: str) -> float:
    value = float(digits) if len(digits) <= MAX_NUMBER_CHARS else float("inf")
    if value in (float("inf"), float("-inf")):
        raise Unreadable("数字太长或超出范围。")
    return value


def _constant(name: str) -> Any:
    raise Unreadable(f"{name} 不是 JSON 数字。")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_integer, parse_float=_fraction, parse_constant=_constant
)


def _depth(value: object) -> int:
    """How deep arrays and objects lie in each other. The JSON reader has bounded the recursion already."""
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def _check_text(value: object) -> None:
    """Escapes can spell what UTF-8 can't hold (half a surrogate pair) and what PostgreSQL can't (U+0000)."""
    if isinstance(value, str):
        if "\x00" in value:
            raise Unreadable("文本里有空字符 (U+0000)。")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise Unreadable("文本里有不成对的代理字符。") from error
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_text(name)
            _check_text(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_text(inner)
