"""Whatever bytes come, reading gives an entry or a refusal; what was written can be read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sync_protocol.entry import (
    ACTS,
    MAX_DEPTH,
    MAX_LINE_BYTES,
    MAX_N,
    MAX_WALL_MS,
    MIN_WALL_MS,
    Entry,
    Refusal,
    entry_hash,
    parse_wall,
    read_entry,
    write_entry,
)
from sync_protocol.header import read_header
from tests.sync_protocol.cases import SITE, bodies, hashes, moments, named, texts, uuids

GOOD = named("entries.json", "good")[0].values[0]["line"].encode()
HEADER = named("headers.json", "good")[0].values[0]["line"].encode()
NUL_OR_HALF = st.sampled_from(["\\u0000", "\\ud800", "\\udfff", '"', "\\", "\n"])


def read_or_refuse(line: bytes) -> Entry | Refusal:
    try:
        return read_entry(line)
    except Refusal as refusal:
        json.dumps(refusal.errors).encode()
        return refusal


@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf{}")
@example(b"[" * MAX_LINE_BYTES)
@example(b'{"a":' * (MAX_LINE_BYTES // 5))
@example(b'"\\ud800"')
@example(b'{"\\ud800":1,"id":1}')
def test_arbitrary_bytes_are_an_entry_or_a_refusal(line: bytes) -> None:
    read_or_refuse(line)


@given(st.integers(0, len(GOOD)), st.integers(0, 20), st.binary(max_size=6) | NUL_OR_HALF.map(str.encode))
def test_a_damaged_line_is_an_entry_or_a_refusal(at: int, cut: int, put: bytes) -> None:
    read_or_refuse(GOOD[:at] + put + GOOD[at + cut :])


@given(bodies, st.dictionaries(texts, st.none() | texts | st.integers(-5, MAX_N), max_size=3))
def test_any_object_is_an_entry_or_a_refusal(body: Any, more: Any) -> None:
    read_or_refuse(json.dumps({**json.loads(GOOD), "body": body, **more}).encode())
    read_or_refuse(json.dumps({**json.loads(GOOD), "at": more}).encode())


@given(st.binary(max_size=200) | st.just(b"[" * 1_000_000) | st.just(b'{"streams":{' + b" " * 99))
def test_a_header_of_arbitrary_bytes_is_a_header_or_a_refusal(line: bytes) -> None:
    try:
        read_header(line)
    except Refusal as refusal:
        assert refusal.code == "header_invalid"


@given(st.integers(0, len(HEADER)), st.integers(0, 20), st.binary(max_size=6))
def test_a_damaged_header_is_a_header_or_a_refusal(at: int, cut: int, put: bytes) -> None:
    try:
        read_header(HEADER[:at] + put + HEADER[at + cut :])
    except Refusal as refusal:
        assert refusal.code in ("header_invalid", "unsupported_version")


@given(st.text(max_size=40))
def test_any_text_is_a_time_that_can_be_shown_or_none(text: str) -> None:
    wall_ms = parse_wall(text)
    assert wall_ms is None or MIN_WALL_MS <= wall_ms <= MAX_WALL_MS


@pytest.mark.parametrize(
    "text",
    [
        "9999-12-31T23:59:59-12:00",
        "0001-01-01T00:00:00+14:00",
        "2026-11-23T07:41:60+08:00",
        "2026-11-23T07:41:03",
        "2026-11-23 07:41:03+08:00",
        "2026-W48-1T07:41:00+08:00",
        "20261123T074103+0800",
        "２０２６-11-23T07:41:00+08:00",
        "2026-11-23T07:41:03+08:00\n",
    ],
)
def test_what_is_no_instant_with_an_offset_is_no_time(text: str) -> None:
    assert parse_wall(text) is None


entries = st.fixed_dictionaries(
    {
        "id": uuids,
        "scope": st.just(SITE) | uuids.map(lambda id: f"user:{id}") | st.just("ref"),
        "n": st.integers(1, MAX_N),
        "prev": hashes | st.just(""),
        "kind": st.from_regex(r"[a-z][a-z0-9_]{0,31}", fullmatch=True),
        "record": uuids,
        "act": st.sampled_from(ACTS),
        "at": moments,
        "body": bodies,
        "base": st.integers(0, MAX_N),
        "amends": uuids,
        "reason": texts.filter(str.strip),
        "needs": st.lists(uuids, max_size=3).map(tuple),
        "media": st.lists(
            st.fixed_dictionaries(
                {"sha256": hashes, "bytes": st.integers(1, 9**9), "type": st.just("image/jpeg")}
            ),
            max_size=2,
        ).map(tuple),
    }
)


@given(entries)
def test_what_is_written_is_read_back(made: dict[str, Any]) -> None:
    own = {"edit": {"base", "reason"}, "amend": {"amends", "reason"}, "void": {"reason"}}.get(
        made["act"], set()
    )
    for name in {"base", "amends", "reason"} - own:
        made[name] = None
    line = write_entry(Entry(**made))
    entry = read_entry(line)
    assert {name: getattr(entry, name) for name in made} == made
    assert (entry.raw, entry.hash) == (line, entry_hash(line))


def test_a_line_at_the_limit_is_read_and_a_byte_more_is_not() -> None:
    padded = GOOD + b" " * (MAX_LINE_BYTES - len(GOOD))
    assert read_entry(padded).raw == padded
    with pytest.raises(Refusal, match="line_too_long"):
        read_entry(padded + b" ")


def test_nesting_at_the_limit_is_read_and_one_more_is_not() -> None:
    inner = MAX_DEPTH - 2  # the line and its body are two
    plain: dict[str, Any] = json.loads(GOOD)
    for extra, is_read in ((0, True), (1, False)):
        nested: Any = 1
        for _ in range(inner + extra):
            nested = [nested]
        read = read_or_refuse(json.dumps({**plain, "body": {"a": nested}}).encode())
        assert isinstance(read, Entry) == is_read


def test_a_refused_line_with_its_place_keeps_what_can_be_read() -> None:
    broken = {**json.loads(GOOD), "kind": "Worker", "record": "x", "act": "erase", "at": {"wall": "noon"}}
    line = json.dumps(broken).encode()
    refusal = read_or_refuse(line)
    assert isinstance(refusal, Refusal)
    assert refusal.entry is not None
    placed = refusal.entry
    assert (placed.id, placed.scope, placed.n, placed.prev) == tuple(
        broken[name] for name in ("id", "scope", "n", "prev")
    )
    assert (placed.kind, placed.record, placed.act, placed.at.wall_ms) == ("unknown", placed.id, "add", 0)
    assert (placed.raw, placed.hash) == (line, entry_hash(line))
    assert set(refusal.errors) == {"/kind", "/record", "/act", "/at/wall"}
