"""What a marshmallow schema says, read out of its fields and validators as plain values.

Two things are made from it: JSON Schema (json_schema.py) and the compiled reader (compiled.py). A validator that has
no plain form stays in `checks`; the compiled reader must run it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from marshmallow import Schema, fields, validate

from schemas.fields import (
    Pattern,
    StrictBoolean,
    StrictInteger,
    StrictList,
    StrictNested,
    StrictNumber,
    StrictString,
)

Type = Literal["string", "boolean", "number", "integer", "array", "object"]
Check = Callable[[Any], Any]
_DECLARED = ("format", "words", "noun", "hint", "role", "refers")  # as metadata
_TYPES: dict[type[fields.Field[Any]], Type] = {
    StrictString: "string",
    StrictBoolean: "boolean",
    StrictNumber: "number",
    StrictInteger: "integer",
    StrictList: "array",
    StrictNested: "object",
}


@dataclass(frozen=True)
class Shape:
    """One field. Bounds are inclusive; `item` is an array's, `schema` an object's. `words`: of a closed list, name → word;
    `noun`: the file of reference data that has the words; `hint`, `role`, `refers`: see schemas/fields.py: Said."""

    name: str
    title: str
    type: Type
    optional: bool
    format: str | None = None
    choices: tuple[str, ...] | None = None
    min_length: int | None = None
    max_length: int | None = None
    low: float | None = None
    high: float | None = None
    pattern: str | None = None
    checks: tuple[Check, ...] = ()
    item: Shape | None = None
    schema: Schema | None = None
    words: Mapping[str, str] | None = None
    noun: str | None = None
    hint: str | None = None
    role: str | None = None
    refers: str | None = None


def shapes_of(schema: Schema) -> list[Shape]:
    """The shapes of a schema's fields, in their order. Raises KeyError for a field of a class that is not ours."""
    return [_shape(name, field) for name, field in schema.fields.items()]


def _shape(name: str, field: fields.Field[Any]) -> Shape:
    said: dict[str, Any] = {name: field.metadata.get(name) for name in _DECLARED}
    checks: list[Check] = []
    for validator in field.validators:
        plain = _plain(validator)
        if plain is None or any(said.get(name) is not None for name in plain):
            checks.append(validator)
        else:
            said.update(plain)
    return Shape(
        name=name,
        title=str(field.metadata.get("title", name)),
        type=_TYPES[type(field)],
        optional=not field.required,
        checks=tuple(checks),
        item=_shape("", field.inner) if isinstance(field, fields.List) else None,
        schema=field.schema if isinstance(field, fields.Nested) else None,
        **said,
    )


def _plain(validator: Check) -> dict[str, Any] | None:
    """A validator as values of a Shape; None when it has no such form."""
    if isinstance(validator, validate.OneOf):
        return {"choices": tuple(validator.choices)}
    if isinstance(validator, validate.Length) and validator.equal is None:
        return _given(min_length=validator.min or None, max_length=validator.max)
    if isinstance(validator, validate.Range) and validator.min_inclusive and validator.max_inclusive:
        return _given(low=validator.min, high=validator.max)
    if isinstance(validator, Pattern):
        return {"pattern": str(validator.regex.pattern)}
    return None


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
