"""What a program says of one pass through a gate: read from plain JSON, person and body apart. What cannot be read says why,
and is kept with what could be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from schemas.fields import UUID_PATTERN
from server.rules.masking import mask_certificate
from sync_protocol.entry import parse_wall

EVENT_MAX = 100  # characters of an event's id
NUMBER_MAX = 64  # of a card, or of a platform's number
ROWS_MAX = 500
_FIELDS = ("direction", "celsius", "mask_worn", "health_code", "method", "note", "refused_for")
_EVENT = re.compile(f"[^\\x00-\\x1f\\x7f]{{1,{EVENT_MAX}}}")
_DIGEST = re.compile("[0-9a-f]{32}")
_NUMBER = re.compile(f"[^\\x00-\\x1f\\x7f]{{1,{NUMBER_MAX}}}")
WORKER, DIGEST, CERTIFICATE, CARD, EXTERNAL = (
    "worker",
    "certificate_digest",
    "certificate",
    "card",
    "external_id",
)
LATEST_MS = 4_102_444_800_000  # 2100
_UNKNOWN, _MISSING = "不认识这一项。", "必填。"
NOBODY = "应恰好写明一项: worker、certificate_digest、certificate、card 或 external_id。"


class PersonSaid(NamedTuple):
    """By what a person is named: one of the words above, and its value (a certificate: type and number, `|` between)."""

    by: str
    value: str

    def shown(self) -> str:
        """What may be kept of it where nobody is known by it: an unknown person's number is not ours to keep."""
        if self.by != CERTIFICATE:
            return self.value
        kind, _, number = self.value.partition("|")
        return f"{kind} {mask_certificate(number)}"


class PassSaid(NamedTuple):
    """One pass as it was said. `event`: its id at the source; `at_ms`: when, by the machine's clock (None: it cannot be
    read); `body`: the rest, as it was sent; `errors`: by JSON pointer into the row."""

    event: str
    at_ms: int | None
    person: PersonSaid | None
    body: Mapping[str, Any]
    errors: Mapping[str, list[str]]


def read_pass(row: Any) -> PassSaid:
    """Never raises: what is wrong is in `errors`."""
    if not isinstance(row, Mapping):
        return PassSaid("", None, None, {}, {"": ["每一行应为一个对象。"]})
    errors: dict[str, list[str]] = {}
    event, at = row.get("event"), row.get("at")
    if not isinstance(event, str) or _EVENT.fullmatch(event) is None:
        errors["/event"] = [f"应为来源自己的事件编号, 1 到 {EVENT_MAX} 个字符。"]
        event = ""
    at_ms = moment_of(at)
    if at_ms is None:
        errors["/at"] = ["应为带时区的 RFC 3339 时间, 如 2026-11-23T07:41:03+08:00。"]
    person = person_of(row.get("person"))
    if person is None:
        errors["/person"] = [NOBODY]
    errors |= {f"/{name}": [_UNKNOWN] for name in row.keys() - {"event", "at", "person", *_FIELDS}}
    body = {name: row[name] for name in _FIELDS if row.get(name) is not None}
    return PassSaid(event, at_ms, person, body, errors)


def person_of(said: Any) -> PersonSaid | None:
    """By what a person is named; None where it is not by exactly one thing that can be read."""
    given = {name: value for name, value in said.items() if value is not None} if _is_object(said) else {}
    if len(given) != 1:
        return None
    ((by, value),) = given.items()
    if by == CERTIFICATE:
        return _certificate(value)
    pattern: Any = {WORKER: UUID_PATTERN, DIGEST: _DIGEST, CARD: _NUMBER, EXTERNAL: _NUMBER}.get(by)
    if pattern is None or not isinstance(value, str) or re.fullmatch(pattern, value) is None:
        return None
    return PersonSaid(by, value)


def moment_of(text: Any) -> int | None:
    """Milliseconds since the epoch of a text with a time zone, of this century; None for anything else."""
    at_ms = parse_wall(text)
    return at_ms if at_ms is not None and 0 <= at_ms < LATEST_MS else None


def _certificate(value: Any) -> PersonSaid | None:
    if not _is_object(value) or value.keys() != {"type", "number"}:
        return None
    kind, number = value["type"], value["number"]
    if not isinstance(kind, str) or not isinstance(number, str):
        return None
    number = "".join(number.split()).upper()
    is_plain = 0 < len(number) <= NUMBER_MAX and number.isascii() and number.isalnum()
    return PersonSaid(CERTIFICATE, f"{kind}|{number}") if is_plain and kind.isidentifier() else None


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)
