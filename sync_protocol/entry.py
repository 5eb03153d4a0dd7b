"""Entries: the lines that devices write. Read strictly, written canonically, hashed (SPEC: Entries).

The envelope of a line is validated here; `kind` and `body` are validated by the schemas.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sync_protocol.strict_json import MAX_INTEGER, Unreadable, read_json

SCHEMAS = ("2026.1", "2026.2")  # every one ever released is accepted for good
SCHEMA_OF_FORMS = (
    "2026.2"  # the first in which an entry may say `form` and `at.observed`, and a body `place_id`
)
MAX_ENTRIES = 500  # in one push
MAX_INFLATED_BYTES = 1_048_576  # of a push, header and newlines included
MAX_LINE_BYTES = 65_536  # of an entry, without its newline
MAX_DEPTH = 16  # of arrays and objects in each other, the line's own object included
MAX_N = MAX_INTEGER
MAX_NEEDS = 100
MAX_MEDIA = 50
MAX_REASON_CHARS = 500
MIN_WALL_MS = -86_400_000  # a tablet whose clock lost its power says 1970-01-01 in its own time zone
MAX_WALL_MS = 253_370_764_799_999  # 9998-12-31T23:59:59.999Z: shown in any time zone it stays a date

# Kinds that were no forms in 2026.1: their entries may lack `form`, which means version 1.
FORMLESS = ("disinfection_log", "supply_movement", "inspection_round", "inspection_finding")
ACTS = ("add", "edit", "amend", "void")

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
SCOPE_NAME = re.compile(rf"ref|(?:site|user):{_UUID.pattern}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PREV = re.compile(r"(?:[0-9a-f]{64})?", re.ASCII)
_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
_TOKEN = re.compile(r"[\x21-\x7e]{1,64}", re.ASCII)
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,64}", re.ASCII)
_WALL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

Errors = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class At:
    """The moment as the device claims it: its wall clock (`wall` as written, `wall_ms` since the epoch), the
    run of the machine (`boot`) and milliseconds since then, the last beacon it was given. None: not known.

    `observed` (补录): when the work was done, as its author says; only of what was written down later.
    """

    wall_ms: int
    wall: str
    boot: str | None = None
    up_ms: int | None = None
    beacon: str | None = None
    observed: str | None = None
    observed_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line, read. `form`: the version of the form by which its body was written. `raw` is the line as the device wrote
    it, `hash` its SHA-256 in hex."""

    id: str
    scope: str
    n: int
    prev: str
    kind: str
    record: str
    act: str
    at: At
    body: Mapping[str, Any]
    base: int | None = None
    amends: str | None = None
    reason: str | None = None
    needs: tuple[str, ...] = ()
    media: tuple[Mapping[str, Any], ...] = ()
    form: int | None = None
    raw: bytes = b""
    hash: str = ""


class Refusal(Exception):
    """A line that can't be taken: `code` of the catalogue, Chinese `errors` by JSON pointer into the line.

    `entry` is there when the line could be read as far as its place (id, scope, n, prev): it is refused by
    its id and keeps its place in the chain; what could not be read of it has a stand-in. Without it, the line
    is refused by its number.
    """

    def __init__(self, code: str, errors: Errors, entry: Entry | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors
        self.entry = entry


def entry_hash(line: bytes) -> str:
    """SHA-256 of the line's bytes, without its newline, in lower-case hex."""
    return hashlib.sha256(line).hexdigest()


def read_entry(line: bytes) -> Entry:
    """The entry on a line (without its newline). Raises Refusal, and nothing else, for any bytes whatever.

    Codes: `line_too_long`; `unreadable` (no JSON object, a name twice, a number or text that JSON's readers
    disagree about, too deep, a member missing, unknown or of the wrong form); `bad_act`.
    """
    if len(line) > MAX_LINE_BYTES:
        raise Refusal("line_too_long", {"": [f"这一行超过 {MAX_LINE_BYTES} 字节。"]})
    members = read_object(line)
    errors: Errors = {
        f"/{name}": [message] for name, (ok, message) in _REQUIRED.items() if not ok(members.get(name))
    }
    at = read_at(members.get("at"), errors)
    extras = _read_extras(members, errors) if members.keys() - _PLAIN_MEMBERS else _NO_EXTRAS
    act, body = members.get("act"), members.get("body")
    if act != "add" or body.__class__ is not dict or extras is not _NO_EXTRAS:
        body = _check_act(members, errors)
    if act != "add" and at.observed is not None:
        errors["/at/observed"] = ["只有新增记录可以写明补录时间, 更正沿用原记录的时间。"]
    if errors:
        raise _refusal(line, members, at, errors)
    base, amends, reason, needs, media, form = extras
    return Entry(
        members["id"], members["scope"], members["n"], members["prev"], members["kind"], members["record"],
        members["act"], at, body, base, amends, reason, needs, media, form, line,
        entry_hash(line),
    )  # fmt: skip


def write_entry(entry: Entry) -> bytes:
    """The line of an entry, without newline: members in the order of SPEC, no spaces, text as UTF-8, nothing
    that is None or empty. Raises ValueError or TypeError for a body that is no JSON; checks nothing else."""
    at = entry.at
    moment = {
        "wall": at.wall,
        "boot": at.boot,
        "up_ms": at.up_ms,
        "beacon": at.beacon,
        "observed": at.observed,
    }
    members: dict[str, Any] = {name: getattr(entry, name) for name in _FIRST_MEMBERS}
    optional = {name: getattr(entry, name) for name in _LAST_MEMBERS}
    members["at"] = {name: value for name, value in moment.items() if value is not None}
    members["body"] = dict(entry.body)
    members.update((name, value) for name, value in optional.items() if value not in (None, ()))
    return json.dumps(members, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def parse_wall(text: object) -> int | None:
    """Milliseconds since the epoch (rounded down) of an RFC 3339 instant with offset. None for anything else,
    and for instants that no clock here could show."""
    if not isinstance(text, str) or not _WALL.fullmatch(text):
        return None
    try:
        wall_ms = (datetime.fromisoformat(text) - _EPOCH) // _MILLISECOND
    except (ValueError, OverflowError):
        return None
    return wall_ms if MIN_WALL_MS <= wall_ms <= MAX_WALL_MS else None


def read_object(line: bytes) -> dict[str, Any]:
    try:
        value = read_json(line, MAX_DEPTH)
    except Unreadable as error:
        raise Refusal("unreadable", {"": [error.reason]}) from error
    if not isinstance(value, dict):
        raise Refusal("unreadable", {"": ["必须是 JSON 对象。"]})
    return value


# ---- members


def _matches(pattern: re.Pattern[str]) -> Callable[[object], bool]:
    fullmatch = pattern.fullmatch
    return lambda value: isinstance(value, str) and fullmatch(value) is not None


def is_count(value: object) -> bool:
    """An integer from 0 on. JSON's true is no 1."""
    return isinstance(value, int) and value >= 0 and value is not True and value is not False


def _is_positive(value: object) -> bool:
    return isinstance(value, int) and value >= 1 and value is not True


_is_uuid = _matches(_UUID)
is_token = _matches(_TOKEN)
is_prev = _matches(_PREV)
_is_sha256 = _matches(_SHA256)
_is_media_type = _matches(_MEDIA_TYPE)
_UUID_MESSAGE = "必须是小写的 UUID。"
_REQUIRED: dict[str, tuple[Callable[[object], bool], str]] = {
    "id": (_is_uuid, _UUID_MESSAGE),
    "scope": (_matches(SCOPE_NAME), "必须是 site:<id>、user:<id> 或 ref。"),
    "n": (_is_positive, "必须是从 1 开始的整数。"),
    "prev": (is_prev, "必须是上一条记录的 SHA-256 (64 位小写十六进制), 第一条为空。"),
    "kind": (_matches(_KIND), "必须是记录种类的名称。"),
    "record": (_is_uuid, _UUID_MESSAGE),
}
_PLACE = ("id", "scope", "n", "prev")
_PLAIN_MEMBERS = frozenset((*_REQUIRED, "act", "at", "body"))
_FIRST_MEMBERS = ("id", "scope", "n", "prev", "kind", "record", "act")  # in the order of SPEC
_LAST_MEMBERS = ("base", "amends", "reason", "needs", "media", "form")
_AT_MEMBERS = frozenset(("wall", "boot", "up_ms", "beacon", "observed"))
_NO_EXTRAS: tuple[Any, ...] = (None, None, None, (), (), None)
_NO_TIME = At(0, "1970-01-01T00:00:00Z")
_WALL_MESSAGE = "必须是带时区的 RFC 3339 时间, 如 2026-11-23T07:41:03.120+08:00。"


def read_at(value: object, errors: Errors) -> At:
    if not isinstance(value, dict):
        errors["/at"] = ["必须写明时间。"]
        return _NO_TIME
    wall, boot, up_ms, beacon = value.get("wall"), value.get("boot"), value.get("up_ms"), value.get("beacon")
    wall_ms = parse_wall(wall)
    if wall_ms is None:
        errors["/at/wall"] = [_WALL_MESSAGE]
    observed = value.get("observed")
    observed_ms = None if observed is None else parse_wall(observed)
    if observed is not None and observed_ms is None:
        errors["/at/observed"] = [_WALL_MESSAGE]
    for name, token in (("boot", boot), ("beacon", beacon)):
        if token is not None and not is_token(token):
            errors[f"/at/{name}"] = ["必须是 1–64 个可见的 ASCII 字符。"]
    if up_ms is not None and not is_count(up_ms):
        errors["/at/up_ms"] = ["必须是毫秒数。"]
    if not value.keys() <= _AT_MEMBERS:
        errors.update((f"/at/{escaped(name)}", ["没有这个字段。"]) for name in value.keys() - _AT_MEMBERS)
    if wall_ms is None:
        return _NO_TIME
    return At(
        wall_ms, str(wall), boot, up_ms, beacon, None if observed is None else str(observed), observed_ms
    )


def _read_extras(members: Mapping[str, Any], errors: Errors) -> tuple[Any, ...]:
    """(base, amends, reason, needs, media, form), each checked by itself; null is as good as absent."""
    for name in members.keys() - _PLAIN_MEMBERS - set(_LAST_MEMBERS):
        errors[f"/{escaped(name)}"] = ["没有这个字段。"]
    base, amends, reason = members.get("base"), members.get("amends"), members.get("reason")
    needs, media = members.get("needs"), members.get("media")
    if base is not None and not is_count(base):
        errors["/base"] = ["必须是修改时所见的版本号。"]
    if amends is not None and not _is_uuid(amends):
        errors["/amends"] = [_UUID_MESSAGE]
    if reason is not None and not _is_reason(reason):
        errors["/reason"] = [f"必须是 1–{MAX_REASON_CHARS} 个字的说明。"]
    if needs is not None and not _is_list(needs, MAX_NEEDS, _is_uuid):
        errors["/needs"] = [f"必须是最多 {MAX_NEEDS} 个小写的 UUID。"]
    if media is not None and not _is_list(media, MAX_MEDIA, _is_media):
        errors["/media"] = [f"必须是最多 {MAX_MEDIA} 项, 每项为 sha256、bytes、type。"]
    form = members.get("form")
    if form is not None and not _is_positive(form):
        errors["/form"] = ["必须是填写时所用表单的版本号。"]
    sequences = (tuple(value) if isinstance(value, list) else () for value in (needs, media))
    return (base, amends, reason, *sequences, form)


def _is_reason(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MAX_REASON_CHARS and not value.isspace() and value != ""


def _is_list(value: object, most: int, is_good: Callable[[object], bool]) -> bool:
    return isinstance(value, list) and len(value) <= most and all(map(is_good, value))


def _is_media(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"sha256", "bytes", "type"}
        and _is_sha256(value["sha256"])
        and _is_positive(value["bytes"])
        and _is_media_type(value["type"])
    )


def _check_act(members: Mapping[str, Any], errors: Errors) -> Any:
    """What an act needs and what it can't have. Returns the body: a `void` may leave it out."""
    act, body = members.get("act"), members.get("body")
    if act not in ACTS:
        errors["/act"] = [f"必须是 {'、'.join(ACTS)} 之一。"]
    for name, owner in (("base", "edit"), ("amends", "amend")):
        if (members.get(name) is None) == (act == owner):
            errors.setdefault(f"/{name}", [f"{owner} 必须有这个字段, 其他操作不能有。"])
    reason = members.get("reason")
    if (act == "void" and reason is None) or (act == "add" and reason is not None):
        errors.setdefault("/reason", ["void 必须说明理由, add 不能有。"])
    if act == "void" and body is None:
        return {}
    if not isinstance(body, dict):
        errors["/body"] = ["必须是 JSON 对象。"]
    return body


def _refusal(line: bytes, members: Mapping[str, Any], at: At, errors: Errors) -> Refusal:
    of_act = {"/act", "/base", "/amends", "/reason"}
    if at.observed_ms is not None:
        of_act.add("/at/observed")  # readable, and out of place
    code = "bad_act" if of_act & errors.keys() else "unreadable"
    if any(f"/{name}" in errors for name in _PLACE):
        return Refusal("unreadable", errors)
    good = {name: members[name] for name in ("kind", "record") if f"/{name}" not in errors}
    act = members.get("act")
    placed = Entry(
        id=members["id"],
        scope=members["scope"],
        n=members["n"],
        prev=members["prev"],
        kind=good.get("kind", "unknown"),
        record=good.get("record", members["id"]),
        act=act if act in ACTS else "add",
        at=at if not any(pointer.startswith("/at") for pointer in errors) else _NO_TIME,
        body={},
        raw=line,
        hash=entry_hash(line),
    )
    return Refusal(code, errors, placed)


def escaped(name: str) -> str:
    """A member's name in a JSON pointer (RFC 6901), cut: the message goes back to the device."""
    return name[:64].replace("~", "~0").replace("/", "~1")
