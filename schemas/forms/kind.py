"""A published form as a kind of records: what the server asks of a kind, and the readers of its bodies, made when they
are first needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from marshmallow import ValidationError

from schemas.fields import Body
from schemas.forms.body_schema import body_schema
from schemas.forms.conditions import Conditions, Context, Finding
from schemas.forms.definition import Form
from schemas.forms.fast_reader import FastReader
from schemas.kinds import KINDS
from schemas.places import PLACE_ID, PlaceFields, place_fields
from schemas.privacy import OPEN, Privacy

_ACTS: Mapping[str, tuple[str, ...]] = {"fact": ("add", "amend", "void"), "register": ("add", "edit", "void")}
_MASKS: Mapping[str, Privacy] = {
    "name": Privacy("whole"),
    "phone": Privacy("phone"),
    "certificate": Privacy("certificate"),
}
# Which field a record is about where no role says it: of a kind that was code before.
_SUBJECTS = {"supply_movement": "item"}


@dataclass(frozen=True)
class FormKind:
    """One version of a form. It has the members of `schemas.kinds.Kind`, and `form`."""

    form: Form
    own = False

    @property
    def name(self) -> str:
        return self.form.code

    @property
    def title(self) -> str:
        return self.form.title

    @property
    def nature(self) -> Literal["fact", "register", "server"]:
        return self.form.nature

    @property
    def sealed(self) -> bool:
        return self.form.sealed

    @property
    def acts(self) -> tuple[str, ...]:
        return _ACTS[self.form.nature]

    @property
    def server_only(self) -> frozenset[str]:
        return KINDS["temperature_check"].server_only

    @cached_property
    def fields(self) -> tuple[str, ...]:
        return tuple(item.name for item in self.form.fields)

    @cached_property
    def roles(self) -> Mapping[str, str]:
        """By role, the field that has it."""
        return {item.role: item.name for item in self.form.fields if item.role is not None}

    @property
    def subject_field(self) -> str | None:
        """The first field that says what a record is about."""
        named = (item.name for item in self.form.fields if item.role in ("place", "worker", "parent"))
        return next(named, _SUBJECTS.get(self.name))

    @property
    def slot_field(self) -> str | None:
        return self.roles.get("slot")

    @cached_property
    def place_fields(self) -> PlaceFields | None:
        """What says which place a fact names."""
        if self.nature != "fact":
            return None
        found = place_fields(self.whole, self.subject_field)
        kind = self.roles.get("place")
        return found._replace(kind=kind) if found is not None and kind not in (None, PLACE_ID) else found

    @cached_property
    def merge_rules(self) -> Mapping[str, Literal["latest", "keep"]]:
        return dict.fromkeys(self.fields, "latest") if self.nature == "register" else {}

    @cached_property
    def privacy(self) -> Mapping[str, Privacy]:
        return {item.name: _MASKS[item.mask] if item.mask is not None else OPEN for item in self.form.fields}

    @cached_property
    def schema(self) -> type[Body]:
        return body_schema(self.form)

    @cached_property
    def whole(self) -> Body:
        return self.schema()

    @cached_property
    def partial(self) -> Body:
        return self.schema(partial=True)

    @cached_property
    def conditions(self) -> Conditions:
        return Conditions(self.form)

    @cached_property
    def fast(self) -> FastReader:
        return FastReader(self.whole, self.conditions)

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
