"""The registry of kinds, and the validation of their bodies: the authority that the compiled reader must agree with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from marshmallow import ValidationError

from schemas import (
    assignment,
    case,
    disinfection_log,
    duty,
    flag,
    gate_pass,
    inspection_finding,
    inspection_round,
    lists,
    site,
    supply_movement,
    temperature_check,
    window,
    worker,
    worker_merge,
)
from schemas.fields import Body, Errors
from schemas.json_schema import document
from schemas.kind import Kind
from schemas.lists import Lists

__all__ = ["KINDS", "Kind", "Kinds", "all_json_schemas", "json_schema", "kinds_knowing", "validate_body"]

Kinds = Mapping[str, Kind]

_ERRORS_MAX = 50  # a body of a hundred thousand unknown fields must not become an answer of that size
_NAME_SHOWN_MAX = 40

_ALL = (
    worker.KIND,
    temperature_check.KIND,
    disinfection_log.KIND,
    gate_pass.KIND,
    case.KIND,
    inspection_round.KIND,
    inspection_finding.KIND,
    supply_movement.KIND,
    worker_merge.KIND,
    site.KIND,
    assignment.KIND,
    duty.KIND,
    window.KIND,
    flag.KIND,
)
KINDS: Kinds = MappingProxyType({kind.name: kind for kind in _ALL})


def kinds_knowing(known: Lists) -> Kinds:
    """All kinds where these lists are known (see lists.py); KINDS itself where they are what is shipped."""
    return KINDS if known == lists.SHIPPED else _knowing(tuple(known.items()))


@lru_cache(maxsize=8)
def _knowing(known: tuple[tuple[str, tuple[str, ...]], ...]) -> Kinds:
    return MappingProxyType({name: kind.knowing(dict(known)) for name, kind in KINDS.items()})


def json_schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of one kind's whole body. Raises KeyError for a name that is no kind."""
    return document(KINDS[kind].title, KINDS[kind].whole)


def all_json_schemas(kinds: Kinds = KINDS) -> dict[str, dict[str, Any]]:
    """The JSON Schema of every kind, by its name."""
    return {name: document(kind.title, kind.whole) for name, kind in kinds.items()}


def validate_body(
    kind: str, act: str, body: Any, kinds: Kinds = KINDS
) -> tuple[dict[str, Any] | None, str | None, Errors]:
    """Validate the body of a pushed entry: (clean body, None, {}) or (None, code, {JSON pointer: [message]}).

    `add` and `amend` need the whole body, `edit` a part of it that is not empty, `void` none. An optional field may be
    null: in an edit that empties it, and stays in the clean body; elsewhere it says the same as its absence, and goes.
    Codes: unknown_kind, kind_not_allowed, bad_act, server_owned, body_invalid. Pointers are relative to the entry.
    Values are never converted nor repeated in a message. `kinds`: those of the installation (kinds_knowing).
    """
    known = kinds.get(kind)
    if known is None:
        return None, "unknown_kind", {"/kind": ["没有这种记录, 请升级应用后重试。"]}
    if known.nature == "server":
        return None, "kind_not_allowed", {"/kind": ["这种记录由服务器维护, 不能上报。"]}
    if act not in known.acts:
        return None, "bad_act", {"/act": [f"这种记录只能用 {', '.join(known.acts)}。"]}
    if act == "void":
        return _judge_void(body)
    if not isinstance(body, Mapping):
        return None, "body_invalid", {"/body": ["正文应为一个 JSON 对象。"]}
    if act == "edit" and not body:
        return None, "body_invalid", {"/body": ["没有修改任何一项, 请写出修改的项。"]}
    code, errors = _judge_fields(known, body, known.partial if act == "edit" else known.whole)
    if code is not None:
        return None, code, errors
    if act == "edit":
        return dict(body), None, {}
    return {name: value for name, value in body.items() if value is not None}, None, {}


def _judge_void(body: Any) -> tuple[dict[str, Any] | None, str | None, Errors]:
    if body is None or body == {}:
        return {}, None, {}
    return None, "body_invalid", {"/body": ["作废不需要正文, 请去掉。"]}


def _judge_fields(known: Kind, body: Mapping[str, Any], schema: Body) -> tuple[str | None, Errors]:
    unknown = sorted(str(name) for name in body if name not in schema.fields)
    owned = [name for name in unknown if name in known.server_only]
    errors = {_pointer(name): ["没有这一项, 请去掉。"] for name in unknown[:_ERRORS_MAX]}
    errors.update({_pointer(name): ["这一项只能由服务器填写, 请去掉。"] for name in owned})
    try:
        schema.load({name: value for name, value in body.items() if name in schema.fields})
    except ValidationError as error:
        errors.update(_flatten(error.messages, "/body"))
    if not errors:
        return None, {}
    return "server_owned" if owned else "body_invalid", errors


def _flatten(messages: Any, pointer: str) -> Iterator[tuple[str, list[str]]]:
    if isinstance(messages, Mapping):
        for name, below in messages.items():
            yield from _flatten(below, f"{pointer}/{_escaped(str(name))}")
    else:
        yield pointer, list(dict.fromkeys(messages))


def _pointer(name: str) -> str:
    return f"/body/{_escaped(name)}"


def _escaped(name: str) -> str:
    """A name as a step of a JSON pointer (RFC 6901): shortened, and fit for UTF-8 whatever was sent."""
    shown = name if len(name) <= _NAME_SHOWN_MAX else name[:_NAME_SHOWN_MAX] + "…"
    return shown.encode("utf-8", "replace").decode("utf-8").replace("~", "~0").replace("/", "~1")
