"""Push: outcomes, chains, receipts and attestations (SPEC, parts 4, 5, 8, 9, 13)."""

from __future__ import annotations

import json
from typing import Any

from sync_protocol.client.clock import parse_ms
from sync_protocol.conform.checks import check, expect
from sync_protocol.conform.device import LOG, Broken, Device, new_id
from sync_protocol.entry import MAX_LINE_BYTES
from sync_protocol.signatures import receipt_text, verify_text

_NEAR_MS = 300_000


@check("push.heartbeat", "M29 M58")
def _(device: Device) -> None:
    """A push without entries is answered with a fresh beacon each time, a time and the stream as it is."""
    one, two = device.pushed(), device.pushed()
    expect(one["beacon"] != two["beacon"], "the same beacon came twice")
    expect(len(str(one["beacon"])) >= 16, "a beacon of fewer than 96 bits")
    expect(one["outcomes"] == [], "a heartbeat has outcomes")
    at_ms, server_ms = parse_ms(one["receipt"]["at"]), parse_ms(one["server_time"])
    expect(at_ms is not None and server_ms is not None, "at or server_time is no instant")
    expect(abs((at_ms or 0) - (server_ms or 0)) < _NEAR_MS, "the receipt is of another time than the answer")
    _expect_stream(device, one)


@check("push.receipt", "M35")
def _(device: Device) -> None:
    """The receipt is the server's signature over device, time and streams."""
    answer = device.pushed(device.line())
    streams = {scope: (one["n"], one["hash"]) for scope, one in answer["streams"].items()}
    text = receipt_text(device.id, answer["receipt"]["at"], streams)
    is_good = verify_text(str(device.identity["server_key"]), text, answer["receipt"]["sig"])
    expect(is_good, "the receipt's signature does not verify")


@check("push.applied", "M12 M32")
def _(device: Device) -> None:
    """Good entries are applied in the order of the lines, each with rev 1 and a seq of its own, and the stream follows."""
    lines = [device.line() for _ in range(3)]
    answer = device.pushed(*lines)
    outcomes = answer["outcomes"]
    expect(
        [one.get("id") for one in outcomes] == _ids(*lines), "outcomes are not one for each line, in order"
    )
    expect([one.get("outcome") for one in outcomes] == ["applied"] * 3, f"answered {outcomes}")
    expect([one.get("rev") for one in outcomes] == [1] * 3, "a new record's rev is not 1")
    seqs = [one.get("seq") for one in outcomes]
    expect(all(isinstance(seq, int) for seq in seqs), "an outcome has no seq")
    expect(len(set(seqs)) == 3, f"a seq was given twice: {seqs}")
    _expect_stream(device, answer)


@check("push.duplicate", "M38")
def _(device: Device) -> None:
    """The same bytes again are a duplicate that says what came of them first, and change nothing."""
    line = device.line()
    (first,) = device.write(line)
    answer = device.pushed(line, line)
    for again in answer["outcomes"]:
        expect(again.get("outcome") == "duplicate", f"a repeat was answered {again}")
        same = [again.get(name) for name in ("first", "rev", "seq")]
        expect(
            same == ["applied", first["rev"], first["seq"]], f"a repeat says {again}, the first time {first}"
        )
    _expect_stream(device, answer)


@check("push.entry_mismatch", "M38")
def _(device: Device) -> None:
    """Other bytes under an id that is known are refused, and take no place in the chain."""
    line = device.line()
    device.write(line)
    other = line.replace(b'"operator":"conformance"', b'"operator":"conformance 2"')
    answer = device.pushed(other)
    _expect_refused(answer["outcomes"], "entry_mismatch")
    _expect_stream(device, answer)


@check("push.refused", "M5 M16 M23 M41")
def _(device: Device) -> None:
    """A body that its kind does not allow is refused with a pointer to the place, keeps its place in the chain, and harms no
    other entry."""
    lines = [device.line(), device.line(body={**LOG, "agent": "conformance"}), device.line()]
    answer = device.pushed(*lines)
    expect(len(answer["outcomes"]) == 3, f"{len(answer['outcomes'])} outcomes for 3 lines")
    found = [one.get("outcome") for one in answer["outcomes"]]
    expect(found == ["applied", "refused", "applied"], f"answered {found}")
    refused = _expect_refused(answer["outcomes"][1:2], "body_invalid")
    expect("/body/agent" in refused.get("errors", {}), f"errors point to {list(refused.get('errors', {}))}")
    _expect_stream(device, answer)


@check("push.unlisted_field", "M5")
def _(device: Device) -> None:
    """A field that the kind does not list makes the entry refused."""
    _expect_refused(device.outcomes(device.line(body={**LOG, "conformance": 1})), "body_invalid")


@check("push.unknown_member", "M8")
def _(device: Device) -> None:
    """An unknown member of an entry makes it refused."""
    _expect_refused(device.outcomes(device.line(conformance=1)), "unreadable")


@check("push.unknown_kind", "M16")
def _(device: Device) -> None:
    """A kind that does not exist is refused."""
    _expect_refused(device.outcomes(device.line("conformance_kind", {})), "unknown_kind")


@check("push.server_kind", "M97")
def _(device: Device) -> None:
    """What only the server writes is taken from no device."""
    _expect_refused(device.outcomes(device.line("window", {})), "kind_not_allowed")


@check("push.other_scope", "M43")
def _(device: Device) -> None:
    """A site that is not the user's is refused, whether or not it exists."""
    line = device.line(scope=f"site:{new_id()}", n=1, prev="")
    device.lines.pop()
    _expect_refused(device.outcomes(line), "scope_not_assigned")


@check("push.unreadable", "M7 M23 M41")
def _(device: Device) -> None:
    """Lines that are no entries are refused by their number, and harm no other."""
    good = device.line()
    answer = device.pushed(b"{", b'{"id":1,"id":2}', good)
    one, two, three = answer["outcomes"]
    for number, outcome in ((1, one), (2, two)):
        found = [outcome.get(name) for name in ("line", "outcome", "code")]
        expect(found == [number, "refused", "unreadable"], f"line {number} was answered {outcome}")
    expect(three.get("outcome") == "applied", f"the good line was answered {three}")


@check("limits.line", "M7")
def _(device: Device) -> None:
    """A line above 65,536 bytes is refused, and harms no other."""
    answer = device.pushed(b'{"id":"' + b"x" * MAX_LINE_BYTES + b'"}', device.line())
    _expect_refused(answer["outcomes"][:1], "line_too_long")
    expect(answer["outcomes"][1].get("outcome") == "applied", "the line after it was not applied")


@check("push.needs", "M39 M40")
def _(device: Device) -> None:
    """An entry that needs another is held until that one comes, and is applied then."""
    needed = new_id()
    waiting = device.line(needs=[needed])
    (outcome,) = device.outcomes(waiting)
    expect(outcome.get("outcome") == "held", f"answered {outcome}")
    device.write(device.line(id=needed, record=needed))
    (again,) = device.outcomes(waiting)
    expect(
        (again.get("outcome"), again.get("first")) == ("duplicate", "applied"), f"released, it says {again}"
    )


@check("chain.hole", "M11 M12 M15")
def _(device: Device) -> None:
    """An entry beyond a hole is applied, the hole is named, and what fills it closes it."""
    first, second, third = (device.line() for _ in range(3))
    answer = device.pushed(first, third)
    found = [one.get("outcome") for one in answer["outcomes"]]
    expect(found == ["applied", "applied"], f"answered {found}")
    n = len(device.lines)
    stream = answer["streams"][device.scope]
    expect((stream["n"], stream["missing"]) == (n, [n - 1]), f"the stream is answered {stream}")
    expect(stream["hash"] == device.hash, "the hash is not of the highest entry received")
    _expect_stream(device, device.pushed(second))


@check("watermark.attestation", "M31")
def _(device: Device) -> None:
    """An attestation that does not verify fails nothing."""
    header = json.loads(device.header(unsent=3))
    header["streams"][device.scope]["sig"] = "A" * 86
    answer = device.push(header=json.dumps(header).encode())
    expect(answer.status == 200, f"answered {answer.status}")


@check("watermark.unsent", "M30 M63")
def _(device: Device) -> None:
    """What is declared as unsent is taken, and a later push says that nothing is."""
    line = device.line()
    held = device.lines.pop()
    _expect_stream(device, device.pushed(header=device.header(unsent=1)))
    device.lines.append(held)
    _expect_stream(device, device.pushed(line))


def _ids(*lines: bytes) -> list[str]:
    return [json.loads(line)["id"] for line in lines]


def _expect_refused(outcomes: list[dict[str, Any]], code: str) -> dict[str, Any]:
    if len(outcomes) != 1:
        raise Broken(f"{len(outcomes)} outcomes for one line")
    (found,) = outcomes
    expect((found.get("outcome"), found.get("code")) == ("refused", code), f"answered {found}, not {code}")
    expect(isinstance(found.get("errors"), dict), f"{code} has no errors")
    return found


def _expect_stream(device: Device, answer: dict[str, Any]) -> None:
    """That the server has the chain as far as it was written, without a hole."""
    stream = answer["streams"].get(device.scope)
    wanted = {"n": len(device.lines), "hash": device.hash, "missing": []}
    expect(stream == wanted, f"the stream is answered {stream}, and is {wanted}")
