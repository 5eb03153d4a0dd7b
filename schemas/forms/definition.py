"""A form as it is published: a closed value, and its strict JSON, which tablets, validator and exports read.

What is left at its default is not written. The bytes are canonical: one form has one spelling, which can be hashed.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import force_setattr

from schemas.expressions.check import Tree
from schemas.expressions.tree import tree_of
from schemas.places import PLACE_ID, PLACE_ID_TITLE

Nature = Literal["fact", "register"]
Mask = Literal["name", "phone", "certificate"]
Mark = Literal["F", "M", "P"]
# fmt: off
ItemType = Literal[
    "text", "integer", "decimal", "date", "time", "dateTime", "select_one", "select_multiple", "acknowledge",
    "geopoint", "image", "file", "select_one_from_file", "note", "calculate", "group",
]
Role = Literal[
    "place", "worker", "parent", "slot", "amount", "started", "ended", "valid_from", "valid_to", "result", "point", "seen",
]
# fmt: on
Writer = Literal["inspector", "supervisor", "contractor", "section", "brigade", "gate", "platform"]
Words = dict[str, dict[str, str]]  # other languages: language → what → text

_TREES = ("relevant", "required", "constraint", "calculation")


class Choice(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One name of a closed list. `to`: from that day on it is no longer offered; it stays valid."""

    name: str
    label: str
    to: str | None = None
    words: Words = {}


class Item(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One row of the survey, in its order. `group`: the name of the group that it is in. Whether a number's bounds are in
    `low` and `high` or in `constraint`, `constraint_message` is what people read.

    `list`: of choices; `file`: the list of reference data or records that an id is chosen from; `kinds`: the kinds of
    places that are offered; `gives`: the type of a calculation; `default`: a value, or ["today"].
    """

    type: ItemType
    name: str
    label: str
    group: str | None = None
    hint: str | None = None
    relevant: Any = None
    required: Any = False
    required_message: str | None = None
    constraint: Any = None
    constraint_message: str | None = None
    calculation: Any = None
    gives: str | None = None
    low: int | float | None = None
    high: int | float | None = None
    decimals: int | Literal["any"] | None = None
    max: int | None = None
    pattern: Literal["phone", "plate", "credit_code", "report_number"] | None = None
    unit: str | None = None
    list: str | None = None
    file: str | None = None
    kinds: tuple[str, ...] = ()
    role: Role | None = None
    mask: Mask | None = None
    keep: bool = False
    default: Any = None
    max_pixels: int | None = None
    to: str | None = None
    words: Words = {}

    def __post_init__(self) -> None:
        """What was read from JSON has arrays for trees. Raises ValueError for what is no tree."""
        for name in _TREES:
            value = getattr(self, name)
            if value not in (None, True, False):
                force_setattr(self, name, tree_of(value))

    @property
    def is_field(self) -> bool:
        """Whether it is in a body."""
        return self.type not in ("note", "calculate", "group")


_PLACE_ID = Item("select_one_from_file", PLACE_ID, PLACE_ID_TITLE, file="places")


class Form(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"since": "from"}):
    """One version of a form. `since`, `to`: from which day on, and until which, tablets offer it."""

    code: str
    version: int
    title: str
    nature: Nature
    mark: Mark
    source: str
    since: str
    site_kinds: tuple[str, ...]
    writers: tuple[Writer, ...]
    items: tuple[Item, ...]
    lists: dict[str, tuple[Choice, ...]] = {}
    sealed: bool = True
    health: bool = True  # of a sealed form: whether it says something of people's health, contacts or travels
    to: str | None = None
    icon: str | None = None

    @property
    def fields(self) -> tuple[Item, ...]:
        """What is in a body, in its order. A form that asks for a kind of place takes the place's id as well, which
        an app writes of the place that a person chose."""
        found = tuple(item for item in self.items if item.is_field)
        named = {item.name: item for item in found if item.name == "place" or item.role == "place"}
        is_by_kind = any(item.type == "select_one" for item in named.values())
        return (
            (*found, _PLACE_ID) if is_by_kind and not any(item.file == "places" for item in found) else found
        )

    def choices(self, item: Item) -> tuple[str, ...]:
        """The names that a choice may have, retired ones too."""
        return tuple(choice.name for choice in self.lists[item.list]) if item.list is not None else ()


_decode = msgspec.json.Decoder(Form).decode


def written(form: Form) -> bytes:
    """The canonical JSON of a form."""
    return msgspec.json.encode(form)


def read(text: bytes) -> Form:
    """A form from its JSON. Raises ValueError for anything that `written` would not write."""
    form = _decode(text)
    if written(form) != text:
        raise ValueError("not in canonical form")
    return form


def conditions_of(item: Item) -> tuple[Tree, ...]:
    """All trees of an item."""
    trees = (getattr(item, name) for name in _TREES)
    return tuple(tree for tree in trees if isinstance(tree, tuple))
