"""The fields of a roster, in the order in which people fill them in, as `schemas/worker.py` declares them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from marshmallow import ValidationError
from marshmallow.fields import Field

from schemas.column import Column, Reads
from schemas.kinds import KINDS
from schemas.shapes import Shape, shapes_of
from schemas.worker import SPARABLE

_USUAL_WRONG: Mapping[Reads, str] = {
    "text": "text_long",
    "date": "date_form",
    "choice": "value_unknown",
    "yes_no": "yes_no_unknown",
}
TEXT_MAX = 500  # characters of a cell for a field that has no length of its own


@dataclass(frozen=True)
class RosterField:
    """One field with its column. `reads` and `wrong`: as the column says, else as the type of the field does."""

    name: str
    title: str
    column: Column
    reads: Reads
    wrong: str
    words: Mapping[str, str]
    max_length: int
    field: Field[object]

    def fits(self, value: object) -> bool:
        """Whether the field may hold this value."""
        try:
            self.field.deserialize(value)
        except ValidationError:
            return False
        return True


def _reads(shape: Shape) -> Reads:
    if shape.type in ("number", "integer"):
        return "number"
    if shape.type == "boolean":
        return "yes_no"
    if shape.words is not None:
        return "choice"
    return "date" if shape.format == "date" else "text"


def _fields() -> dict[str, RosterField]:
    whole, found = KINDS["worker"].whole, {}
    for shape in shapes_of(whole):
        field = whole.fields[shape.name]
        column = field.metadata.get("column")
        if column is None:
            continue
        reads = column.reads or _reads(shape)
        wrong = column.wrong or _USUAL_WRONG.get(reads, "value_unfit")
        length = shape.max_length or TEXT_MAX
        found[shape.name] = RosterField(
            shape.name, shape.title, column, reads, wrong, shape.words or {}, length, field
        )
    return found


COLUMNS: Mapping[str, RosterField] = _fields()
FIELDS: Mapping[str, str] = {name: one.title for name, one in COLUMNS.items()}
# Without these a row of the usual kinds of sites is rejected.
REQUIRED = tuple(name for name, one in COLUMNS.items() if one.column.missing)
USUALLY_ASKED = frozenset(SPARABLE)
# Of these one value may be true of everybody.
GIVABLE = tuple(name for name, one in COLUMNS.items() if one.column.given)


def missing_problem(one: RosterField, asked: Collection[str]) -> str | None:
    """The problem of an empty cell; None where it may be empty. `asked`: the fields for which this kind of site asks, of
    those in which kinds of sites differ."""
    if one.name in asked:
        return one.column.missing or "value_missing"
    return None if one.name in SPARABLE else one.column.missing


def required_columns(asked: Collection[str]) -> tuple[str, ...]:
    """The fields that need a column at such a site. What follows from other cells needs none."""
    known = {name for name, one in COLUMNS.items() if one.column.known or one.reads == "trade"}
    return tuple(
        name for name, one in COLUMNS.items() if missing_problem(one, set(asked) - known) is not None
    )


def shown(name: str, value: object) -> str:
    """A field's value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    return COLUMNS[name].words.get(str(value), str(value)) if name in COLUMNS else str(value)
