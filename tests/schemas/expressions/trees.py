"""Typed trees and what they are evaluated in, made at random: every operation, and every value that a field may hold."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from schemas.expressions.check import Tree

Case = dict[str, Any]

_NUMBERS = (
    st.integers(-(10**9) - 1, 10**9 + 1)
    | st.floats(-1e9, 1e9)
    | st.sampled_from(
        (0, 1, -1, 0.1, 0.2, 0.3, 5e-7, -5e-7, 4.99e-7, 1e-9, 5e-324, 1e300, 999_999_999.9999996)
    )
    | st.decimals(-1000, 1000, places=9).map(float)
)
_TEXTS = st.sampled_from(("", "a", "a ", "steel", "𤭢", "2021-12-01", "07:30"))
_CHOICES = st.lists(st.sampled_from(("steel", "food", "empty")), max_size=3, unique=True)
_DATES = st.dates().map(str) | st.sampled_from(
    ("2021-02-29", "0000-01-01", "2020-02-29", "2021-12-01\n", "9999-12-31")
)
_TIMES = st.times().map(lambda time: time.strftime("%H:%M")) | st.sampled_from(
    ("7:30", "24:00", "00:00", "23:59")
)
_INSTANTS = st.builds(
    lambda moment, fraction, zone: f"{moment.isoformat(timespec='seconds')}{fraction}{zone}",
    st.datetimes(),
    st.sampled_from(("", ".1", ".120", ".999999", ".1234567")),
    st.sampled_from(("Z", "+08:00", "-03:30", "+24:00", "")),
)
_VALUES = {
    "number": _NUMBERS,
    "text": _TEXTS,
    "date": _DATES,
    "time": _TIMES,
    "instant": _INSTANTS,
    "choices": _CHOICES,
    "ack": st.sampled_from((True, False, "OK")),
    "any": _TEXTS | _CHOICES,
}
_ODD = st.sampled_from((None, "", [], {"a": 1}, True, 7, 7.5, "x", ["x"]))


def _fields(read: str) -> st.SearchStrategy[Tree]:
    names = [f"{read}_{i}" for i in range(3)]
    return st.sampled_from([("field", name, read) for name in names] + [("self", read)])


@st.composite
def _trees(draw: st.DrawFn, kind: str, depth: int) -> Tree:
    """A tree of one type, not deeper than `depth`."""
    makers = _LEAVES[kind] if depth <= 1 else _LEAVES[kind] + _NODES.get(kind, [])
    return draw(draw(st.sampled_from(makers))(depth - 1))


def _of(kind: str, depth: int) -> st.SearchStrategy[Tree]:
    return _trees(kind, depth)


def _comparisons(depth: int) -> st.SearchStrategy[Tree]:
    by = st.sampled_from(
        (("number", "number"), ("text", "text"), ("text", "date"), ("text", "time"), ("instant", "instant"))
    )
    ops = st.sampled_from(("=", "!=", "<", "<=", ">", ">="))
    return by.flatmap(lambda pair: st.tuples(ops, st.just(pair[0]), _of(pair[1], depth), _of(pair[1], depth)))


def _either(kind: str) -> list[Any]:
    return [
        lambda depth: st.tuples(st.just("coalesce"), _of(kind, depth), _of(kind, depth)),
        lambda depth: st.tuples(st.just("if"), _of("bool", depth), _of(kind, depth), _of(kind, depth)),
    ]


_PRESENT = st.sampled_from(tuple(_VALUES))
_LEAVES: dict[str, list[Any]] = {
    **{kind: [lambda _, kind=kind: _fields(kind)] for kind in _VALUES},
    "bool": [
        lambda _: st.tuples(st.sampled_from(("unanswered", "answered")), _PRESENT.flatmap(_fields)),
        lambda _: st.tuples(st.just("selected"), _fields("choices"), st.sampled_from(("steel", "none"))),
    ],
}
_LEAVES["number"] += [
    lambda _: st.tuples(st.just("number"), _NUMBERS),
    lambda _: st.tuples(st.just("count"), _fields("choices")),
    lambda _: st.tuples(st.just("rule"), st.sampled_from(("known", "unknown"))),
]
_LEAVES["text"] += [lambda _: st.tuples(st.just("text"), _TEXTS.filter(bool)), lambda _: _fields("ack")]
_LEAVES["date"] += [lambda _: st.just(("today",))]
_NODES: dict[str, list[Any]] = {
    "bool": [
        _comparisons,
        lambda depth: st.tuples(st.just("not"), _of("bool", depth)),
        lambda depth: st.tuples(st.sampled_from(("and", "or")), _of("bool", depth), _of("bool", depth)),
        lambda depth: st.tuples(
            st.sampled_from(("unanswered", "answered")),
            st.sampled_from(("number", "text")).flatmap(lambda kind: _of(kind, depth)),
        ),
    ],
    "number": [
        *_either("number"),
        lambda depth: st.tuples(
            st.sampled_from(("+", "-", "*", "div")), _of("number", depth), _of("number", depth)
        ),
        lambda depth: st.tuples(st.just("neg"), _of("number", depth)),
        lambda depth: st.tuples(st.just("days"), _of("date", depth), _of("date", depth)),
        lambda depth: st.tuples(st.just("minutes"), st.just("time"), _of("time", depth), _of("time", depth)),
        lambda depth: st.tuples(
            st.just("minutes"), st.just("instant"), _of("instant", depth), _of("instant", depth)
        ),
    ],
    **{kind: _either(kind) for kind in ("text", "date", "time", "instant")},
}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A tree, and all that it may ask for."""
    kind = draw(st.sampled_from(("bool", "bool", "number", "number", "text", "date", "time", "instant")))
    tree = draw(_of(kind, draw(st.integers(1, 5))))
    values = {
        f"{read}_{i}": draw(made | _ODD)
        for read, made in _VALUES.items()
        for i in range(3)
        if draw(st.booleans())
    }
    today = draw(st.none() | _DATES)
    return {
        "tree": tree,
        "values": values,
        "own": draw(_ODD | _NUMBERS),
        "today": today,
        "rule": draw(st.none() | _NUMBERS),
    }
