"""Read a push before any lock is taken: split, hash and validate each line.

Two readers agree on what an entry is: a compiled one for the plain case, and the strict one, which also
says what is wrong. The strict one is used whenever anything is unusual.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import asdict

from schemas.book import AnyKind, FormBook
from schemas.compiled import FastEntry
from schemas.forms.validate import Verdict
from schemas.kinds import validate_of
from server.actions.records.feed import encode
from server.rules.masking import served_fields
from sync_protocol.entry import SCHEMA_OF_FORMS, SCHEMAS, Entry, Refusal, read_entry
from sync_protocol.header import Header

Envelope = Entry | FastEntry  # what both readers give: an entry, its body aside


class PlaceSaid(NamedTuple):
    """What a body says of a place: its id, its kind, its name."""

    id: str | None = None
    kind: str | None = None
    name: str | None = None


NOWHERE = PlaceSaid()


@dataclass(slots=True)
class Line:
    """One line of a push. `code` and `errors` say why it is refused; `entry` is None when not even its number
    in a chain could be read.

    `kind`: the kind, or the version of a form, by which it was read; None for one that is not known.
    `body` holds the validated fields; `served` is the fact's body as JSON text, as the device wrote it.
    `place`: what the body says of a place (`is_about_place`: the record is about it). `doubts`: fields that contradict the
    date of a clock that may be wrong.
    """

    number: int
    raw: bytes
    hash: str
    entry: Envelope | None = None
    kind: AnyKind = None  # type: ignore[assignment]  # asked a dozen times a line, where there is one
    body: Mapping[str, Any] = field(default_factory=dict)
    served: bytes = b""
    subject: str | None = None
    slot: str | None = None
    place: PlaceSaid = NOWHERE
    is_about_place: bool = False
    code: str | None = None
    errors: dict[str, list[str]] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Push:
    """A push as read: its header and its lines, in order. `stamp`: of the reference data by which they were read; None: of
    that in force."""

    header: Header
    lines: list[Line]
    stamp: str | None = None


def read_lines(raws: list[bytes], kinds: FormBook, schema: str = SCHEMAS[-1]) -> list[Line]:
    """Every line of a device validated, by the schema that the push's header names and with the kinds that this
    installation has; nothing here needs the database."""
    lines = [validate_line(number, raw, kinds) for number, raw in enumerate(raws, start=1)]
    for line in lines:
        if line.entry is None or line.code is not None:
            continue
        if line.kind.own:
            line.code, line.errors = "kind_not_allowed", {"/kind": ["这种记录由服务器维护, 不能上报。"]}
        elif schema < SCHEMA_OF_FORMS and line.entry.at.observed is not None:
            line.code = "unreadable"
            line.errors = {"/at/observed": [f"补录时间需要模式版本 {SCHEMA_OF_FORMS}。"]}
        elif schema < SCHEMA_OF_FORMS and line.entry.form is not None:
            line.code = "unreadable"
            line.errors = {"/form": [f"按表单填写的记录需要模式版本 {SCHEMA_OF_FORMS}。"]}
        elif schema < SCHEMA_OF_FORMS and line.place.id is not None:
            line.code = "unreadable"
            line.errors = {"/body/place_id": [f"场所编号需要模式版本 {SCHEMA_OF_FORMS}。"]}
        elif schema < SCHEMAS[-1] and line.kind.since:
            _refuse_later_fields(line, schema)
    return lines


def _refuse_later_fields(line: Line, schema: str) -> None:
    """Refuse a line whose body says what this schema version did not have yet."""
    body = line.body or (msgspec.json.decode(line.served) if line.served else {})
    later = {name: since for name, since in line.kind.since.items() if since > schema and name in body}
    if later:
        line.code = "unreadable"
        line.errors = {f"/body/{name}": [f"这一项需要模式版本 {since}。"] for name, since in later.items()}


def validate_line(number: int, raw: bytes, kinds: FormBook) -> Line:
    """One line validated. A line that is refused says so in `code`; it never raises."""
    hash = hashlib.sha256(raw).hexdigest()
    read = kinds.reader.decode_line(raw)
    if read is None:
        line = Line(number, raw, hash)
        _read_strictly(line, kinds)
        return line
    entry, body = read
    kind = kinds.reader.read_as[entry.kind, entry.form]
    said = (
        getattr(body, kind.subject_field) if kind.subject_field else None,
        getattr(body, kind.slot_field) if kind.slot_field else None,
    )
    line = Line(number, raw, hash, entry, kind, {}, bytes(entry.body), *said, NOWHERE, False, None, {})
    if kind.place_fields is not None or kind.nature == "register":
        _take_keys(line, kind, body)
    if kind.masks_facts:
        _mask(line)
    return line


def own_line(number: int, raw: bytes, entry: FastEntry, body: Mapping[str, Any], kinds: FormBook) -> Line:
    """A line that the server wrote itself, an addition whose envelope need not be read again. Its body is validated
    like any other."""
    if not kinds.reader.is_sound(entry, body):
        return validate_line(number, raw, kinds)
    kind = kinds.reader.read_as[entry.kind, entry.form]
    line = Line(number, raw, hashlib.sha256(raw).hexdigest(), entry, kind, body, bytes(entry.body))
    _take_keys(line, line.kind, body)
    if line.kind.masks_facts:
        _mask(line)
    return line


def _read_strictly(line: Line, kinds: FormBook) -> None:
    try:
        entry = read_entry(line.raw)
    except Refusal as refusal:
        line.entry, line.code, line.errors = refusal.entry, refusal.code, refusal.errors
        return
    line.entry = entry
    found = kinds.kind_of(entry.kind, entry.act, entry.form)
    if isinstance(found, Verdict):
        line.kind = kinds.get(entry.kind)  # type: ignore[assignment]
        line.code, line.errors = found.code, found.errors
        return
    line.kind = found
    verdict = validate_of(found, entry.act, entry.body, kinds.context_of(entry))
    line.code, line.errors, line.doubts = verdict.code, verdict.errors, verdict.doubts
    if line.code is None and found.nature == "fact" and entry.act != "void" and entry.record != entry.id:
        line.code, line.errors = "body_invalid", {"/record": ["事实记录的 record 必须与 id 相同。"]}
    if line.code is None and verdict.clean is not None:
        line.body = verdict.clean
        line.served = encode(entry.body)
        _take_keys(line, found, verdict.clean)
        if line.kind.masks_facts:
            _mask(line)


def _take_keys(line: Line, known: AnyKind, body: Any) -> None:
    """Read from a fact's body the fields by which windows are judged."""
    read = body.get if isinstance(body, Mapping) else lambda name: getattr(body, name)
    if known.subject_field:
        line.subject = read(known.subject_field)
    if known.slot_field:
        line.slot = read(known.slot_field)
    where = known.place_fields
    if where is not None:
        line.place = PlaceSaid(*(read(name) if name else None for name in (where.id, where.kind, where.name)))
        line.is_about_place = where.is_subject
    if not isinstance(body, Mapping) and known.nature == "register":
        line.body = _as_mapping(body)


def _mask(line: Line) -> None:
    """What names somebody by a number comes down masked; the line itself keeps all that was written."""
    kind, body = line.kind, msgspec.json.decode(line.served)
    line.served = encode(served_fields(kind.name, body, lambda _: "", {kind.name: kind}))


def _as_mapping(body: Any) -> dict[str, Any]:
    return {
        name: msgspec.to_builtins(value) if isinstance(value, msgspec.Struct) else value
        for name, value in asdict(body).items()
        if value is not None
    }


def form_of(line: Line) -> int | None:
    """The version of the form by which a line was read, which an old client does not name; None for other lines."""
    assert line.entry is not None
    is_form = line.code is None and line.entry.act != "void"
    return line.kind.version if is_form else line.entry.form


def prev_of(raw: bytes) -> str:
    """The hash that a line names as the one before."""
    try:
        return str(msgspec.json.decode(raw)["prev"])
    except (msgspec.MsgspecError, KeyError, TypeError, RecursionError, ValueError):
        return ""
