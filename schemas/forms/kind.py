"""A published form as a kind of records: what the server asks of a kind, and the readers of its bodies, made when they
are first needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from marshmallow import ValidationError

from schemas import lists
from schemas.fields import Body
from schemas.forms.body_schema import body_schema
from schemas.forms.conditions import Conditions, Context, Finding
from schemas.forms.definition import Form
from schemas.forms.fast_reader import FastReader
from schemas.kind import ACTS, SERVER_ONLY, SUBJECTS, with_role
from schemas.lists import Lists
from schemas.places import PlaceFields, place_fields

# Sealed forms about who did which work. They were published before a form could say so itself (`health`), and what is
# published never changes: no later form belongs here.
_OF_WORK = frozenset(("guard_shift", "inspection_round", "responsible_person"))


@dataclass(frozen=True)
class FormKind:
    """One version of a form. It has the members of `schemas.kind.Kind`, and `form`."""

    form: Form
    known: Lists = field(default_factory=lambda: lists.SHIPPED, repr=False, compare=False)
    own = False
    since: ClassVar[Mapping[str, str]] = MappingProxyType({})  # a form is later than the first schema anyway

    @property
    def name(self) -> str:
        return self.form.code

    @cached_property
    def version(self) -> int | None:
        return self.form.version

    @property
    def title(self) -> str:
        return self.form.title

    @property
    def icon(self) -> str:
        return self.form.icon or "record"

    @cached_property
    def nature(self) -> Literal["fact", "register", "server"]:
        return self.form.nature

    @cached_property
    def sealed(self) -> bool:
        return self.form.sealed

    @property
    def health(self) -> bool:
        """Whether its records say something of people's health, contacts or travels, and are erased with time."""
        return self.sealed and self.form.health and self.form.code not in _OF_WORK

    @property
    def acts(self) -> tuple[str, ...]:
        return ACTS[self.form.nature]

    @property
    def server_only(self) -> frozenset[str]:
        return SERVER_ONLY

    @cached_property
    def fields(self) -> tuple[str, ...]:
        return tuple(item.name for item in self.form.fields)

    @cached_property
    def masks_facts(self) -> bool:
        """Whether a fact is served otherwise than it was written."""
        return self.nature == "fact" and any(item.mask is not None for item in self.form.fields)

    @cached_property
    def subject_field(self) -> str | None:
        """The first field that says what a record is about."""
        return with_role(self.whole, *SUBJECTS) if self.nature == "fact" else None

    @cached_property
    def slot_field(self) -> str | None:
        return with_role(self.whole, "slot") if self.nature == "fact" else None

    @cached_property
    def place_fields(self) -> PlaceFields | None:
        """What says which place a fact names."""
        return place_fields(self.whole, self.subject_field) if self.nature == "fact" else None

    @cached_property
    def merge_rules(self) -> Mapping[str, Literal["latest", "keep"]]:
        return dict.fromkeys(self.fields, "latest") if self.nature == "register" else {}

    @cached_property
    def schema(self) -> type[Body]:
        return body_schema(self.form)

    @cached_property
    def whole(self) -> Body:
        return self.schema(known=self.known)

    @cached_property
    def partial(self) -> Body:
        return self.schema(known=self.known, partial=True)

    @cached_property
    def conditions(self) -> Conditions:
        return Conditions(self.form)

    @cached_property
    def fast(self) -> FastReader:
        return FastReader(self.whole, self.conditions)

    def knowing(self, known: Lists) -> FormKind:
        """The same where other lists are known; itself, unless that says anything else of a field."""
        declared = (one.metadata for one in self.whole.fields.values())
        closed = {str(metadata["closed"]) for metadata in declared if "closed" in metadata}
        return self if all(known[noun] == self.known[noun] for noun in closed) else replace(self, known=known)

    def errors(
        self, body: Mapping[str, Any], act: str, context: Context
    ) -> tuple[dict[str, Any], tuple[Finding, ...]]:
        """What is wrong with a body that has no unknown names: of fields by themselves, as a tree that marshmallow gives;
        and of fields together."""
        schema = self.partial if act == "edit" else self.whole
        messages: dict[str, Any] = {}
        try:
            valid = schema.load(body)
        except ValidationError as error:
            messages = dict(error.messages) if isinstance(error.messages, dict) else {}
            found = error.valid_data if isinstance(error.valid_data, dict) else {}
            valid = {name: value for name, value in found.items() if name not in messages}
        return messages, tuple(self._findings(body, valid, act, context))

    def _findings(
        self, sent: Mapping[str, Any], valid: Mapping[str, Any], act: str, context: Context
    ) -> Iterator[Finding]:
        if act != "edit":
            values = [valid.get(name) for name in self.fields]
            yield from self.conditions.findings(values, [sent.get(name) for name in self.fields], context)
            return
        for name, value in valid.items():
            if value is not None:
                yield from self.conditions.of_one(name, value, context)
