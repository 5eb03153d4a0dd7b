"""A push's first line: the device's clocks, and what it says of each of its streams (SPEC, part 8)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sync_protocol.entry import (
    SCHEMAS,
    SCOPE_NAME,
    Errors,
    Refusal,
    escaped,
    is_count,
    is_prev,
    is_token,
    read_at,
    read_object,
)

SYNC_VERSION = 1
MAX_STREAMS = 1000  # in one push's header
MAX_UNSENT = 1_000_000  # more is taken for this many: only zero or not matters

_SCHEMA = re.compile(r"[0-9]{4}\.[0-9]{1,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Clock:
    """The device's clocks, read before it counted what is unsent and made a push's header, and the last beacon
    that it had been given then (None from a client of 2026.1)."""

    wall_ms: int
    wall: str
    boot: str | None
    up_ms: int | None
    beacon: str | None = None


@dataclass(frozen=True, slots=True)
class Attested:
    """What a device says of one stream: the last `n` sent, its hash, how many entries stay behind. `sig` is
    "" when it is no text: the stream is then not complete, and the request continues."""

    n: int
    hash: str
    unsent: int
    sig: str


@dataclass(frozen=True, slots=True)
class Header:
    """A push's first line. `streams` is keyed by scope name."""

    sync: int
    schema: str
    clock: Clock
    streams: Mapping[str, Attested]


def read_header(line: bytes) -> Header:
    """The first line of a push. Raises Refusal `header_invalid`, or `unsupported_version` for another `sync`
    or a `schema` that was never released. Members that are not known are passed over."""
    try:
        members = read_object(line)
    except Refusal as refusal:
        raise Refusal("header_invalid", refusal.errors) from refusal
    sync, schema = members.get("sync"), members.get("schema")
    errors: Errors = {}
    if not is_count(sync):
        errors["/sync"] = ["必须是协议版本号, 现为 1。"]
    if not isinstance(schema, str) or not _SCHEMA.fullmatch(schema):
        errors["/schema"] = ["必须是模式版本, 如 2026.1。"]
    if not errors and (sync != SYNC_VERSION or schema not in SCHEMAS):
        known = {"/sync": [f"服务器支持 {SYNC_VERSION}。"], "/schema": [f"服务器支持 {', '.join(SCHEMAS)}。"]}
        raise Refusal("unsupported_version", known)
    clock = _read_clock(members.get("clock"), errors)
    streams = _read_streams(members.get("streams"), errors)
    if errors or clock is None:
        raise Refusal("header_invalid", errors)
    return Header(SYNC_VERSION, str(schema), clock, streams)


def _read_clock(value: object, errors: Errors) -> Clock | None:
    inner: Errors = {}
    said: Mapping[str, Any] = value if isinstance(value, dict) else {}
    known = {name: said.get(name) for name in ("wall", "boot", "up_ms")} if said else None
    at = read_at(known, inner)
    errors.update({pointer.replace("/at", "/clock", 1): messages for pointer, messages in inner.items()})
    beacon = said.get("beacon") if is_token(said.get("beacon")) else None  # anything else bounds nothing
    return None if inner else Clock(at.wall_ms, at.wall, at.boot, at.up_ms, beacon)


def _read_streams(value: object, errors: Errors) -> dict[str, Attested]:
    if not isinstance(value, dict) or len(value) > MAX_STREAMS:
        errors["/streams"] = [f"必须是对象, 最多 {MAX_STREAMS} 项。"]
        return {}
    streams: dict[str, Attested] = {}
    for scope, said in value.items():
        if not SCOPE_NAME.fullmatch(scope) or not isinstance(said, dict):
            errors[f"/streams/{escaped(scope)}"] = ["必须以 site:<id>、user:<id> 或 ref 为名, 内容为对象。"]
            continue
        if is_count(said.get("n")) and is_prev(said.get("hash")) and is_count(said.get("unsent")):
            sig = said.get("sig")
            unsent = min(said["unsent"], MAX_UNSENT)
            streams[scope] = Attested(said["n"], said["hash"], unsent, sig if isinstance(sig, str) else "")
        else:
            errors[f"/streams/{escaped(scope)}"] = ["必须有 n、hash 和 unsent。"]
    return streams
