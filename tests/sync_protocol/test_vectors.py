"""Every vector holds, and the generated ones are what the generator writes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sync_protocol import cursor
from sync_protocol.digest import record_digest, to_hex
from sync_protocol.entry import At, Refusal, entry_hash, read_entry
from sync_protocol.header import read_header
from sync_protocol.intervals import (
    UNKNOWN_MS,
    BootTies,
    Floor,
    Tie,
    Written,
    estimate,
    floor_of,
    push_time,
    settle,
    ties_around,
    with_tie,
)
from sync_protocol.merge import Stamp, merge
from sync_protocol.outcomes import CATALOGUE, EFFECTIVE, FINAL, OUTCOMES
from sync_protocol.signatures import (
    HttpRequest,
    attestation_text,
    keyid_of,
    public_text,
    read_public,
    receipt_text,
    sign_request,
    sign_text,
    verify_request,
    verify_text,
)
from sync_protocol.signatures import from_base64url as unpacked
from sync_protocol.stream import Link, Stream, extend, from_json, highest, missing, to_json
from sync_protocol.vectors.make import FOLDER, MADE, text_of
from sync_protocol.watermark import Declared, Reporter, declared_through, kind_watermark
from tests.sync_protocol.cases import named, vectors


@pytest.mark.parametrize("file", MADE)
def test_a_made_file_is_what_the_maker_makes(file: str) -> None:
    assert (FOLDER / file).read_text(encoding="utf-8") == text_of(file)


def test_the_chain_of_entries_is_whole_and_each_line_has_its_hash() -> None:
    stream = Stream()
    for case in vectors("entries.json")["chain"]:
        entry = read_entry(case["line"].encode())
        assert (entry.n, entry.prev, entry.kind, entry.act, entry.hash) == (
            case["n"],
            case["prev"],
            case["kind"],
            case["act"],
            case["hash"],
        )
        stream = extend(stream, [Link(entry.n, entry.prev, entry.hash)])
    assert stream == Stream(case["n"], case["hash"])


@pytest.mark.parametrize("case", named("entries.json", "good"))
def test_a_good_line_is_read(case: Any) -> None:
    line = case["line"].encode()
    assert read_entry(line).hash == entry_hash(line) == case["hash"]
    assert read_entry(line).raw == line


@pytest.mark.parametrize("case", named("entries.json", "bad"))
def test_a_bad_line_is_refused(case: Any) -> None:
    line = "".join(text * times for text, times in case["parts"]).encode()
    with pytest.raises(Refusal) as refusal:
        read_entry(line)
    assert (refusal.value.code, refusal.value.entry is not None) == (case["code"], case["placed"])
    assert refusal.value.errors


@pytest.mark.parametrize("case", named("headers.json", "good"))
def test_a_good_header_is_read(case: Any) -> None:
    header = read_header(case["line"].encode())
    clock = header.clock
    assert (clock.wall_ms, clock.boot, clock.up_ms) == (case["wall_ms"], case["boot"], case["up_ms"])
    read = {scope: [said.n, said.hash, said.unsent, said.sig] for scope, said in header.streams.items()}
    assert read == case["streams"]


@pytest.mark.parametrize("case", named("headers.json", "bad"))
def test_a_bad_header_is_refused(case: Any) -> None:
    with pytest.raises(Refusal) as refusal:
        read_header(case["line"].encode())
    assert refusal.value.code == case["code"]
    assert sorted(refusal.value.errors) == sorted(case["pointers"])


@pytest.mark.parametrize("case", named("streams.json"))
def test_a_stream_is_known_this_far(case: Any) -> None:
    stream = Stream()
    for delivery in case["deliveries"]:
        stream = from_json(to_json(extend(stream, [Link(*link) for link in delivery])))
    assert highest(stream) == (case["n"], case["hash"])
    assert [stream.n, stream.hash] == case["head"]
    assert to_json(stream)["islands"] == case["islands"]
    assert stream.forked == case["forked"]
    lacking = missing(stream)
    if "missing" in case:
        assert lacking == case["missing"]
    else:
        described = (case["missing_first"], case["missing_last"], case["missing_count"])
        assert (lacking[0], lacking[-1], len(lacking)) == described


@pytest.mark.parametrize("case", named("merges.json"))
def test_an_edit_comes_to_this(case: Any) -> None:
    stamps = {field: Stamp(*values) for field, values in case["stamps"].items()}
    merged = merge(case["state"], stamps, case["base"], case["changes"], Stamp(*case["stamp"]), case["rules"])
    assert merged.outcome == case["outcome"]
    assert merged.state == case["state_after"]
    assert {field: stamp.entry for field, stamp in merged.stamps.items()} == case["writers_after"]
    contested = [[c.field, c.kept, c.other, c.kept_entry, c.other_entry] for c in merged.contested]
    assert contested == case["contested"]


@pytest.mark.parametrize("case", vectors("cursors.json")["cursors"], ids=lambda case: case["cursor"])
def test_a_cursor_is_spelt_like_this(case: Any) -> None:
    assert cursor.encode(case["epoch"], case["seq"]) == case["cursor"]
    assert cursor.decode(case["cursor"]) == (case["epoch"], case["seq"])


@pytest.mark.parametrize("text", vectors("cursors.json")["garbage"])
def test_garbage_is_no_cursor(text: str) -> None:
    assert cursor.decode(text) is None


@pytest.mark.parametrize("case", vectors("digests.json")["records"], ids=lambda case: case["kind"])
def test_a_record_has_this_digest(case: Any) -> None:
    assert to_hex(record_digest(case["kind"], case["id"], case["rev"])) == case["digest"]


@pytest.mark.parametrize("case", named("digests.json", "sums"))
def test_records_add_up_to_this_digest(case: Any) -> None:
    total = sum(record_digest(record["kind"], record["id"], record["rev"]) for record in case["records"])
    assert (to_hex(total), len(case["records"])) == (case["digest"], case["count"])


@pytest.mark.parametrize("case", named("push_times.json", "cases"))
def test_the_clock_of_a_push_was_not_read_before_this(case: Any) -> None:
    assert push_time(case["arrival_ms"], case["beacon_ms"]) == case["t_ms"]


@pytest.mark.parametrize("case", named("intervals.json", "cases"))
def test_entries_were_written_within_these_intervals(case: Any) -> None:
    """The rules in the order of SPEC's part 12, over the pushes and the entries of one device."""
    ties = [Tie(*(push[name] for name in Tie._fields)) for push in case["pushes"]]
    floors = [Floor(push["known"], push["t_ms"], push["arrival_ms"]) for push in case["pushes"]]
    boots: dict[str | None, BootTies] = {}
    for tie in ties:
        if tie.boot is not None:
            boots[tie.boot] = with_tie(boots.get(tie.boot, BootTies()), tie)
    written = []
    for entry in case["entries"]:
        at = At(entry["wall_ms"], "", entry["boot"], entry["up_ms"])
        floor = floor_of(floors, entry["n"])
        floor_ms = floor.t_ms if floor is not None else UNKNOWN_MS
        by = entry["brought_by"]
        around = ties_around(ties[: by + 1], entry["beacon_ms"], floor) if by is not None else []
        last = ties[-1] if by is None and ties else None
        grade, span = estimate(at, boots.get(at.boot), around, last)
        not_before_ms = max(entry["beacon_ms"] or UNKNOWN_MS, floor_ms)
        not_after_ms = entry["received_ms"] if by is None else ties[by].arrival_ms
        written.append(Written(entry["follows"], grade, span, not_before_ms, not_after_ms, floor_ms))
    found = [[i.earliest_ms, i.latest_ms, i.grade, i.doubt] for i in settle(written)]
    assert found == [list(one.values()) for one in case["intervals"]]


@pytest.mark.parametrize("case", named("watermarks.json", "streams"))
def test_a_stream_is_complete_through_this(case: Any) -> None:
    pending = [Declared(*one) for one in case["pending"]]
    hashes = {int(n): hash for n, hash in case["hashes"].items()}
    through = declared_through(from_json(case["stream"]), pending, hashes.get, case["previous"])
    assert through.complete_ms == case["through"]
    assert [list(one) for one in through.pending] == case["waiting"]


@pytest.mark.parametrize("case", named("watermarks.json", "kinds"))
def test_a_kind_is_complete_through_this(case: Any) -> None:
    reporters = [Reporter(one["kinds"], one["through_ms"]) for one in case["reporters"]]
    through = kind_watermark(reporters, case["kind"], case["now_ms"], case["only_server"])
    assert through == case["through"]


def test_the_keys_are_pairs() -> None:
    case = vectors("signatures.json")
    for who in ("device", "server"):
        assert public_text(unpacked(case[f"{who}_private_key"])) == case[f"{who}_public_key"]


def test_a_stream_is_attested_like_this() -> None:
    case = vectors("signatures.json")
    for said in case["attestations"]:
        text = attestation_text(said["device"], said["scope"], said["n"], said["hash"])
        assert text == said["text"]
        assert sign_text(unpacked(case["device_private_key"]), text) == said["sig"]
        assert verify_text(case["device_public_key"], text, said["sig"])


def test_a_receipt_is_signed_like_this() -> None:
    case = vectors("signatures.json")
    receipt = case["receipt"]
    streams = {scope: (n, hash) for scope, (n, hash) in receipt["streams"].items()}
    text = receipt_text(receipt["device"], receipt["at"], streams)
    assert text == receipt["text"]
    assert sign_text(unpacked(case["server_private_key"]), text) == receipt["sig"]
    assert verify_text(case["server_public_key"], text, receipt["sig"])


def test_a_request_is_signed_like_this() -> None:
    case = vectors("signatures.json")
    asked = case["request"]
    bare = {"Authorization": asked["headers"]["Authorization"]}
    request = HttpRequest(asked["method"], asked["url"], bare, asked["body"].encode())
    signed = sign_request(
        unpacked(case["device_private_key"]),
        asked["keyid"],
        request,
        asked["created_s"],
        asked["nonce"],
    )
    assert signed == asked["headers"]
    verified = verify_request(
        read_public(case["device_public_key"]),
        replace(request, headers=asked["headers"]),
        asked["created_s"],
    )
    assert (verified.created_s, verified.nonce, verified.keyid) == (
        asked["created_s"],
        asked["nonce"],
        asked["keyid"],
    )
    assert keyid_of(asked["headers"]) == asked["keyid"]


def test_outcomes_and_codes_have_these_names() -> None:
    case = vectors("outcomes.json")
    assert [case["outcomes"], case["effective"], case["final"]] == [
        list(OUTCOMES),
        list(EFFECTIVE),
        list(FINAL),
    ]
    assert case["codes"] == [[code.number, code.code, code.where, code.status] for code in CATALOGUE]
