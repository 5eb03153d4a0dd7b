"""Bytes that no honest client sends: each gets the answer that the contract names, and never a 500."""

from __future__ import annotations

import json

import pytest

from tests.stories.wire import LOG, WireDevice


def _with(line: bytes, old: bytes, new: bytes) -> bytes:
    assert old in line
    return line.replace(old, new)


@pytest.mark.parametrize(
    "value",
    [b"NaN", b"Infinity", b"1" * 5_000, b"[" * 100_000, b"\xff", b'"\\ud800"', b"{}}", b"-", b"1e999"],
)
def test_a_value_that_no_reader_agrees_on_refuses_its_line_and_no_other(
    device: WireDevice, value: bytes
) -> None:
    good = device.line()
    last = device.chain[device.field.scope]
    bad = _with(device.line(body={**LOG, "area_m2": 12345}), b"12345", value)
    device.chain[device.field.scope] = last
    if len(bad) > 65_536:
        assert device.push(good, bad).status_code in (200, 413)
        return
    first, second = device.outcomes(good, bad)
    assert first["outcome"] == "applied"
    assert second["outcome"] == "refused"


def test_a_key_written_twice_refuses_the_line(device: WireDevice) -> None:
    bad = _with(device.line(), b'"place":"canteen"', b'"place":"canteen","place":"toilet"')
    (outcome,) = device.outcomes(bad)
    assert (outcome["outcome"], outcome["code"]) == ("refused", "unreadable")


def test_a_line_that_is_no_entry_is_refused_by_its_number(device: WireDevice) -> None:
    good, other = device.line(), device.line()
    outcomes = device.outcomes(good, b"hello", other)
    assert [outcome["outcome"] for outcome in outcomes] == ["applied", "refused", "applied"]
    assert outcomes[1]["line"] == 2


def test_a_field_that_the_kind_does_not_list_is_refused_and_the_chain_goes_on(device: WireDevice) -> None:
    bad, good = device.line(body={**LOG, "colour": "red"}), device.line()
    answer = device.push(bad, good).get_json()
    assert [o["outcome"] for o in answer["outcomes"]] == ["refused", "applied"]
    assert answer["outcomes"][0]["code"] == "body_invalid"
    assert "/body/colour" in answer["outcomes"][0]["errors"]
    assert answer["streams"][device.field.scope] == {
        "n": 2,
        "hash": device.chain[device.field.scope][1],
        "missing": [],
    }


def test_more_than_500_entries_are_413_with_both_limits(device: WireDevice) -> None:
    answer = device.push(*[device.line() for _ in range(501)])
    assert answer.status_code == 413
    problem = answer.get_json()
    assert (problem["code"], problem["max_entries"], problem["max_bytes"]) == (
        "too_many_entries",
        500,
        1_048_576,
    )


def test_a_gzip_bomb_is_413_without_being_inflated(device: WireDevice) -> None:
    answer = device.push(b"0" * 50_000_000, zipped=True)
    assert (answer.status_code, answer.get_json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"[]",
        b"{",
        b'{"sync":2}',
        b'{"sync":1,"sync":1}',
        b"[" * 100_000,
        json.dumps({"sync": 1}).encode(),
    ],
)
def test_a_header_that_cannot_be_read_is_a_problem_of_the_envelope(device: WireDevice, header: bytes) -> None:
    answer = device.push(device.line(), header=header)
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"


def test_a_body_that_is_not_what_its_encoding_says_is_400(device: WireDevice) -> None:
    sent = device.send(
        "/sync/v1/push", b"plain", "application/x-ndjson", headers={"Content-Encoding": "gzip"}
    )
    assert sent.status_code == 400


def test_an_encoding_that_is_not_offered_is_415(device: WireDevice) -> None:
    sent = device.send("/sync/v1/push", b"plain", "application/x-ndjson", headers={"Content-Encoding": "br"})
    assert (sent.status_code, sent.get_json()["code"]) == (415, "unsupported_encoding")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"sync":1}', b'{"sync":1,"schema":"x","scopes":[]}', b"\xff"]
)
def test_a_pull_that_cannot_be_read_is_400(device: WireDevice, body: bytes) -> None:
    assert device.send("/sync/v1/pull", body, "application/json").status_code == 400


@pytest.mark.parametrize("body", [b"", b"[]", b'{"code":1}', b"{" * 70_000, b"\xff\xfe"])
def test_an_enrolment_that_cannot_be_read_is_refused(device: WireDevice, body: bytes) -> None:
    answer = device.http.post("/sync/v1/enrol", data=body, content_type="application/json")
    assert answer.status_code in (400, 413)
