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
from marshmallow import ValidationError
from msgspec import Meta, Raw, Struct
from msgspec.structs import astuple

from schemas.fields import TEXT_PATTERN, UUID_PATTERN, Body, Tenths
from schemas.kinds import KINDS, Kind, Kinds
from schemas.shapes import Check, Shape, shapes_of

_LINE_MAX = 16_384  # bytes; a longer line is unusual
_UP_MS_MAX = 2**53 - 1
_WALL_MS_MAX = 4_102_444_800_000  # 2100-01-01; a clock beyond it, or before 1970, is unusual
_BACKSLASH, _COLON, _NEWLINE = b"\\:\n"
NUMBER_MAX = 24  # characters; readers of JSON disagree about longer ones
_NAMES = re.compile(rb'"([a-z0-9_]+)":')
LONG_NUMBER = re.compile(rb'":[ \t\r\n]*-?[0-9][0-9.eE+-]{%d}' % (NUMBER_MAX - 1))
UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError)
_MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:(Z|[+-][0-9]{2}:[0-9]{2})")

Predicate = Callable[[Any], object]  # what it gives is true or false enough


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

    base: ClassVar[int | None] = None
    amends: ClassVar[str | None] = None
    reason: ClassVar[str | None] = None
    media: ClassVar[tuple[Any, ...]] = ()


class _Compiled:
    """The reader of one kind's whole body."""

    def __init__(self, kind: Kind) -> None:
        shapes = shapes_of(kind.whole)
        fields = [(s.name, _type(s), None) if s.optional else (s.name, _type(s)) for s in shapes]
        struct = msgspec.defstruct(
            f"Fast{kind.schema.__name__}", fields, forbid_unknown_fields=True, gc=False, kw_only=True
        )
        self.decode = msgspec.json.Decoder(struct).decode
        self.names = tuple(shape.name for shape in shapes)
        self.checks = [(i, check) for i, shape in enumerate(shapes) for check in _checks(shape)]
        self.short_of = _least_length(shapes) + NUMBER_MAX
        self.problems = kind.whole.problems if type(kind.whole).problems is not Body.problems else None

    def read(
        self, text: Raw | bytes, known: Mapping[str, Any] | None = None
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
    """The compiled readers of all kinds that are pushed."""

    def __init__(self, kinds: Kinds) -> None:
        self._compiled = {
            name: _COMPILED[name] if kind is KINDS[name] else _Compiled(kind)
            for name, kind in kinds.items()
            if kind.nature != "server"
        }
        self._facts = frozenset(name for name, kind in kinds.items() if kind.nature == "fact")

    def decode_line(self, line: bytes) -> tuple[FastEntry, Struct] | None:
        """A plain addition and its body, both validated; None for anything unusual. A fact is its own record.

        An optional field of the body that is absent or null is None.
        """
        entry = _read_envelope(line)
        compiled = self._compiled.get(entry.kind) if entry is not None else None
        if entry is None or compiled is None or (entry.record != entry.id and entry.kind in self._facts):
            return None
        read = compiled.read(entry.body)
        if read is None:
            return None
        body, values = read
        colons = line.count(_COLON)
        plain_colons = _plain_colons(entry) + len(values) - values.count(None)
        if colons != plain_colons and not _is_census_right(line, colons, (*_texts(entry), *values)):
            return None
        text = bytes(entry.body)
        return (entry, body) if len(text) < compiled.short_of or LONG_NUMBER.search(text) is None else None

    def is_sound(self, kind: str, text: bytes, body: Mapping[str, Any]) -> bool:
        """Whether every rule holds for the body of an addition that this server wrote as `text`, in which no name occurs
        twice; False for anything unusual."""
        compiled = self._compiled.get(kind)
        return compiled is not None and compiled.read(text, body) is not None


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
        or _match_uuid(entry.id) is None
        or (entry.record != entry.id and _match_uuid(entry.record) is None)
        or scope[:5] != "site:"
        or not _is_uuid(scope[5:])
        or not prev_is_hex
        or len(entry.prev) not in (0, 64)
        or not (at.boot is None or _is_token(at.boot))
        or not (at.beacon is None or _is_token(at.beacon))
        or (entry.needs and not all(map(_match_uuid, entry.needs)))
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
    return 11 + tokens + (2 if at.wall[-1] == "Z" else 3) + (1 if entry.needs else 0)


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


def _least_length(shapes: Iterable[Shape]) -> int:
    """The length of the shortest body: only what it exceeds this by can be a number's needless digits."""
    members = [shape for shape in shapes if not shape.optional]
    return 1 + sum(len(f'"{shape.name}":,') + _least_value_length(shape) for shape in members)


def _least_value_length(shape: Shape) -> int:
    if shape.choices is not None:
        return min(map(len, shape.choices)) + 2
    if shape.pattern == UUID_PATTERN:
        return 38
    return 2 if shape.type == "string" else 1


def _type(shape: Shape) -> Any:
    """The msgspec type of a field. Raises KeyError for a shape that no pushed kind has yet."""
    if shape.choices is not None:
        plain: Any = Literal[shape.choices]
    elif shape.type == "string":
        plain = Annotated[str, Meta(min_length=shape.min_length, max_length=shape.max_length)]
    else:
        plain = {"boolean": bool, "number": float, "integer": int}[shape.type]
        if shape.type != "boolean":
            plain = Annotated[plain, Meta(ge=shape.low, le=shape.high)]
    return plain | None if shape.optional else plain


def _checks(shape: Shape) -> list[Predicate]:
    """What msgspec can't say of a field, as predicates."""
    checks = [] if shape.pattern is None else [pattern_check(shape.pattern)]
    return checks + [_check(shape, check) for check in shape.checks]


def pattern_check(pattern: str) -> Predicate:
    """Whether a text is wholly of a pattern."""
    if pattern == UUID_PATTERN:
        return _is_uuid
    match = re.compile(pattern).fullmatch
    if pattern == TEXT_PATTERN:  # nearly every text is printable, which is quicker to see
        return lambda text: (text.isprintable() and text.strip(" ") != "") or match(text)
    return match


def _check(shape: Shape, check: Check) -> Predicate:
    if isinstance(check, Tenths) and shape.low is not None and shape.high is not None:
        return frozenset(
            i / 10 for i in range(round(shape.low * 10), round(shape.high * 10) + 1)
        ).__contains__
    return passes(check)


def passes(check: Check) -> Predicate:
    """A check that raises for what is wrong, as a predicate."""

    def is_right(value: Any) -> bool:
        try:
            check(value)
        except ValidationError:
            return False
        return True

    return is_right


_match_uuid = re.compile(UUID_PATTERN).fullmatch


@lru_cache(maxsize=65_536)  # workers and sites come over and over
def _is_uuid(text: str) -> bool:
    return _match_uuid(text) is not None


@lru_cache(maxsize=4096)  # so do the boots and beacons of a day
def _is_token(text: str) -> bool:
    return re.fullmatch(r"[\x21-\x7e]{1,64}", text) is not None


_decode_entry = msgspec.json.Decoder(FastEntry).decode
_COMPILED = {name: _Compiled(kind) for name, kind in KINDS.items() if kind.nature != "server"}
_SHIPPED = Reader(KINDS)
decode_line = _SHIPPED.decode_line
is_sound = _SHIPPED.is_sound


def reader_of(kinds: Kinds) -> Reader:
    """The readers of these kinds; those of KINDS are there already."""
    return _SHIPPED if kinds is KINDS else Reader(kinds)
