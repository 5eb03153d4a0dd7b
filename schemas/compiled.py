"""The hot path: readers compiled from the marshmallow schemas, for the plain additions that nearly every line is.

A compiled reader accepts only what the strict ones (sync_protocol.entry.read_entry, validate_body) accept, with equal
values, and gives None for anything else: not "refused", but "read it the slow way". It never says what is wrong.

What msgspec does not see is a name that occurs twice in an object (it keeps the last value). So colons are counted:
in a line without backslashes there are as many as names, and those inside texts, which are known. One name more is one
colon more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta, Raw, Struct
from msgspec.structs import astuple

from schemas.checks import (
    LONG_NUMBER,
    NUMBER_MAX,
    UNREADABLE,
    checks_of,
    is_uuid,
    least_length,
    match_uuid,
    struct_of,
)
from schemas.fields import Body
from schemas.forms.conditions import ANYWHERE, Context
from schemas.forms.kind import FormKind
from schemas.kind import Kind
from schemas.kinds import KINDS, AnyKind, Kinds
from schemas.shapes import shapes_of

_LINE_MAX = 16_384  # bytes; a longer line is unusual
_UP_MS_MAX = 2**53 - 1
_WALL_MS_MAX = 4_102_444_800_000  # 2100-01-01; a clock beyond it, or before 1970, is unusual
_MEDIA_MAX = 50
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,64}")
_BACKSLASH, _COLON, _NEWLINE = b"\\:\n"
_NAMES = re.compile(rb'"([a-z0-9_]+)":')
_MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:(Z|[+-][0-9]{2}:[0-9]{2})")

Versions = Mapping[int, FormKind]
ContextOf = Callable[[Any], Context]  # of an entry


class FastAt(Struct, forbid_unknown_fields=True, gc=False):
    """As sync_protocol.entry.At. `wall_ms` is set here; a line that names it is not taken (see the census). One with
    `observed` is unusual, and read strictly."""

    wall: str
    boot: str | None = None
    up_ms: Annotated[int, Meta(ge=0, le=_UP_MS_MAX)] | None = None
    beacon: str | None = None
    wall_ms: int = 0

    observed: ClassVar[str | None] = None
    observed_ms: ClassVar[int | None] = None


class FastEntry(Struct, forbid_unknown_fields=True, gc=False):
    """As sync_protocol.entry.Entry, of an addition; `body` is its JSON text, a view into the line."""

    id: str
    scope: str
    n: Annotated[int, Meta(ge=1, le=_UP_MS_MAX)]
    prev: str
    kind: str
    record: str
    act: Literal["add"]
    at: FastAt
    body: Raw
    needs: Annotated[tuple[str, ...], Meta(max_length=100)] = ()
    form: Annotated[int, Meta(ge=1, le=_UP_MS_MAX)] | None = None
    media: Annotated[tuple[dict[str, str | int], ...], Meta(max_length=_MEDIA_MAX)] = ()

    base: ClassVar[int | None] = None
    amends: ClassVar[str | None] = None
    reason: ClassVar[str | None] = None


class _Compiled:
    """The reader of whole bodies of one kind in code, or of a form whose fields say nothing together."""

    asks = False

    def __init__(self, kind: AnyKind) -> None:
        shapes = shapes_of(kind.whole)
        self.decode = msgspec.json.Decoder(struct_of(kind.schema.__name__, shapes)).decode
        self.names = tuple(shape.name for shape in shapes)
        self.checks = [(i, check) for i, shape in enumerate(shapes) for check in checks_of(shape)]
        self.short_of = least_length(shapes) + NUMBER_MAX
        self.problems = kind.whole.problems if type(kind.whole).problems is not Body.problems else None

    def take(
        self, text: Raw | bytes, context: Context = ANYWHERE, known: Mapping[str, Any] | None = None
    ) -> tuple[Struct, tuple[Any, ...]] | None:
        """The body and its values in order, if every rule holds; whether a name occurs twice is not seen here. `known`: the
        same body, where the caller has it."""
        try:
            body = self.decode(text)
        except UNREADABLE:
            return None
        values = astuple(body)
        for i, check in self.checks:
            value = values[i]
            if value is not None and not check(value):
                return None
        if self.problems is not None:
            members = known if known is not None else dict(zip(self.names, values, strict=True))
            if self.problems(members):
                return None
        return body, values


class Reader:
    """The compiled readers of all kinds that are pushed, and of all versions of the forms among them. `context_of`: what an
    entry's body is read in."""

    def __init__(self, kinds: Kinds, forms: Mapping[str, Versions], context_of: ContextOf) -> None:
        pushed = {name: kind for name, kind in kinds.items() if kind.nature != "server"}
        self._forms = {name: versions for name, versions in forms.items() if name in pushed}
        self._compiled: dict[tuple[str, int | None], Any] = {
            (name, None): _COMPILED[name] if kind is KINDS.get(name) else _Compiled(kind)
            for name, kind in pushed.items()
            if isinstance(kind, Kind)
        }
        # The kind, or the version of a form, by which a kind and an entry's `form` are read.
        self.read_as: dict[tuple[str, int | None], AnyKind] = {key: kinds[key[0]] for key in self._compiled}
        self._facts = frozenset(name for name, kind in pushed.items() if kind.nature == "fact")
        self._context_of = context_of

    def _reader(self, name: str, version: int | None) -> Any:
        """The compiled reader of a kind, or of a version of a form, made when it is first needed; None for none."""
        key = (name, version)
        found = self._compiled.get(key)
        if found is None and name in self._forms:
            kind = self._forms[name].get(1 if version is None and name in KINDS else version or 0)
            if kind is not None:
                found = self._compiled[key] = kind.fast
                self.read_as[key] = kind
        return found

    def decode_line(self, line: bytes) -> tuple[FastEntry, Struct] | None:
        """A plain addition and its body, both validated; None for anything unusual. A fact is its own record.

        An optional field of the body that is absent or null is None.
        """
        entry = _read_envelope(line)
        compiled = self._reader(entry.kind, entry.form) if entry is not None else None
        if entry is None or compiled is None or (entry.record != entry.id and entry.kind in self._facts):
            return None
        read = compiled.take(entry.body, self._context_of(entry) if compiled.asks else ANYWHERE)
        if read is None:
            return None
        body, values = read
        colons = line.count(_COLON)
        plain_colons = _plain_colons(entry) + len(values) - values.count(None)
        if colons != plain_colons and not _is_census_right(line, colons, (*_texts(entry), *values)):
            return None
        text = bytes(entry.body)
        return (entry, body) if len(text) < compiled.short_of or LONG_NUMBER.search(text) is None else None

    def is_sound(self, entry: FastEntry, body: Mapping[str, Any]) -> bool:
        """Whether every rule holds for an addition that this server wrote, in whose `body` no name occurs twice; False for
        anything unusual."""
        compiled = self._reader(entry.kind, entry.form)
        if isinstance(compiled, _Compiled):
            return compiled.take(entry.body, known=body) is not None
        return compiled is not None and compiled.take(entry.body, self._context_of(entry)) is not None


def _read_envelope(line: bytes) -> FastEntry | None:
    """The envelope with each member validated; whether a name occurs twice is not seen here."""
    if len(line) > _LINE_MAX or _BACKSLASH in line or _NEWLINE in line:
        return None
    try:
        entry = _decode_entry(line)
        prev_is_hex = bytes.fromhex(entry.prev).hex() == entry.prev  # half the time of a pattern
    except UNREADABLE:
        return None
    at, scope = entry.at, entry.scope
    wall_ms = _wall_ms(at.wall)
    if (
        wall_ms is None
        or match_uuid(entry.id) is None
        or (entry.record != entry.id and match_uuid(entry.record) is None)
        or scope[:5] != "site:"
        or not is_uuid(scope[5:])
        or not prev_is_hex
        or len(entry.prev) not in (0, 64)
        or not (at.boot is None or _is_token(at.boot))
        or not (at.beacon is None or _is_token(at.beacon))
        or (entry.needs and not all(map(match_uuid, entry.needs)))
        or (entry.media and not all(map(_is_media, entry.media)))
    ):
        return None
    at.wall_ms = wall_ms
    return entry


def _wall_ms(wall: str) -> int | None:
    """The instant of `2026-11-23T07:41:03.120+08:00`, or with `Z`. Minutes repeat, so they are read once."""
    minute_ms = _minute_ms(wall[:17] + wall[23:])
    digits = wall[17:19] + wall[20:23]
    if (
        minute_ms is None
        or wall[19] != "."
        or not (digits.isascii() and digits.isdecimal())
        or digits >= "60000"
    ):
        return None
    return minute_ms + int(digits)


@lru_cache(maxsize=8192)
def _minute_ms(minute: str) -> int | None:
    """The instant at which a minute begins, given as `2026-11-23T07:41:+08:00`."""
    if _MINUTE.fullmatch(minute) is None:
        return None
    try:
        minute_ms = round(datetime.fromisoformat(f"{minute[:17]}00{minute[17:]}").timestamp()) * 1000
    except ValueError:
        return None
    return minute_ms if 0 <= minute_ms < _WALL_MS_MAX else None


def _plain_colons(entry: FastEntry) -> int:
    """How many colons the envelope has when nothing is null or empty and no token holds one: 9 + 1 names, the scope's."""
    at = entry.at
    tokens = (at.boot is not None) + (at.up_ms is not None) + (at.beacon is not None)
    more = (1 if entry.needs else 0) + (entry.form is not None)
    more += 1 + 3 * len(entry.media) if entry.media else 0
    return 11 + tokens + (2 if at.wall[-1] == "Z" else 3) + more


def _is_media(promised: Mapping[str, Any]) -> bool:
    """Whether this is what an entry says of a photo."""
    sha256, size, name = promised.get("sha256"), promised.get("bytes"), promised.get("type")
    return (
        len(promised) == 3
        and type(sha256) is str
        and type(size) is int
        and type(name) is str
        and 0 < size <= _UP_MS_MAX
        and _SHA256.fullmatch(sha256) is not None
        and _MEDIA_TYPE.fullmatch(name) is not None
    )


def _texts(entry: FastEntry) -> tuple[str | None, ...]:
    return entry.scope, entry.at.wall, entry.at.boot, entry.at.beacon


def _is_census_right(text: bytes, colons: int, values: Iterable[Any]) -> bool:
    """Whether every name occurs once, and `colons` are those after names and those inside texts, no others.

    Without backslashes a quoted word with a colon after it can only be a name, and a text reads as it is written.
    Names are compared over the whole line: no name of an envelope is one of a body's.
    """
    names = _NAMES.findall(text)
    inside = sum(value.count(":") for value in values if type(value) is str)
    return len(set(names)) == len(names) and len(names) + inside == colons and b"wall_ms" not in names


@lru_cache(maxsize=4096)  # so do the boots and beacons of a day
def _is_token(text: str) -> bool:
    return re.fullmatch(r"[\x21-\x7e]{1,64}", text) is not None


_decode_entry = msgspec.json.Decoder(FastEntry).decode
_COMPILED = {
    name: _Compiled(kind)
    for name, kind in KINDS.items()
    if kind.nature != "server" and isinstance(kind, Kind)
}
