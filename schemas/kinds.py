"""The registry of kinds, and the validation of their bodies: the authority that the compiled reader must agree with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from marshmallow import ValidationError

from schemas import (
    assignment,
    case,
    duty,
    flag,
    gate_pass,
    lists,
    ref_records,
    site,
    temperature_check,
    window,
    worker,
    worker_merge,
)
from schemas.bodies import Outcome, flatten, validate_entry_body
from schemas.fields import Body, Errors
from schemas.forms.conditions import ANYWHERE, Context
from schemas.forms.json_schema import body_json_schema
from schemas.forms.kind import FormKind
from schemas.forms.shipped import shipped_forms
from schemas.forms.validate import Verdict, validate_form_body
from schemas.json_schema import document
from schemas.kind import Kind
from schemas.lists import Lists

__all__ = [
    "KINDS",
    "SERVER_KINDS",
    "AnyKind",
    "Kind",
    "Kinds",
    "all_json_schemas",
    "json_schema",
    "kinds_knowing",
    "validate_body",
]

AnyKind = Kind | FormKind
Kinds = Mapping[str, AnyKind]

_FORMS = {form.code: FormKind(form) for form in shipped_forms()}
_ALL: tuple[AnyKind, ...] = (
    worker.KIND,
    temperature_check.KIND,
    _FORMS["disinfection_log"],
    gate_pass.KIND,
    case.KIND,
    _FORMS["inspection_round"],
    _FORMS["inspection_finding"],
    _FORMS["supply_movement"],
    worker_merge.KIND,
    site.KIND,
    assignment.KIND,
    duty.KIND,
    *ref_records.KINDS_OF_REF,
    window.KIND,
    flag.KIND,
)
# The kinds in code, and the first version of each form that was one. Other forms are in the book (book.py).
KINDS: Kinds = MappingProxyType({kind.name: kind for kind in _ALL})
SERVER_KINDS = tuple(kind.name for kind in _ALL if kind.nature == "server")


def kinds_knowing(known: Lists, spared: Iterable[str] = ()) -> Kinds:
    """All kinds where these lists are known (see lists.py), and some kind of site does not ask for these fields of a person;
    KINDS itself where that is what is shipped."""
    names = tuple(name for name in worker.SPARABLE if name in frozenset(spared))
    return KINDS if known == lists.SHIPPED and not names else _knowing(tuple(known.items()), names)


@lru_cache(maxsize=8)
def _knowing(known: tuple[tuple[str, tuple[str, ...]], ...], spared: tuple[str, ...]) -> Kinds:
    kinds = {name: kind.knowing(dict(known)) for name, kind in KINDS.items()}
    if spared:
        kinds["worker"] = replace(worker.KIND, spared=spared)
    return MappingProxyType(kinds)


def json_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of one kind's whole body. Raises KeyError for a name that is no kind."""
    return schema_of(KINDS[kind])


def schema_of(kind: AnyKind) -> dict[str, Any]:
    """The JSON Schema of a kind's whole body."""
    if isinstance(kind, FormKind):
        return body_json_schema(kind.form, kind.whole)
    return document(kind.title, kind.whole)


def all_json_schemas(kinds: Kinds = KINDS) -> dict[str, dict[str, Any]]:
    """The JSON Schema of every kind, by its name."""
    return {name: schema_of(kind) for name, kind in kinds.items()}


def validate_body(kind: str, act: str, body: Any, kinds: Kinds = KINDS) -> Outcome:
    """Validate the body of a pushed entry: (clean body, None, {}) or (None, code, {JSON pointer: [message]}).

    `add` and `amend` need the whole body, `edit` a part of it that is not empty, `void` none. An optional field may be
    null: in an edit that empties it, and stays in the clean body; elsewhere it says the same as its absence, and goes.
    Codes: unknown_kind, kind_not_allowed, bad_act, server_owned, body_invalid. Pointers are relative to the entry.
    Values are never converted nor repeated in a message. `kinds`: those of the installation (kinds_knowing).
    """
    known = kinds.get(kind)
    if known is None:
        return None, "unknown_kind", {"/kind": ["没有这种记录, 请升级应用后重试。"]}
    verdict = validate_of(known, act, body)
    return verdict.clean, verdict.code, verdict.errors


def validate_of(kind: AnyKind, act: str, body: Any, context: Context = ANYWHERE) -> Verdict:
    """The same of one kind, or of one version of a form."""
    if isinstance(kind, FormKind):
        return validate_form_body(kind, act, body, context)
    if kind.nature == "server":
        return Verdict(None, "kind_not_allowed", {"/kind": ["这种记录由服务器维护, 不能上报。"]})
    schema = kind.partial if act == "edit" else kind.whole
    return Verdict(*validate_entry_body(kind, act, body, lambda members: _field_errors(schema, members)))


def _field_errors(schema: Body, members: Mapping[str, Any]) -> Errors:
    try:
        schema.load(members)
    except ValidationError as error:
        return dict(flatten(error.messages))
    return {}
