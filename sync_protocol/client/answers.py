"""A push's answer, read into values. A server that breaks the contract must not break the tablet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


class BadAnswer(Exception):
    """The answer is not what SPEC.md promises. Nothing of it is used."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one entry. `id` is empty for a line that the server could not read; then `line` names
    it (the header is line 0). For a `duplicate`, `outcome` is already the first one."""

    id: str
    line: int | None
    outcome: str
    rev: int | None
    code: str
    errors: str


@dataclass(frozen=True, slots=True)
class StreamAnswer:
    """How far the server has this device's stream: highest `n` received, its hash, the holes below it."""

    n: int
    hash: str
    missing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PushAnswer:
    outcomes: tuple[Outcome, ...]
    streams: Mapping[str, StreamAnswer]
    receipt_at: str
    receipt_sig: str
    beacon: str | None
    server_time: str | None


def load_object(text: bytes) -> dict[str, Any]:
    """A JSON object. Raises BadAnswer for anything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadAnswer("not JSON") from error
    return dict(_mapping(value, "the answer"))


def read_push_answer(text: bytes) -> PushAnswer:
    """Raises BadAnswer."""
    document = load_object(text)
    receipt = _mapping(document.get("receipt"), "receipt")
    streams = _mapping(document.get("streams"), "streams")
    return PushAnswer(
        outcomes=tuple(_outcome(item) for item in _sequence(document.get("outcomes"), "outcomes")),
        streams={scope: _stream(_mapping(value, scope)) for scope, value in streams.items()},
        receipt_at=_text(receipt, "at"),
        receipt_sig=_text(receipt, "sig"),
        beacon=_optional_text(document, "beacon"),
        server_time=_optional_text(document, "server_time"),
    )


def _outcome(value: object) -> Outcome:
    item = _mapping(value, "outcome")
    name = _text(item, "outcome")
    if name == "duplicate":
        name = _optional_text(item, "first") or "applied"
    line = item.get("line")
    rev = item.get("rev")
    return Outcome(
        id=_optional_text(item, "id") or "",
        line=line if isinstance(line, int) else None,
        outcome=name,
        rev=rev if isinstance(rev, int) else None,
        code=_optional_text(item, "code") or "",
        errors=json.dumps(item.get("errors") or {}, ensure_ascii=False),
    )


def _stream(value: Mapping[str, Any]) -> StreamAnswer:
    missing = _sequence(value.get("missing", []), "missing")
    return StreamAnswer(
        _int(value, "n"), _text(value, "hash"), tuple(n for n in missing if isinstance(n, int))
    )


def _mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadAnswer(f"{what} is no object")
    return value


def _sequence(value: object, what: str) -> Sequence[object]:
    if not isinstance(value, list):
        raise BadAnswer(f"{what} is no array")
    return value


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str):
        raise BadAnswer(f"{name} is no text")
    return found


def _optional_text(value: Mapping[str, Any], name: str) -> str | None:
    found = value.get(name)
    return found if isinstance(found, str) else None


def _int(value: Mapping[str, Any], name: str) -> int:
    found = value.get(name)
    if not isinstance(found, int) or isinstance(found, bool):
        raise BadAnswer(f"{name} is no integer")
    return found
