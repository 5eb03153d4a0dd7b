"""Evaluate typed trees (see check.py), compiled to closures.

Total: any tree gives a value, or None for missing, whatever the fields hold. Numbers are exact, so that 0.1 + 0.2 is
0.3 on every machine; two of them compare as rounded to 6 decimals, half up. A number beyond 10⁹ is missing. The app
has the same in `field_app/src/domain/expressions.ts`; vectors and a test of random trees keep both alike.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from schemas.expressions.check import Tree
from schemas.expressions.moments import days_of, is_date, is_time, micros_of, minute_of

NUMBER_MAX = 10**9
_MICRO = 10**6

# Two numbers that differ by more compare as doubles: neither rounding nor a double's error matters.
_FAR = 1e-5

Number = int | float | Fraction  # a double is a value as it was sent, exact only once it is reckoned with
Exact = int | Fraction
Rules = Callable[[str], int | float | None]


def no_rules(_: str) -> None:
    return None


@dataclass(slots=True)
class Env:
    """What a tree is evaluated in: the fields' values by position (None: missing), values calculated before by name, the
    field's own value, the local date, the numbers in force."""

    values: list[Any] = field(default_factory=list)
    calculated: dict[str, Any] = field(default_factory=dict)
    own: Any = None
    today: str | None = None
    rule: Rules = no_rules


Closure = Callable[[Env], Any]


def compile_tree(tree: Tree, positions: Mapping[str, int]) -> Closure:
    """The closure of a tree. `positions`: where in `Env.values` a field is."""
    return _Compiler(positions).closure(tree)


def evaluate(
    tree: Tree,
    values: Mapping[str, Any],
    *,
    own: Any = None,
    today: str | None = None,
    rule: Rules = no_rules,
) -> Any:
    """The value of a tree whose calculations are not needed, as it is shown."""
    positions = {name: i for i, name in enumerate(values)}
    return shown(compile_tree(tree, positions)(Env(list(values.values()), {}, own, today, rule)))


def shown(value: Any) -> Any:
    """A value as people and vectors see it: numbers to 6 decimals."""
    if type(value) not in (float, Fraction):
        return value
    micros = _micros(value)
    return micros // _MICRO if micros % _MICRO == 0 else micros / _MICRO


def names_in(tree: Tree, op: str) -> set[str]:
    """The names in the nodes of one sort (`field`, `calculated`, `rule`)."""
    if tree[0] == op:
        return {tree[1]}
    return {name for part in tree if isinstance(part, tuple) for name in names_in(part, op)}


def asks_for_today(tree: Tree) -> bool:
    return tree[0] == "today" or any(asks_for_today(part) for part in tree if isinstance(part, tuple))


def _micros(value: Number) -> int:
    """In millionths, half up."""
    value = _exact(value)
    if type(value) is int:
        return value * _MICRO
    return (2 * value.numerator * _MICRO + value.denominator) // (2 * value.denominator)


def _exact(value: Number) -> Exact:
    """A double as the decimal number that it was written as."""
    if type(value) is not float:
        return value  # type: ignore[return-value]
    return int(value) if value.is_integer() else Fraction(*Decimal(repr(value)).as_integer_ratio())


def _number(value: Any) -> Number | None:
    is_number = type(value) is int or type(value) is float
    return value if is_number and -NUMBER_MAX <= value <= NUMBER_MAX else None


def _bounded(value: Exact) -> Exact | None:
    return value if -NUMBER_MAX <= value <= NUMBER_MAX else None


def _text(value: Any) -> str | None:
    return value if type(value) is str and value else None


def _choices(value: Any) -> Sequence[Any] | None:
    return value if isinstance(value, list | tuple) and value else None


def _any(value: Any) -> Any:
    return None if value is None or value == "" or value == [] else value


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "number": _number,
    "text": _text,
    "ack": lambda value: "OK" if value is True else None,
    "date": lambda value: value if type(value) is str and is_date(value) else None,
    "time": lambda value: value if type(value) is str and is_time(value) else None,
    "instant": lambda value: value if type(value) is str and micros_of(value) is not None else None,
    "choices": _choices,
    "any": _any,
}
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    **{"=": operator.eq, "!=": operator.ne, "<": operator.lt},
    **{"<=": operator.le, ">": operator.gt, ">=": operator.ge},
}
_ARITHMETIC: Mapping[str, Callable[[Any, Any], Exact]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "div": Fraction,
}


class _Compiler:
    def __init__(self, positions: Mapping[str, int]) -> None:
        self._positions = positions

    def closure(self, tree: Tree) -> Closure:
        op, parts = tree[0], tree[1:]
        if op in _COMPARE:
            return self._comparison(op, *parts)
        if op in ("+", "-", "*", "div"):
            return self._arithmetic(op, *parts)
        method: Callable[..., Closure] = getattr(self, f"_{op}")
        return method(*parts)

    def _field(self, name: str, read: str) -> Closure:
        reader, position = _READERS[read], self._positions.get(name)
        if position is None:
            return lambda env: None
        return lambda env: reader(env.values[position])

    def _self(self, read: str) -> Closure:
        reader = _READERS[read]
        return lambda env: reader(env.own)

    def _calculated(self, name: str) -> Closure:
        return lambda env: env.calculated.get(name)

    def _number(self, value: float) -> Closure:
        number = _number(value)
        return lambda env: number

    def _text(self, value: str) -> Closure:
        return lambda env: value

    _instant = _text

    def _unanswered(self, part: Tree) -> Closure:
        value = self.closure(part)
        return lambda env: value(env) is None

    def _answered(self, part: Tree) -> Closure:
        value = self.closure(part)
        return lambda env: value(env) is not None

    def _and(self, *parts: Tree) -> Closure:
        closures = tuple(map(self.closure, parts))
        return lambda env: all(closure(env) for closure in closures)

    def _or(self, *parts: Tree) -> Closure:
        closures = tuple(map(self.closure, parts))
        return lambda env: any(closure(env) for closure in closures)

    def _not(self, part: Tree) -> Closure:
        value = self.closure(part)
        return lambda env: not value(env)

    def _comparison(self, op: str, by: str, left: Tree, right: Tree) -> Closure:
        a, b, compare = self.closure(left), self.closure(right), _COMPARE[op]

        def numbers(env: Env) -> bool:
            x, y = a(env), b(env)
            if x is None or y is None:
                return False
            apart = x - y
            return compare(apart, 0) if abs(apart) > _FAR else compare(_micros(x), _micros(y))

        def texts(env: Env) -> bool:
            x, y = a(env), b(env)
            return x is not None and y is not None and compare(x, y)

        def instants(env: Env) -> bool:
            x, y = a(env), b(env)
            return x is not None and y is not None and compare(micros_of(x), micros_of(y))

        return {"number": numbers, "text": texts, "instant": instants}[by]

    def _arithmetic(self, op: str, left: Tree, right: Tree) -> Closure:
        a, b = self.closure(left), self.closure(right)
        plain = _ARITHMETIC[op]

        def calculated(env: Env) -> Number | None:
            x, y = a(env), b(env)
            if x is None or y is None or (op == "div" and y == 0):
                return None
            return _bounded(plain(_exact(x), _exact(y)))

        return calculated

    def _neg(self, part: Tree) -> Closure:
        value = self.closure(part)

        def negated(env: Env) -> Number | None:
            x = value(env)
            return None if x is None else -x

        return negated

    def _selected(self, part: Tree, name: str) -> Closure:
        value = self.closure(part)
        return lambda env: name in (value(env) or ())

    def _count(self, part: Tree) -> Closure:
        value = self.closure(part)

        def counted(env: Env) -> int | None:
            x = value(env)
            return None if x is None else len(x)

        return counted

    def _coalesce(self, left: Tree, right: Tree) -> Closure:
        a, b = self.closure(left), self.closure(right)

        def first(env: Env) -> Any:
            x = a(env)
            return b(env) if x is None else x

        return first

    def _if(self, condition: Tree, then: Tree, otherwise: Tree) -> Closure:
        c, a, b = self.closure(condition), self.closure(then), self.closure(otherwise)
        return lambda env: a(env) if c(env) else b(env)

    def _today(self) -> Closure:
        read = _READERS["date"]
        return lambda env: read(env.today)

    def _rule(self, code: str) -> Closure:
        return lambda env: _number(env.rule(code))

    def _days(self, left: Tree, right: Tree) -> Closure:
        a, b = self.closure(left), self.closure(right)

        def between(env: Env) -> Number | None:
            x, y = a(env), b(env)
            if x is None or y is None:
                return None
            return (days_of(y) or 0) - (days_of(x) or 0)

        return between

    def _minutes(self, by: str, left: Tree, right: Tree) -> Closure:
        a, b = self.closure(left), self.closure(right)

        def between(env: Env) -> Number | None:
            x, y = a(env), b(env)
            if x is None or y is None:
                return None
            if by == "time":
                return (minute_of(y) - minute_of(x)) % 1440
            return _bounded(((micros_of(y) or 0) - (micros_of(x) or 0)) // 60_000_000)

        return between
