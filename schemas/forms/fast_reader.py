"""The compiled reader of a form's bodies, as schemas/compiled.py has it for the kinds in code: it accepts only what the
strict reader accepts, with equal values, and gives None for anything else."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from marshmallow import Schema
from msgspec import Meta, Raw, Struct
from msgspec.structs import astuple

from schemas.compiled import LONG_NUMBER, NUMBER_MAX, UNREADABLE, Predicate, passes, pattern_check
from schemas.forms.conditions import Conditions, Context
from schemas.shapes import Shape, shapes_of


class FastReader:
    """Reads whole bodies of one form."""

    def __init__(self, schema: Schema, conditions: Conditions) -> None:
        shapes = shapes_of(schema)
        self._decode = msgspec.json.Decoder(_struct(type(schema).__name__, shapes)).decode
        self._checks = [(i, check) for i, shape in enumerate(shapes) for check in _checks(shape)]
        least = sum(len(f'"{shape.name}":""') for shape in shapes if not shape.optional)
        self._short_of = least + NUMBER_MAX  # what is shorter has no room for a needlessly long number
        self._conditions = conditions if conditions.has_any else None

    def read(self, text: Raw | bytes, context: Context) -> tuple[Struct, tuple[Any, ...]] | None:
        """The body and its values in order, if every rule holds; whether a name occurs twice is not seen here."""
        try:
            body = self._decode(text)
        except UNREADABLE:
            return None
        values = astuple(body)
        for i, check in self._checks:
            value = values[i]
            if value is not None and not check(value):
                return None
        if self._conditions is not None and not self._conditions.hold(list(values), context):
            return None
        written = bytes(text)
        if len(written) >= self._short_of and LONG_NUMBER.search(written) is not None:
            return None
        return body, values


def _struct(name: str, shapes: list[Shape]) -> type[Struct]:
    members = [(s.name, _type(s) | None, None) if s.optional else (s.name, _type(s)) for s in shapes]
    return msgspec.defstruct(f"Fast{name}", members, forbid_unknown_fields=True, gc=False, kw_only=True)


def _type(shape: Shape) -> Any:
    """The msgspec type of a field that is there."""
    if shape.choices is not None:
        return Literal[shape.choices]
    if shape.schema is not None:
        return _struct("Part", shapes_of(shape.schema))
    lengths = Meta(min_length=shape.min_length, max_length=shape.max_length)
    if shape.item is not None:
        return Annotated[list[_type(shape.item)], lengths]  # type: ignore[misc]
    if shape.type == "string":
        return Annotated[str, lengths]
    plain = {"boolean": bool, "number": float, "integer": int}[shape.type]
    return plain if shape.type == "boolean" else Annotated[plain, Meta(ge=shape.low, le=shape.high)]


def _checks(shape: Shape) -> list[Predicate]:
    """What msgspec can't say of a field, as predicates."""
    checks = [] if shape.pattern is None else [pattern_check(shape.pattern)]
    checks += [passes(check) for check in shape.checks]
    if shape.item is not None:
        inside = _checks(shape.item)
        checks += [_each(inside)] if inside else []
    if shape.schema is not None:
        checks += [
            _within(i, _checks(part)) for i, part in enumerate(shapes_of(shape.schema)) if _checks(part)
        ]
    return checks


def _each(checks: list[Predicate]) -> Predicate:
    return lambda items: all(check(item) for item in items for check in checks)


def _within(position: int, checks: list[Predicate]) -> Predicate:
    return lambda part: all(check(astuple(part)[position]) for check in checks)
