"""From the text of an expression to its syntax: nested tuples, not yet typed. The precedence is XPath's."""

from __future__ import annotations

from typing import Any

from schemas.expressions.faults import broken, too_large
from schemas.expressions.tokens import Token, tokens_of

NODES_MAX = 64
DEPTH_MAX = 8

# ("field", name; of a place `place.m2`) ("self",) ("number", 1.5) ("text", "a") (operator or function, *operands)
Syntax = tuple[Any, ...]

_LEVELS: tuple[tuple[str, ...], ...] = (("=", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "div"))
FUNCTIONS = {
    "not": 1,
    "selected": 2,
    "count-selected": 1,
    "coalesce": 2,
    "if": 3,
    "today": 0,
    "days-between": 2,
    "minutes-between": 2,
    "rule": 1,
}


class UnknownFunction(Exception):
    """A function that no form may use."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def parse(expression: str) -> Syntax:
    """The syntax of an expression. Raises ExpressionFault for what can't be read, UnknownFunction for the rest."""
    reader = _Reader(tokens_of(expression))
    tree = reader.any_of()
    if reader.next.kind != "end":
        raise broken(f"“{reader.next.text}”不该在这里, 请检查前后是否缺少运算符或引号。")
    return tree


class _Reader:
    """Reads from left to right; how deep it calls itself is bounded by the number of parentheses."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._nodes = 0

    @property
    def next(self) -> Token:
        return self._tokens[self._at]

    def any_of(self) -> Syntax:
        return self._chain("or", lambda: self._chain("and", lambda: self._level(0)))

    def _chain(self, word: str, below: Any) -> Syntax:
        """Parts joined by `and` or by `or`: one node with all of them."""
        parts = [below()]
        while self._took(Token("word", word)):
            parts.append(below())
        return parts[0] if len(parts) == 1 else self._node(word, *parts)

    def _level(self, level: int) -> Syntax:
        """Operators of one precedence, from the left."""
        if level == len(_LEVELS):
            return self._signed()
        left = self._level(level + 1)
        while self.next.kind in ("sign", "word") and self.next.text in _LEVELS[level]:
            operator = self._take().text
            left = self._node(operator, left, self._level(level + 1))
        return left

    def _signed(self) -> Syntax:
        minuses = 0
        while self._took(Token("sign", "-")):
            minuses += 1
        value = self._operand()
        for _ in range(minuses):
            value = self._node("number", -value[1]) if value[0] == "number" else self._node("neg", value)
        return value

    def _operand(self) -> Syntax:
        token = self._take()
        if token.kind == "sign" and token.text == "(":
            inner = self.any_of()
            self._expect(")")
            return inner
        if token.kind == "sign" and token.text == ".":
            return self._node("self")
        if token.kind == "number":
            return self._node("number", float(token.text) if "." in token.text else int(token.text))
        if token.kind in ("field", "text"):
            return self._node(token.kind, token.text)
        if token.kind == "word" and self.next == Token("sign", "("):
            return self._call(token.text)
        if token == Token("word", "place") and self._took(Token("sign", ".")):
            return self._node("field", f"place.{self._take().text}")
        if token.kind == "end":
            raise broken("公式不完整, 后面缺少内容。")
        raise broken(f"“{token.text}”不该在这里。引用一项写作 ${{名称}}, 文字要加引号。")

    def _call(self, name: str) -> Syntax:
        self._expect("(")
        if name not in FUNCTIONS:
            raise UnknownFunction(name)
        operands = []
        if not self._took(Token("sign", ")")):
            operands.append(self.any_of())
            while self._took(Token("sign", ",")):
                operands.append(self.any_of())
            self._expect(")")
        if len(operands) != FUNCTIONS[name]:
            raise broken(f"{name}() 应有 {FUNCTIONS[name]} 个参数, 这里有 {len(operands)} 个。")
        return self._node(name, *operands)

    def _node(self, *parts: Any) -> Syntax:
        self._nodes += 1
        if self._nodes > NODES_MAX:
            raise too_large(f"公式太长: 最多 {NODES_MAX} 个运算和数值, 请拆成几项。")
        return parts

    def _take(self) -> Token:
        token = self.next
        self._at += token.kind != "end"
        return token

    def _took(self, token: Token) -> bool:
        if self.next != token:
            return False
        self._at += 1
        return True

    def _expect(self, sign: str) -> None:
        if not self._took(Token("sign", sign)):
            raise broken(f"缺少“{sign}”。")
