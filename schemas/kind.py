"""A kind of record: one declaration, from which everything else that must know the kind derives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from schemas import limits, lists
from schemas.fields import Body
from schemas.lists import Lists
from schemas.places import PlaceFields, place_fields
from schemas.privacy import OPEN, undeclared

Nature = Literal["fact", "register", "server"]
MergeRule = Literal["latest", "keep"]

ACTS: Mapping[Nature, tuple[str, ...]] = {
    "fact": ("add", "amend", "void"),
    "register": ("add", "edit", "void"),
    "server": (),
}
# What the server knows of any record and adds to a body; the last ones mark what became of it.
SERVER_ONLY = frozenset(
    ("id", "rev", "seq", "state", "at", "by", "device", "backfilled")
    + ("amends", "amended_by", "voided", "void", "contested", "contested_values", "merged_into")
)
SUBJECTS = ("place", "worker", "parent", "item")  # roles of the field that says what a record is about


@dataclass(frozen=True)
class Kind:
    """One kind of record: the fields of its body say the rest (schemas/fields.py: Said). Raises TypeError for fields whose
    privacy nobody decided (see schemas/privacy.py), and for slots that a record has no room for.

    `sealed`: lines and bodies hold identity or health data and are encrypted at rest. `of_work`: they say who
    works or worked where, and nothing of anybody's health. `own`: only the server writes such
    entries, for a person at the console. `icon`: its name in the app. `known`: the lists that are reference data. `spared`:
    fields that some kind of site does not ask for.
    Derived: `merge_rules`, for each field of a register, who wins when two people changed it; `server_only`: names that only
    the server writes; `since`: the schema version of each field that came later; `subject_field` and `slot_field`: what
    duties are judged by; `place_fields`: what says which place a fact names.
    """

    masks_facts: ClassVar[bool] = (
        False  # only forms may say that a fact is served otherwise than it was written
    )
    version: ClassVar[int | None] = None  # of a form

    name: str
    title: str
    nature: Nature
    schema: type[Body]
    sealed: bool = False
    of_work: bool = False
    own: bool = False
    icon: str = "record"
    known: Lists = field(default_factory=lambda: lists.SHIPPED, repr=False, compare=False)
    spared: tuple[str, ...] = ()
    merge_rules: Mapping[str, MergeRule] = field(init=False, repr=False, compare=False)
    server_only: frozenset[str] = field(init=False, repr=False)
    since: Mapping[str, str] = field(init=False, repr=False, compare=False)
    subject_field: str | None = field(init=False, repr=False)
    slot_field: str | None = field(init=False, repr=False)
    place_fields: PlaceFields | None = field(init=False, repr=False, compare=False)
    whole: Body = field(init=False, repr=False, compare=False)
    partial: Body = field(init=False, repr=False, compare=False)

    @property
    def health(self) -> bool:
        """Whether its records say something of people's health, contacts or travels, and are erased with time."""
        return self.sealed and not self.of_work

    def __post_init__(self) -> None:
        whole = self.schema(known=self.known, spared=self.spared)
        derived: dict[str, Any] = {
            "whole": whole,
            "partial": self.schema(known=self.known, spared=self.spared, partial=True),
            "merge_rules": _merge_rules(whole) if self.nature == "register" else MappingProxyType({}),
            "server_only": SERVER_ONLY | _served_only(self.schema),
            "since": {
                name: one.metadata["since"] for name, one in whole.fields.items() if "since" in one.metadata
            },
            "subject_field": with_role(whole, *SUBJECTS) if self.nature == "fact" else None,
            "slot_field": with_role(whole, "slot") if self.nature == "fact" else None,
        }
        derived["place_fields"] = (
            place_fields(whole, derived["subject_field"]) if self.nature == "fact" else None
        )
        for name, value in derived.items():
            object.__setattr__(self, name, value)
        names = whole.fields[self.slot_field].metadata.get("words", ()) if self.slot_field else ()
        if any(len(name) > limits.RECORD_SLOT_MAX for name in names):
            raise TypeError(f"{self.name}: a slot's name has at most {limits.RECORD_SLOT_MAX} characters")
        unsaid = undeclared(self.fields, self.schema.privacy, self.sealed)
        masked = [name for name, policy in self.schema.privacy.items() if policy != OPEN]
        if unsaid or (masked and self.nature != "register"):  # a fact is served as it was written
            raise TypeError(f"{self.name}: fields without a usable privacy policy: {unsaid or masked}")

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the body's fields, in the order of the wire contract."""
        return tuple(self.whole.fields)

    @property
    def acts(self) -> tuple[str, ...]:
        """What a device may do with such records."""
        return ACTS[self.nature]

    def knowing(self, known: Lists) -> Kind:
        """The same kind where other lists are known; itself, unless that says anything else of a field."""
        declared = (one.metadata for one in self.whole.fields.values())
        closed = {str(metadata["closed"]) for metadata in declared if "closed" in metadata}
        return self if all(known[noun] == self.known[noun] for noun in closed) else replace(self, known=known)


def _merge_rules(shape: Body) -> Mapping[str, MergeRule]:
    return MappingProxyType({name: one.metadata.get("merge", "latest") for name, one in shape.fields.items()})


def _served_only(schema: type[Body]) -> frozenset[str]:
    """The names under which the server serves what it masked or digested."""
    names = {name for policy in schema.privacy.values() for name in (policy.served_as, policy.digest_as)}
    return frozenset(name for name in names if name)


def with_role(shape: Body, *roles: str) -> str | None:
    return next((name for name, one in shape.fields.items() if one.metadata.get("role") in roles), None)
