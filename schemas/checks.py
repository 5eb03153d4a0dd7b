"""What compiled readers check of one field, made from its shape: msgspec types, and predicates for what these can't say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from marshmallow import ValidationError
from msgspec import Meta, Struct
from msgspec.structs import astuple

from schemas.fields import TEXT_PATTERN, UUID_PATTERN, Tenths
from schemas.shapes import Check, Shape, shapes_of

NUMBER_MAX = 24  # characters; readers of JSON disagree about longer ones
LONG_NUMBER = re.compile(rb'":[ \t\r\n]*-?[0-9][0-9.eE+-]{%d}' % (NUMBER_MAX - 1))
UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError)

Predicate = Callable[[Any], object]  # what it gives is true or false enough


def struct_of(name: str, shapes: Iterable[Shape]) -> type[Struct]:
    """The msgspec type of an object of these fields; those that are absent or null are None."""
    members = [
        (shape.name, _type(shape) | None, None) if shape.optional else (shape.name, _type(shape))
        for shape in shapes
    ]
    return msgspec.defstruct(f"Fast{name}", members, forbid_unknown_fields=True, gc=False, kw_only=True)


def least_length(shapes: Iterable[Shape]) -> int:
    """The length of the shortest body: only what it exceeds this by can be a number's needless digits."""
    members = [shape for shape in shapes if not shape.optional]
    return 1 + sum(len(f'"{shape.name}":,') + _least_value_length(shape) for shape in members)


def _least_value_length(shape: Shape) -> int:
    if shape.choices is not None:
        return min(map(len, shape.choices)) + 2
    if shape.pattern == UUID_PATTERN:
        return 38
    return 2 if shape.type == "string" else 1


def _type(shape: Shape) -> Any:
    """The msgspec type of a field that is there. Raises KeyError for a shape that no pushed kind has yet."""
    if shape.choices is not None:
        return Literal[shape.choices]
    if shape.schema is not None:
        return struct_of("Part", shapes_of(shape.schema))
    lengths = Meta(min_length=shape.min_length, max_length=shape.max_length)
    if shape.item is not None:
        return Annotated[list[_type(shape.item)], lengths]  # type: ignore[misc]
    if shape.type == "string":
        return Annotated[str, lengths]
    plain = {"boolean": bool, "number": float, "integer": int}[shape.type]
    return plain if shape.type == "boolean" else Annotated[plain, Meta(ge=shape.low, le=shape.high)]


def checks_of(shape: Shape) -> list[Predicate]:
    """What msgspec can't say of a field, as predicates."""
    checks = [] if shape.pattern is None else [pattern_check(shape.pattern)]
    checks += [_check(shape, check) for check in shape.checks]
    if shape.item is not None:
        inside = checks_of(shape.item)
        checks += [_each(inside)] if inside else []
    if shape.schema is not None:
        parts = enumerate(map(checks_of, shapes_of(shape.schema)))
        checks += [_within(i, some) for i, some in parts if some]
    return checks


def _each(checks: list[Predicate]) -> Predicate:
    return lambda items: all(check(item) for item in items for check in checks)


def _within(position: int, checks: list[Predicate]) -> Predicate:
    return lambda part: all(check(astuple(part)[position]) for check in checks)


def pattern_check(pattern: str) -> Predicate:
    """Whether a text is wholly of a pattern."""
    if pattern == UUID_PATTERN:
        return is_uuid
    match = re.compile(pattern).fullmatch
    if pattern == TEXT_PATTERN:  # nearly every text is printable, which is quicker to see
        return lambda text: (text.isprintable() and text.strip(" ") != "") or match(text)
    return match


def _check(shape: Shape, check: Check) -> Predicate:
    if isinstance(check, Tenths) and shape.low is not None and shape.high is not None:
        tenths = range(round(shape.low * 10), round(shape.high * 10) + 1)
        if len(tenths) <= _TENTHS_MAX:
            return frozenset(i / 10 for i in tenths).__contains__
    return _passes(check)


def _passes(check: Check) -> Predicate:
    """A check that raises for what is wrong, as a predicate."""

    def is_right(value: Any) -> bool:
        try:
            check(value)
        except ValidationError:
            return False
        return True

    return is_right


_TENTHS_MAX = 10_000  # of a set of all values that there are; a form's decimal may have billions
match_uuid = re.compile(UUID_PATTERN).fullmatch


@lru_cache(maxsize=65_536)  # workers and sites come over and over
def is_uuid(text: str) -> bool:
    return match_uuid(text) is not None
