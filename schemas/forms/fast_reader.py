"""The compiled reader of a form's bodies, as schemas/compiled.py has it for the kinds in code: it accepts only what the
strict reader accepts, with equal values, and gives None for anything else."""

from __future__ import annotations

from typing import Any

import msgspec
from marshmallow import Schema
from msgspec import Raw, Struct
from msgspec.structs import astuple

from schemas.checks import LONG_NUMBER, NUMBER_MAX, UNREADABLE, checks_of, least_length, struct_of
from schemas.forms.conditions import Conditions, Context
from schemas.shapes import shapes_of


class FastReader:
    """Reads whole bodies of one form. `short_of`: what is shorter has no room for a needlessly long number."""

    def __init__(self, schema: Schema, conditions: Conditions) -> None:
        shapes = shapes_of(schema)
        self._decode = msgspec.json.Decoder(struct_of(type(schema).__name__, shapes)).decode
        self._checks = [(i, check) for i, shape in enumerate(shapes) for check in checks_of(shape)]
        self._conditions = conditions if conditions.has_any else None
        self.short_of = least_length(shapes) + NUMBER_MAX

    @property
    def asks(self) -> bool:
        """Whether a body is read in the context of its entry."""
        return self._conditions is not None and self._conditions.asks

    def read(self, text: Raw | bytes, context: Context) -> tuple[Struct, tuple[Any, ...]] | None:
        """The body and its values in order, if every rule holds; whether a name occurs twice is not seen here."""
        read = self.take(text, context)
        if read is None:
            return None
        written = bytes(text)
        if len(written) >= self.short_of and LONG_NUMBER.search(written) is not None:
            return None
        return read

    def take(self, text: Raw | bytes, context: Context) -> tuple[Struct, tuple[Any, ...]] | None:
        """The same for a caller who looks for needlessly long numbers."""
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
        return body, values
