"""Enrolment, signatures, limits and problems (SPEC, parts 6, 7, 18)."""

from __future__ import annotations

import gzip
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync_protocol.client.clock import parse_ms
from sync_protocol.conform.checks import check, expect, expect_problem
from sync_protocol.conform.device import ENROL, JSON, NDJSON, PULL, PUSH, Device, document
from sync_protocol.entry import MAX_ENTRIES, MAX_INFLATED_BYTES
from sync_protocol.signatures import from_base64url, public_text


@check("enrol.answer", "M26 M58")
def _(device: Device) -> None:
    """Enrolment gives device, token, user, a server key of 32 bytes, a beacon and the server's time."""
    given = device.identity
    for name in ("device", "token", "user", "server_key", "beacon"):
        expect(isinstance(given.get(name), str) and given[name], f"no {name}")
    expect(len(from_base64url(str(given["server_key"]))) == 32, "server_key is not 32 bytes")
    expect(parse_ms(given.get("server_time")) is not None, "server_time is no instant with an offset")


@check("enrol.wrong_code", "M26")
def _(device: Device) -> None:
    """A code that was never given is refused without saying why."""
    asked = {"code": "XXXXX-XXXXX-XXXXX", "public_key": public_text(device.key), "name": "x", "platform": "x"}
    answer = device.post(ENROL, json.dumps(asked).encode(), {"Content-Type": JSON})
    expect_problem(answer, 401, "enrol_code_invalid")


@check("enrol.not_json", "M22")
def _(device: Device) -> None:
    """A body that is no JSON is a problem document."""
    expect_problem(device.post(ENROL, b"{", {"Content-Type": JSON}), 400, "header_invalid")


@check("kinds", "part 11")
def _(device: Device) -> None:
    """The JSON Schemas of the kinds are open to everybody."""
    answer = device.get("/sync/v1/kinds")
    expect(answer.status == 200, f"answered {answer.status}")
    schemas = document(answer)
    expect({"worker", "temperature_check", "gate_pass"} <= schemas.keys(), "kinds of 2026.1 are missing")
    expect(all(isinstance(one, dict) for one in schemas.values()), "a kind has no schema")


@check("request.no_token", "M18")
def _(device: Device) -> None:
    """A request without a token is nobody's."""
    expect_problem(device.push(changed={"Authorization": None}), 401, "unauthenticated")


@check("request.other_key", "M18")
def _(device: Device) -> None:
    """A copied token is useless without the key."""
    expect_problem(device.push(key=Ed25519PrivateKey.generate()), 401, "signature_invalid")


@check("request.no_signature", "M18")
def _(device: Device) -> None:
    """A request that is not signed is refused."""
    answer = device.push(changed={"Signature": None, "Signature-Input": None})
    expect(answer.status == 401, f"answered {answer.status}")


@check("request.nonce", "M19")
def _(device: Device) -> None:
    """A nonce is good once."""
    nonce = f"conformance-{device.now_ms()}"
    expect(device.push(nonce=nonce).status == 200, "a good request was refused")
    expect_problem(device.push(nonce=nonce), 401, "nonce_replayed")


@check("request.clock_skew", "M20")
def _(device: Device) -> None:
    """A signature of an hour ago is refused with the server's time, and another one of now is good."""
    found = expect_problem(device.push(created_s=device.now_ms() // 1000 - 3600), 401, "clock_skew")
    expect(parse_ms(found.get("server_time")) is not None, "clock_skew without server_time")
    expect(device.push().status == 200, "signed again by the server's time, it was refused")


@check("request.digest", "M18")
def _(device: Device) -> None:
    """Another body than the one that was signed is refused."""
    body = device.header() + b"\n"
    signed = device.signed(PUSH, body, {"Content-Type": NDJSON})
    expect_problem(device.post(PUSH, body + b"\n", signed), 400, "digest_mismatch")


@check("request.gzip", "M21")
def _(device: Device) -> None:
    """A body may come as gzip."""
    expect(device.push(zipped=True).status == 200, "gzip was refused")


@check("request.encoding", "M21")
def _(device: Device) -> None:
    """A content coding that nobody named is 415."""
    answer = device.send(PUSH, b"x", {"Content-Type": NDJSON, "Content-Encoding": "conformance"})
    expect_problem(answer, 415, "unsupported_encoding")


@check("limits.entries", "M36")
def _(device: Device) -> None:
    """More than 500 entries are 413, and both limits are named."""
    answer = device.push(*[b"{}"] * (MAX_ENTRIES + 1))
    _expect_limits(expect_problem(answer, 413, "too_many_entries"))


@check("limits.bytes", "M36")
def _(device: Device) -> None:
    """A push above 1 MiB is 413, and both limits are named."""
    _expect_limits(expect_problem(device.push(b"x" * MAX_INFLATED_BYTES), 413, "too_large"))


@check("limits.inflated", "M21")
def _(device: Device) -> None:
    """A small body that inflates above the limit is 413."""
    body = gzip.compress(b"\n" * (MAX_INFLATED_BYTES * 8))
    answer = device.send(PUSH, body, {"Content-Type": NDJSON, "Content-Encoding": "gzip"})
    _expect_limits(expect_problem(answer, 413, "too_large"))


@check("header.unreadable", "M22")
def _(device: Device) -> None:
    """A header that is no JSON is a problem, and so is one without a clock."""
    expect_problem(device.push(header=b"{"), 400, "header_invalid")
    found = expect_problem(device.push(header=device.header(clock=None)), 400, "header_invalid")
    expect(isinstance(found.get("errors"), dict), "header_invalid names no member in errors")


@check("header.version", "M71")
def _(device: Device) -> None:
    """Another protocol or a schema that was never released is refused; every released one is taken."""
    expect_problem(device.push(header=device.header(sync=2)), 400, "unsupported_version")
    expect_problem(device.push(header=device.header(schema="1999.1")), 400, "unsupported_version")
    expect(device.push(header=device.header(schema="2026.1")).status == 200, "2026.1 was refused")


@check("header.unknown_members", "M73")
def _(device: Device) -> None:
    """Members of a header that a later version may add are passed over."""
    expect(device.push(header=device.header(later={"x": 1})).status == 200, "an unknown member was refused")


@check("pull.not_json", "M22")
def _(device: Device) -> None:
    """A pull that is no JSON is a problem document."""
    expect_problem(device.send(PULL, b"[", {"Content-Type": JSON}), 400, "header_invalid")


def _expect_limits(members: object) -> None:
    named = members if isinstance(members, dict) else {}
    limits = (named.get("max_entries"), named.get("max_bytes"))
    expect(limits == (MAX_ENTRIES, MAX_INFLATED_BYTES), f"the limits are named as {limits}")
