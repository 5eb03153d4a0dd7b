"""`$filter` and `$orderby` of OData v4 as plain functions of a row: comparisons, and/or/not, parentheses, `in`, contains,
startswith, endswith. Where a row lacks a property it is null. Nothing is coerced: what cannot be compared is no match."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

Row = Mapping[str, Any]
Test = Callable[[Row], Any]
LENGTH_MAX, DEPTH_MAX, TOKENS_MAX = 2_000, 20, 400
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<guid>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})"
    r"|(?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?(?:Z|[+-]\d\d:\d\d))"
    r"|(?P<date>\d{4}-\d\d-\d\d)|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<sign>[(),]))",
    re.ASCII,
)
_FUNCTIONS: Mapping[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": lambda one, other: one > other,
    "ge": lambda one, other: one >= other,
    "lt": lambda one, other: one < other,
    "le": lambda one, other: one <= other,
}
_LITERALS = {"true": True, "false": False, "null": None}
_WORDS = {*_LITERALS, *_COMPARE, "eq", "ne", "and", "or", "not", "in"}


class QueryFault(ValueError):
    """A query that is not understood; the message says where, for people."""


class Bound(NamedTuple):
    """A comparison that every match fulfils: it may narrow what is read."""

    name: str
    sign: str
    value: Any


class Filter(NamedTuple):
    """A compiled `$filter`: whether a row matches, and the comparisons that all matches fulfil. `is_one_site`: it is one
    comparison, of the site, and the bound says all of it."""

    matches: Callable[[Row], bool]
    bounds: Sequence[Bound]
    is_one_site: bool = False


def compile_filter(text: str, names: Collection[str]) -> Filter:
    """Raises QueryFault for what is no filter over these properties."""
    parser = _Parser(text, names)
    test = parser.either(0)
    length = parser.end()
    is_one_site = length == 3 and [bound[:2] for bound in parser.bounds] == [("Site", "eq")]
    return Filter(lambda row: test(row) is True, parser.bounds, is_one_site)


def compile_order(text: str, names: Collection[str]) -> list[tuple[str, bool]]:
    """The properties to sort by, each with whether it descends. Raises QueryFault."""
    found = []
    for part in text[:LENGTH_MAX].split(","):
        words = part.split()
        if not 1 <= len(words) <= 2 or words[0] not in names or words[1:] not in ([], ["asc"], ["desc"]):
            raise QueryFault(f"$orderby 不认识: {part.strip()[:80]}")
        found.append((words[0], words[1:] == ["desc"]))
    return found


def sorted_rows(rows: Sequence[Row], order: Sequence[tuple[str, bool]]) -> list[Row]:
    """Stable, by one property after the other; null comes before every value (OData 4.01, 11.2.6.2)."""
    found = list(rows)
    for name, descends in reversed(order):
        found.sort(key=lambda row: _sortable(row.get(name)), reverse=descends)
    return found


def _sortable(value: Any) -> tuple[int, Any]:
    if value is None:
        return (0, 0)
    plain = _plain(value)
    return (1, plain) if isinstance(plain, bool | int | float) else (2, str(plain))


class _Parser:
    def __init__(self, text: str, names: Collection[str]) -> None:
        if len(text) > LENGTH_MAX:
            raise QueryFault(f"$filter 太长, 最多 {LENGTH_MAX} 个字符。")
        self._tokens = list(_tokens(text))
        self._names = names
        self._at = 0
        self.bounds: list[Bound] = []

    def either(self, depth: int) -> Test:
        before = len(self.bounds)
        tests = [self.all(depth)]
        while self._take("name", "or"):
            tests.append(self.all(depth))
        if len(tests) == 1:
            return tests[0]
        del self.bounds[before:]  # what one side asks the other need not fulfil
        return lambda row: _any(test(row) for test in tests)

    def all(self, depth: int) -> Test:
        tests = [self.one(depth)]
        while self._take("name", "and"):
            tests.append(self.one(depth))
        return tests[0] if len(tests) == 1 else lambda row: _all(test(row) for test in tests)

    def one(self, depth: int) -> Test:
        if depth > DEPTH_MAX:
            raise QueryFault("$filter 嵌套太深。")
        if self._take("name", "not"):
            before = len(self.bounds)
            test = self.one(depth + 1)
            del self.bounds[before:]
            return lambda row: _not(test(row))
        if self._take("sign", "("):
            test = self.either(depth + 1)
            self._expect("sign", ")")
            return test
        kind, text = self._peek()
        if kind == "name" and text in _FUNCTIONS:
            return self._function(text)
        return self._comparison()

    def end(self) -> int:
        """How many words it has. Raises QueryFault for one too many."""
        if self._at < len(self._tokens):
            raise self._fault()
        return len(self._tokens)

    def _function(self, name: str) -> Test:
        self._at += 1
        self._expect("sign", "(")
        left, _ = self._operand()
        self._expect("sign", ",")
        right, _ = self._operand()
        self._expect("sign", ")")
        compare = _FUNCTIONS[name]

        def test(row: Row) -> Any:
            text, part = left(row), right(row)
            return compare(text, part) if isinstance(text, str) and isinstance(part, str) else None

        return test

    def _comparison(self) -> Test:
        left, name = self._operand()
        kind, sign = self._peek()
        if kind == "name" and sign == "in":
            self._at += 1
            return self._among(left)
        if kind != "name" or sign not in (*_COMPARE, "eq", "ne"):
            if name is not None:  # a property that is true or false by itself
                return left
            raise self._fault()
        self._at += 1
        right, other = self._operand()
        if name is not None and other is None:
            self.bounds.append(Bound(name, sign, right({})))
        if sign in ("eq", "ne"):
            return lambda row: _same(left(row), right(row)) == (sign == "eq")
        compare = _COMPARE[sign]
        return lambda row: _ordered(compare, left(row), right(row))

    def _among(self, left: Test) -> Test:
        self._expect("sign", "(")
        values = [self._operand()[0]]
        while self._take("sign", ","):
            values.append(self._operand()[0])
        self._expect("sign", ")")
        return lambda row: any(_same(left(row), value(row)) for value in values)

    def _operand(self) -> tuple[Test, str | None]:
        """A property (with its name) or a literal."""
        kind, text = self._peek()
        self._at += 1
        if kind == "name" and text in self._names:
            return (lambda row: row.get(text)), text
        if kind == "name" and text in _LITERALS:
            value: Any = _LITERALS[text]
        elif kind in ("text", "guid", "moment", "date", "number"):
            value = _value(kind, text)
        else:
            self._at -= 1
            raise self._fault()
        return (lambda _: value), None

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _take(self, kind: str, text: str) -> bool:
        if self._peek() != (kind, text):
            return False
        self._at += 1
        return True

    def _expect(self, kind: str, text: str) -> None:
        if not self._take(kind, text):
            raise self._fault()

    def _fault(self) -> QueryFault:
        kind, text = self._peek()
        where = "结尾" if kind == "end" else f"{text[:40]} 处"
        known = (
            f"属性有: {', '.join(sorted(self._names))[:300]}" if kind == "name" and text not in _WORDS else ""
        )
        return QueryFault(f"$filter 在{where}看不懂。{known}")


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = count = 0
    end = len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        count += 1
        if found is None or found.end() == at or count > TOKENS_MAX:
            raise QueryFault(f"$filter 在 {text[at : at + 20]!r} 处看不懂。")
        at = found.end()
        assert found.lastgroup is not None
        yield found.lastgroup, found[found.lastgroup]


def _value(kind: str, text: str) -> Any:
    try:
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "guid":
            return text.lower()
        if kind == "moment":
            return datetime.fromisoformat(text)
        if kind == "date":
            return date.fromisoformat(text).isoformat()
        return float(text) if "." in text else int(text)
    except (ValueError, OverflowError) as error:
        raise QueryFault(f"$filter 里的值不对: {text[:40]}") from error


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).timestamp() if isinstance(value, datetime) else value


def _same(one: Any, other: Any) -> bool:
    one, other = _alike(one, other)
    return type(one) is type(other) and one == other


def _ordered(compare: Callable[[Any, Any], bool], one: Any, other: Any) -> bool | None:
    if one is None or other is None:
        return None
    one, other = _alike(one, other)
    return compare(one, other) if type(one) is type(other) and not isinstance(one, bool) else None


def _alike(one: Any, other: Any) -> tuple[Any, Any]:
    """Instants as numbers where both are; whole and other numbers as one kind."""
    if isinstance(one, datetime) != isinstance(other, datetime):
        one, other = _moment(one), _moment(other)
    one, other = _plain(one), _plain(other)
    return tuple(float(v) if type(v) is int else v for v in (one, other))  # type: ignore[return-value]


def _moment(value: Any) -> Any:
    """A row says its instants as text."""
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    return value


def _any(values: Iterator[Any]) -> bool | None:
    found = list(values)
    return True if True in found else None if None in found else False


def _all(values: Iterator[Any]) -> bool | None:
    found = list(values)
    return False if False in found else None if None in found else True


def _not(value: Any) -> bool | None:
    return None if value is None else value is not True
