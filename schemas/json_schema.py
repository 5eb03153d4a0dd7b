"""JSON Schema (2020-12) of a body, generated. It says what marshmallow says as far as JSON Schema can:
check characters, days that the calendar lacks, and what fields say together stay with the server."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema

from schemas.fields import Tenths
from schemas.shapes import Shape, shapes_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def document(title: str, schema: Schema) -> dict[str, Any]:
    """The JSON Schema of a whole body, as a document of its own."""
    return {"$schema": DIALECT, "title": title, **_object(schema)}


def _object(schema: Schema) -> dict[str, Any]:
    shapes = shapes_of(schema)
    return {
        "type": "object",
        "properties": {shape.name: _property(shape) for shape in shapes},
        "required": [shape.name for shape in shapes if not shape.optional],
        "additionalProperties": False,
    }


def _property(shape: Shape) -> dict[str, Any]:
    if shape.schema is not None:
        said = _object(shape.schema)
    else:
        said = {"type": shape.type, **_constraints(shape)}
    if shape.optional:
        said["type"] = [said["type"], "null"]
    about = {} if shape.hint is None else {"description": shape.hint}
    return {"title": shape.title, **about, **said}


def _constraints(shape: Shape) -> dict[str, Any]:
    lengths = ("minItems", "maxItems") if shape.type == "array" else ("minLength", "maxLength")
    said = {
        "enum": None if shape.choices is None else [*shape.choices, *([None] if shape.optional else [])],
        lengths[0]: shape.min_length,
        lengths[1]: shape.max_length,
        "minimum": shape.low,
        "maximum": shape.high,
        "multipleOf": 0.1 if any(isinstance(check, Tenths) for check in shape.checks) else None,
        "pattern": shape.pattern,
        "format": shape.format,
        "items": None if shape.item is None else _property(shape.item),
    }
    return {name: value for name, value in said.items() if value is not None}
