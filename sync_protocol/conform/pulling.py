"""Pull: changes, cursors, digests, what comes of records, and times (SPEC, parts 11 and 12)."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterable, Mapping
from typing import Any

from sync_protocol.client.clock import parse_ms, wall_text
from sync_protocol.conform.checks import check, expect
from sync_protocol.conform.device import LOG, Device, new_id, of_scope, puts
from sync_protocol.digest import record_digest, to_hex

_PIECES = 4  # at least: of a large site not more, or its pull would take minutes
_SLOW_MS = 3_600_000
_COMPANY = "91410700MA40000A10"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643
_CHECKS = "10X98765432"


@check("pull.all", "M47 M53")
def _(device: Device) -> None:
    """A pull from nothing brings the site's records, and count and digest are of just these."""
    lines, _cursor = device.pull_all()
    _expect_digest(lines)


@check("pull.seq", "M48 M49")
def _(device: Device) -> None:
    """Within a scope seq rises from line to line, and a record comes once."""
    device.write(device.line(), device.line())
    lines, _cursor = device.pull_all()
    changes = [line for line in lines if "seq" in line]
    seqs = [line["seq"] for line in changes]
    expect(all(one < two for one, two in itertools.pairwise(seqs)), "seq does not rise")
    keys = [(line.get("put") or line.get("del"), line["id"]) for line in changes]
    expect(len(set(keys)) == len(keys), "a record came twice in one pull")


@check("pull.cursor", "M49 M51")
def _(device: Device) -> None:
    """From its cursor on a device gets what changed since, all of it and nothing else."""
    _lines, cursor = device.pull_all()
    quiet, cursor = device.pull_all(cursor)
    expect(not [line for line in quiet if "put" in line], "records came though nothing had changed")
    written = device.write(device.line(), device.line())
    lines, _cursor = device.pull_all(cursor)
    came = {line["id"]: line["seq"] for line in lines if line.get("put") == "disinfection_log"}
    expect(came == {one["id"]: one["seq"] for one in written}, f"{len(came)} of 2 came as their outcomes say")


@check("pull.acknowledged", "promise 1")
def _(device: Device) -> None:
    """What was acknowledged comes down, with the bytes' own body, once."""
    (outcome,) = device.write(device.line(body={**LOG, "note": "王师傅 𠮷"}))
    lines, _cursor = device.pull_all()
    came = puts(lines, outcome["id"])
    expect(len(came) == 1, f"an applied entry came down {len(came)} times")
    body = came[0]["body"]
    expect(all(body.get(name) == value for name, value in LOG.items()), f"its body is {body}")
    expect(body.get("note") == "王师傅 𠮷", "its text was changed")
    expect(
        (body.get("by"), body.get("device")) == (device.identity["user"], device.id), "by or device is wrong"
    )


@check("pull.pages", "M50 M54 M56")
def _(device: Device) -> None:
    """A pull in small pieces gives the same state as one in a single answer."""
    whole, _cursor = device.pull_all()
    piece_bytes = max(2_000, sum(len(json.dumps(line, ensure_ascii=False)) for line in whole) // _PIECES)
    pieces, _cursor = device.pull_all(max_bytes=piece_bytes)
    expect(_state(pieces) == _state(whole), "the pieces make another state")
    expect(sum("checkpoint" in line for line in pieces) > 1 or len(whole) < 4, "max_bytes bounds nothing")
    _expect_digest(pieces)


@check("pull.broken_cursor", "M51 M52")
def _(device: Device) -> None:
    """A cursor that is garbage is answered with a reset and then everything, never with a problem."""
    lines, _cursor = device.pull_all("garbage")
    expect(lines and "reset" in lines[0], "no reset came first")
    _expect_digest(lines)


@check("pull.gone", "M47")
def _(device: Device) -> None:
    """A scope that is named and not the user's comes as gone."""
    scope = f"site:{new_id()}"
    lines = of_scope(device.pull({scope: ""}), scope)
    expect([line for line in lines if line.get("gone") == scope], f"it was answered {lines}")


@check("pull.masked", "M57")
def _(device: Device) -> None:
    """A worker comes down with a masked number and a digest for look-up, and never with the number."""
    number = _certificate()
    lines = _pulled_worker(device, number)
    text = str(lines)
    expect(number not in text, "the certificate's number came down")
    body = lines[-1]["body"]
    expect({"certificate_masked", "certificate_digest"} <= body.keys(), f"a worker has {sorted(body)}")
    expect("13812345678" not in text, "the phone came down unmasked")


@check("push.edit", "M44 M46")
def _(device: Device) -> None:
    """An edit of a register gives it the next rev; one that makes it invalid is refused and changes nothing."""
    (worker,) = _pulled_worker(device, _certificate())
    id = str(worker["id"])
    edit = {"record": id, "act": "edit", "base": worker["rev"]}
    (outcome,) = device.write(device.line("worker", {"team": "conformance 2"}, **edit))
    expect(outcome.get("rev") == worker["rev"] + 1, f"the edit was answered {outcome}")
    (refused,) = device.outcomes(device.line("worker", {"exited_on": "1999-01-01"}, **edit))
    expect(refused.get("outcome") == "refused", f"an exit before the entry was answered {refused}")
    (now,) = puts(device.pull_all()[0], id)
    found = (now["rev"], now["body"].get("team"), now["body"].get("exited_on"))
    expect(found == (outcome["rev"], "conformance 2", None), f"the record is {found}")


@check("push.amend", "part 4")
def _(device: Device) -> None:
    """A fact that is corrected stays readable and names its correction; a void one stays too, and says so."""
    (first,) = device.write(device.line())
    amend = {"act": "amend", "amends": first["id"]}
    (second,) = device.write(device.line(body={**LOG, "agent": "alcohol"}, **amend))
    (third,) = device.write(device.line())
    void = {"record": third["id"], "act": "void", "reason": "conformance"}
    device.write(device.line(body={}, **void))
    lines, _cursor = device.pull_all()
    bodies = {line["id"]: line["body"] for line in lines if "put" in line}
    expect(bodies[first["id"]].get("amended_by") == second["id"], "the corrected fact has no amended_by")
    expect(bodies[second["id"]].get("amends") == first["id"], "the correction has no amends")
    expect(bodies[third["id"]].get("voided") is True, "the void fact has no voided")


@check("time.bounds", "M58 M86")
def _(device: Device) -> None:
    """An entry is dated within what is proved: not before its beacon, not after its receipt."""
    answer = device.pushed()
    line = device.line()
    receipt = device.pushed(line)["receipt"]["at"]
    _expect_within(device, answer["server_time"], receipt)


@check("time.slow_clock", "M62 M86")
def _(device: Device) -> None:
    """A clock that is an hour slow does not move what it wrote by an hour, and is no work written down later."""
    answer = device.pushed()
    slow = wall_text(device.now_ms() - _SLOW_MS)
    line = device.line(at={"wall": slow, "beacon": device.beacon})
    header = device.header(clock={"wall": slow, "beacon": device.beacon})
    receipt = device.pushed(line, header=header)["receipt"]["at"]
    body = _expect_within(device, answer["server_time"], receipt)
    expect(not body.get("backfilled"), "it is called backfilled")


@check("time.observed", "M60")
def _(device: Device) -> None:
    """What says that it was done earlier is taken, and says so wherever it shows."""
    observed = wall_text(device.now_ms() - 20 * _SLOW_MS)
    at = {"wall": wall_text(device.now_ms()), "beacon": device.beacon, "observed": observed}
    (outcome,) = device.write(device.line(at=at))
    (came,) = puts(device.pull_all()[0], outcome["id"])
    expect(came["body"].get("backfilled") is True, "it is not called backfilled")
    expect(parse_ms(came["body"].get("observed")) == parse_ms(observed), "observed came back changed")


@check("chain.fork", "M14")
def _(device: Device) -> None:
    """An entry whose prev does not match is kept and applied all the same: no chain is repaired, and nothing dropped."""
    (outcome,) = device.write(device.line(prev="0" * 64))
    expect(puts(device.pull_all()[0], outcome["id"]), "it did not come down")


def _state(lines: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], int]:
    """Kind and id of each live record with its rev."""
    held: dict[tuple[str, str], int] = {}
    for line in lines:
        if "reset" in line:
            held = {}
        elif "put" in line:
            held[line["put"], line["id"]] = line["rev"]
        elif "del" in line:
            held.pop((line["del"], line["id"]), None)
    return held


def _expect_digest(lines: list[dict[str, Any]]) -> None:
    last = [line for line in lines if "checkpoint" in line][-1]
    expect("count" in last and "digest" in last, "the last checkpoint has no count and digest")
    held = _state(lines)
    digest = to_hex(sum(record_digest(kind, id, rev) for (kind, id), rev in held.items()))
    expect(last["count"] == len(held), f"count is {last['count']}, and {len(held)} records came")
    expect(last["digest"] == digest, f"digest is {last['digest']}, and what came has {digest}")


def _expect_within(device: Device, earliest: str, latest: str) -> Mapping[str, Any]:
    """That the newest entry is dated between two instants. Gives its body."""
    lines, _cursor = device.pull_all()
    (came,) = puts(lines, _id_of_last(device))
    at = came["body"]["at"]
    from_ms, to_ms = parse_ms(at.get("earliest")), parse_ms(at["latest"])
    expect(
        from_ms is None or from_ms >= (parse_ms(earliest) or 0),
        f"earliest {at.get('earliest')} is before {earliest}",
    )
    expect(to_ms is not None and to_ms <= (parse_ms(latest) or 0), f"latest {at['latest']} is after {latest}")
    body: Mapping[str, Any] = came["body"]
    return body


def _id_of_last(device: Device) -> str:
    return str(json.loads(device.lines[-1])["id"])


def _pulled_worker(device: Device, number: str) -> list[Mapping[str, Any]]:
    """A worker who was just registered, as it came down."""
    body = {
        "name": "符合性测试",
        "certificate_type": "id_card",
        "certificate_number": number,
        "company": _COMPANY,
        "team": "conformance",
        "trade": "020",
        "role": "worker",
        "phone": "13812345678",
        "entered_on": "2021-12-01",
    }
    (outcome,) = device.write(device.line("worker", body))
    return list(puts(device.pull_all()[0], outcome["id"]))


def _certificate() -> str:
    """A number of nobody in particular that is formed as one."""
    first = f"41102319710518{random.SystemRandom().randrange(1000):03d}"
    return (
        first + _CHECKS[sum(int(digit) * weight for digit, weight in zip(first, _WEIGHTS, strict=True)) % 11]
    )
