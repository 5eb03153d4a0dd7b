"""Types: from an expression's text to the typed tree that the server and the tablets evaluate.

A tree is nested tuples, on the wire arrays. Nothing in it has to be looked up: a field says how its value is read, a
comparison how its sides compare. So whoever evaluates one needs no parser and no list of fields.

    ("field", name, READ) ("self", READ) ("calculated", name) ("number", n) ("text", s) ("instant", s)
    ("unanswered", x) ("answered", x) ("=", BY, x, y), also != < <= > >=
    ("and", x, …) ("or", x, …) ("not", x) ("+", x, y), also - * div; ("neg", x)
    ("selected", x, name) ("count", x) ("coalesce", x, y) ("if", x, y, z) ("today",) ("rule", code)
    ("days", x, y) ("minutes", BY, x, y)

READ is number, text, ack, date, time, instant, choices or any; BY is number, text (also of dates and times, which
order as their texts do) or instant; of minutes it is time or instant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.expressions.faults import ExpressionFault, mismatch, too_large
from schemas.expressions.moments import is_date, is_time, micros_of
from schemas.expressions.syntax import DEPTH_MAX, Syntax, UnknownFunction, parse

Tree = tuple[Any, ...]

_RULE_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_ORDERED = ("number", "date", "time", "instant")
_WORDS = {
    "number": "数字",
    "text": "文字",
    "choice": "单选",
    "choices": "多选",
    "ack": "确认",
    "date": "日期",
    "time": "时刻",
    "instant": "时间",
    "bool": "是非判断",
    "any": "照片、位置或选自名单的一项",
}


@dataclass(frozen=True)
class Type:
    """`name` is number, text, choice, choices, ack, date, time, instant, bool, any, or unknown: a field whose own fault
    is reported already, and fits everywhere. `choices`: the names of a list."""

    name: str
    choices: tuple[str, ...] = ()
    calculated: bool = False


NUMBER, TEXT, BOOL, ANY, UNKNOWN = (Type(name) for name in ("number", "text", "bool", "any", "unknown"))
# What a duty may name of the place that a record is about.
PLACE_TYPES = {"place.m2": NUMBER, "place.capacity": NUMBER}
_LITERAL = Type("literal")  # a text in quotes, which takes the type of the other side
_READS = {"choice": "text", "unknown": "any"}


@dataclass(frozen=True)
class Known:
    """What an expression may name. `later`: fields that come further down; `own`: the type of `.`, in a constraint;
    `rules`: None if any rule may be named."""

    fields: Mapping[str, Type]
    later: Collection[str] = ()
    own: Type | None = None
    rules: Collection[str] | None = None


@dataclass
class _Typed:
    """A subtree with its type."""

    type: Type
    tree: Tree
    depth: int = field(default=1)


def compile_expression(expression: str, known: Known) -> tuple[Type, Tree]:
    """The type and the tree of an expression. Raises ExpressionFault."""
    try:
        typed = _Checker(known).check(parse(expression))
    except UnknownFunction as error:
        raise ExpressionFault("unknown_function", f"没有函数 {error.name[:40]}()。") from None
    if typed.depth > DEPTH_MAX:
        raise too_large(f"公式最多嵌套 {DEPTH_MAX} 层, 请拆成几项。")
    return (TEXT if typed.type is _LITERAL else typed.type), typed.tree


def compile_condition(expression: str, known: Known) -> Tree:
    """The tree of an expression that must be true or false. Raises ExpressionFault."""
    type_, tree = compile_expression(expression, known)
    if type_.name not in ("bool", "unknown"):
        raise mismatch(f"这里要一个判断 (例如 ${{项}} = 1), 现在是{_WORDS[type_.name]}。")
    return tree


class _Checker:
    def __init__(self, known: Known) -> None:
        self._known = known

    def check(self, syntax: Syntax) -> _Typed:
        op, *parts = syntax
        named: dict[str, Callable[..., _Typed]] = {
            **{"field": self._field, "self": self._self, "number": self._number, "text": self._text},
            **{"and": self._logic, "or": self._logic, "not": self._logic, "neg": self._arithmetic},
            **dict.fromkeys(("+", "-", "*", "div"), self._arithmetic),
            **dict.fromkeys(("=", "!=", "<", "<=", ">", ">="), self._comparison),
            **{"selected": self._selected, "count-selected": self._count, "coalesce": self._coalesce},
            **{"if": self._if, "today": self._today, "rule": self._rule},
            **{"days-between": self._days, "minutes-between": self._minutes},
        }
        return named[op](op, *parts)

    def _field(self, _: str, name: str) -> _Typed:
        type_ = self._known.fields.get(name)
        if type_ is None and name in self._known.later:
            raise ExpressionFault("forward_reference", f"只能引用上面的项, “{name}”在下面或就是这一项。")
        if type_ is None:
            raise ExpressionFault("unknown_field", f"没有名称为“{name}”的项。")
        if type_.calculated:
            return _Typed(type_, ("calculated", name))
        return _Typed(type_, ("field", name, _READS.get(type_.name, type_.name)))

    def _self(self, _: str) -> _Typed:
        own = self._known.own
        if own is None:
            raise ExpressionFault("expression_syntax", "“.”只能用在 constraint 里。")
        return _Typed(own, ("self", _READS.get(own.name, own.name)))

    def _number(self, _: str, value: float) -> _Typed:
        return _Typed(NUMBER, ("number", value))

    def _text(self, _: str, value: str) -> _Typed:
        return _Typed(_LITERAL, ("text", value))

    def _logic(self, op: str, *parts: Syntax) -> _Typed:
        typed = [self._need(part, "bool") for part in parts]
        return _node(BOOL, (op,), *typed)

    def _arithmetic(self, op: str, *parts: Syntax) -> _Typed:
        typed = [self._need(part, "number") for part in parts]
        if op == "div" and typed[1].tree[0] == "number" and typed[1].tree[1] == 0:
            raise ExpressionFault("division_by_zero", "不能除以 0。")
        return _node(NUMBER, (op,), *typed)

    def _comparison(self, op: str, left: Syntax, right: Syntax) -> _Typed:
        a, b = self.check(left), self.check(right)
        empty = ("text", "")
        if empty in (a.tree, b.tree):
            other = a if b.tree == empty else b
            if op not in ("=", "!=") or other.type in (_LITERAL, BOOL):
                raise mismatch("空文字 '' 只能写作 ${项} = '' 或 ${项} != '', 用来看有没有填写。")
            return _node(BOOL, ("unanswered" if op == "=" else "answered",), other)
        a, b = _unified(a, b)
        if a.type.name in ("bool", "choices", "any"):
            raise mismatch(
                f"{_WORDS[a.type.name]}不能用 {op} 比较。多选请用 selected(${{项}}, '选项')。"
                if a.type.name == "choices"
                else f"{_WORDS[a.type.name]}不能用 {op} 比较。"
            )
        if op not in ("=", "!=") and a.type.name not in (*_ORDERED, "unknown"):
            raise mismatch(f"{_WORDS[a.type.name]}只能用 = 和 != 比较, 不能用 {op}。")
        by = a.type.name if a.type.name in ("number", "instant") else "text"
        return _node(BOOL, (op, by), a, b)

    def _selected(self, _: str, which: Syntax, name: Syntax) -> _Typed:
        which_, name_ = self.check(which), self.check(name)
        if which_.type.name not in ("choices", "choice", "unknown") or name_.type is not _LITERAL:
            raise mismatch("selected() 的第一个参数应是单选或多选的项, 第二个应是加引号的选项。")
        if which_.type.name != "unknown":
            _check_choice(which_.type, name_.tree[1])
        if which_.type.name == "choice":
            return _node(BOOL, ("=", "text"), which_, name_)
        return _Typed(BOOL, ("selected", which_.tree, name_.tree[1]), which_.depth + 1)

    def _count(self, _: str, which: Syntax) -> _Typed:
        return _node(NUMBER, ("count",), self._need(which, "choices"))

    def _coalesce(self, _: str, left: Syntax, right: Syntax) -> _Typed:
        a, b = _unified(self.check(left), self.check(right))
        if a.type is BOOL:
            raise mismatch("coalesce() 的参数不能是判断, 判断总是有结果。")
        return _node(a.type, ("coalesce",), a, b)

    def _if(self, _: str, condition: Syntax, then: Syntax, otherwise: Syntax) -> _Typed:
        a, b = _unified(self.check(then), self.check(otherwise))
        return _node(a.type, ("if",), self._need(condition, "bool"), a, b)

    def _today(self, _: str) -> _Typed:
        return _Typed(Type("date"), ("today",))

    def _rule(self, _: str, code: Syntax) -> _Typed:
        if code[0] != "text" or _RULE_CODE.fullmatch(code[1]) is None:
            raise mismatch("rule() 的参数应是加引号的规则代码。")
        if self._known.rules is not None and code[1] not in self._known.rules:
            raise ExpressionFault("unknown_rule", f"没有代码为“{code[1]}”的规则。")
        return _Typed(NUMBER, ("rule", code[1]))

    def _days(self, _: str, left: Syntax, right: Syntax) -> _Typed:
        sides = []
        for side in (left, right):
            typed = self.check(side)
            typed = _as_literal(typed, Type("date")) if typed.type is _LITERAL else typed
            if typed.type.name not in ("date", "unknown"):
                raise mismatch("days-between() 的两个参数都应是日期。")
            sides.append(typed)
        return _node(NUMBER, ("days",), *sides)

    def _minutes(self, _: str, left: Syntax, right: Syntax) -> _Typed:
        a, b = _unified(self.check(left), self.check(right))
        if a.type.name not in ("time", "instant", "unknown"):
            raise mismatch("minutes-between() 的两个参数应同为时刻 (time) 或同为时间 (dateTime)。")
        return _node(NUMBER, ("minutes", "time" if a.type.name == "time" else "instant"), a, b)

    def _need(self, syntax: Syntax, name: str) -> _Typed:
        typed = self.check(syntax)
        if typed.type.name not in (name, "unknown"):
            found = "文字" if typed.type is _LITERAL else _WORDS[typed.type.name]
            raise mismatch(f"这里要{_WORDS[name]}, 不能是{found}。")
        return typed


def _node(type_: Type, head: Tree, *parts: _Typed) -> _Typed:
    return _Typed(type_, (*head, *(part.tree for part in parts)), 1 + max(part.depth for part in parts))


def _unified(a: _Typed, b: _Typed) -> tuple[_Typed, _Typed]:
    """Two sides of one type: a text in quotes becomes what the other side is. Nothing else is converted."""
    if UNKNOWN.name in (a.type.name, b.type.name):
        return a, b
    if a.type is _LITERAL and b.type is not _LITERAL:
        return _as_literal(a, b.type), b
    if b.type is _LITERAL and a.type is not _LITERAL:
        return a, _as_literal(b, a.type)
    if a.type is _LITERAL:
        return _as_literal(a, TEXT), _as_literal(b, TEXT)
    if (a.type.name, a.type.choices) != (b.type.name, b.type.choices):
        if a.type.name == b.type.name:
            raise mismatch("两项的选项不同, 不能一起用。")
        raise mismatch(f"{_WORDS[a.type.name]}和{_WORDS[b.type.name]}不能一起用。")
    return a, b


def _as_literal(literal: _Typed, type_: Type) -> _Typed:
    """A text in quotes as a value of a type."""
    text = literal.tree[1]
    if text == "":
        raise mismatch("空文字 '' 只能用在 ${项} = '' 和 ${项} != '' 里。")
    if type_.name == "choice":
        _check_choice(type_, text)
    elif type_.name == "ack":
        if text != "OK":
            raise ExpressionFault("unknown_choice", "确认项只能和 'OK' 比较。")
    elif type_.name == "date" and not is_date(text):
        raise mismatch(f"“{text[:40]}”不是日期, 日期写成 '2021-12-01' 的样子。")
    elif type_.name == "time" and not is_time(text):
        raise mismatch(f"“{text[:40]}”不是时刻, 时刻写成 '07:30' 的样子。")
    elif type_.name == "instant" and micros_of(text) is None:
        raise mismatch(f"“{text[:40]}”不是时间, 时间写成 '2021-12-01T07:30:00+08:00' 的样子。")
    elif type_.name in ("number", "bool", "choices", "any"):
        raise mismatch(f"{_WORDS[type_.name]}不能和加引号的文字一起用。")
    tree = ("instant", text) if type_.name == "instant" else literal.tree
    return _Typed(Type(type_.name, type_.choices), tree)


def _check_choice(type_: Type, name: str) -> None:
    if name not in type_.choices:
        raise ExpressionFault("unknown_choice", f"选项里没有“{name[:40]}”。")
