"""The signs of an expression. Every character belongs to one of them, or is refused by its name."""

from __future__ import annotations

import re
from typing import NamedTuple

from schemas.expressions.faults import broken, too_large

LENGTH_MAX = 1000  # characters of one expression
PARENTHESES_MAX = 32
DIGITS_MAX = 15  # of one number: what every reader of JSON keeps
FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |\$\{(?P<field>[^{}]*)\}
    |(?P<text>'[^']*'|"[^"]*")
    |(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)
    |(?P<word>[A-Za-z_][A-Za-z0-9_-]*)
    |(?P<sign>!=|<=|>=|[=<>+*(),.-])""",
    re.VERBOSE,
)
# What Chinese keyboards and spreadsheets write in place of the signs of an expression.
_MEANT = {
    **dict.fromkeys("‘’‛′", "'"),
    **dict.fromkeys("“”‟″", '"'),
    **{chr(ord(sign) + 0xFEE0): sign for sign in "=<>+-*(),.!$#'\"0123456789{}"},
    **{"≥": ">=", "≤": "<=", "≠": "!=", "×": "*", "÷": "div", "–": "-", "—": "-", "−": "-"},
    **{"。": ".", "、": ",", "\u3000": "空格", "\u00a0": "空格"},
}


class Token(NamedTuple):
    """`kind`: field, text, number, word, sign, or end; `text`: without `${}` and quotes."""

    kind: str
    text: str


def tokens_of(expression: str) -> list[Token]:
    """The signs in their order, without spaces, with an `end`. Raises ExpressionFault."""
    if len(expression) > LENGTH_MAX:
        raise too_large(f"公式最多 {LENGTH_MAX} 个字符, 请缩短或拆成几项。")
    found, at = [], 0
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None or match.lastgroup is None:
            raise broken(_unknown(expression[at]))
        at = match.end()
        if match.lastgroup != "space":
            found.append(_token(match.lastgroup, match[match.lastgroup]))
    if sum(token == Token("sign", "(") for token in found) > PARENTHESES_MAX:
        raise too_large(f"公式最多 {PARENTHESES_MAX} 对括号, 请拆成几项。")
    return [*found, Token("end", "")]


def _token(kind: str, text: str) -> Token:
    if kind == "field" and FIELD_NAME.fullmatch(text) is None:
        raise broken(f"${{}} 里应是一项的名称, 不带空格: “{text[:40]}”。")
    if kind == "number" and len(text.replace(".", "").lstrip("0")) > DIGITS_MAX:
        raise broken(f"数字最多 {DIGITS_MAX} 位。")
    return Token(kind, text[1:-1] if kind == "text" else text)


def _unknown(character: str) -> str:
    meant = _MEANT.get(character)
    if meant is not None:
        return f"有全角或花式符号“{character}”(U+{ord(character):04X}), 请改用半角的 {meant}。"
    if character in "'\"":
        return f"引号 {character} 没有成对。文字里有单引号时, 外面用双引号。"
    return f"公式里不能有“{character}”(U+{ord(character):04X})。"
