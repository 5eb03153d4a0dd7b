"""A server that breaks its contract: the app's answers, changed on their way."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sync_protocol.client.transport import Request, Response, Transport

Fault = Callable[[Request, Response], Response]


class Faulty:
    """The way to a server, with a fault in it."""

    def __init__(self, way: Transport, fault: Fault) -> None:
        self._way = way
        self._fault = fault

    def send(self, request: Request) -> Response:
        return self._fault(request, self._way.send(request))


def _in_push(change: Callable[[dict[str, Any]], None]) -> Fault:
    def fault(request: Request, answer: Response) -> Response:
        if not request.url.endswith("/push") or answer.status != 200:
            return answer
        document = json.loads(answer.body)
        change(document)
        return replace(answer, body=json.dumps(document).encode())

    return fault


def _in_pull(change: Callable[[dict[str, Any]], bool | None]) -> Fault:
    """`change` gives False for a line that is left out."""

    def fault(request: Request, answer: Response) -> Response:
        if not request.url.endswith("/pull") or answer.status != 200:
            return answer
        lines = [json.loads(line) for line in answer.body.splitlines()]
        kept = [json.dumps(line).encode() for line in lines if change(line) is not False]
        return replace(answer, body=b"\n".join(kept) + b"\n")

    return fault


def _in_problem(code: str, change: Callable[[Response], Response]) -> Fault:
    def fault(request: Request, answer: Response) -> Response:
        return change(answer) if f'"{code}"'.encode() in answer.body and answer.status >= 400 else answer

    return fault


def _lose_an_outcome(document: dict[str, Any]) -> None:
    document["outcomes"] = document["outcomes"][:-1]


def _give_one_seq_twice(document: dict[str, Any]) -> None:
    for outcome in document["outcomes"]:
        outcome["seq"] = document["outcomes"][0].get("seq")


def _apply_again(document: dict[str, Any]) -> None:
    for outcome in document["outcomes"]:
        if outcome["outcome"] == "duplicate":
            outcome |= {"outcome": "applied", "seq": outcome.get("seq", 0) + 1000}


def _sign_with_nothing(document: dict[str, Any]) -> None:
    document["receipt"]["sig"] = "A" * 86


def _repeat_the_beacon(document: dict[str, Any]) -> None:
    document["beacon"] = "one-and-the-same-beacon"


def _hide_the_hole(document: dict[str, Any]) -> None:
    for stream in document["streams"].values():
        stream["missing"] = []


def _fail_for_one_bad_entry(request: Request, answer: Response) -> Response:
    is_refused = request.url.endswith("/push") and b'"body_invalid"' in answer.body
    return Response(500, {"content-type": "text/html"}, b"<h1>500</h1>") if is_refused else answer


def _count_wrong(line: dict[str, Any]) -> None:
    if "digest" in line:
        line["digest"] = f"{int(line['digest'], 16) ^ 1:016x}"


def _lose_a_record(line: dict[str, Any]) -> bool:
    return line.get("put") != "disinfection_log"


def _turn_seq_round(line: dict[str, Any]) -> None:
    if "seq" in line:
        line["seq"] = 10**6 - line["seq"]


def _believe_the_clock(line: dict[str, Any]) -> None:
    if line.get("put") == "disinfection_log":
        line["body"]["at"] |= {"latest": "2031-01-01T00:00:00+08:00"}


def _show_the_number(line: dict[str, Any]) -> None:
    if line.get("put") == "worker":
        line["body"]["phone"] = "13812345678"


FAULTS: dict[str, tuple[Fault, str]] = {
    "an outcome is lost": (_in_push(_lose_an_outcome), "push.applied"),
    "a seq is given twice": (_in_push(_give_one_seq_twice), "push.applied"),
    "a repeat takes effect again": (_in_push(_apply_again), "push.duplicate"),
    "a receipt is not signed": (_in_push(_sign_with_nothing), "push.receipt"),
    "a beacon comes twice": (_in_push(_repeat_the_beacon), "push.heartbeat"),
    "a hole is not named": (_in_push(_hide_the_hole), "chain.hole"),
    "one bad entry makes a 500": (_fail_for_one_bad_entry, "push.refused"),
    "a digest is wrong": (_in_pull(_count_wrong), "pull.all"),
    "an acknowledged entry is lost": (_in_pull(_lose_a_record), "pull.acknowledged"),
    "a seq falls": (_in_pull(_turn_seq_round), "pull.seq"),
    "an entry is dated after its receipt": (_in_pull(_believe_the_clock), "time.bounds"),
    "a phone is shown": (_in_pull(_show_the_number), "pull.masked"),
    "a replay is let in": (
        _in_problem("nonce_replayed", lambda answer: replace(answer, status=200)),
        "request.nonce",
    ),
    "a problem is a page": (
        _in_problem("clock_skew", lambda answer: replace(answer, headers={"content-type": "text/html"})),
        "request.clock_skew",
    ),
    "limits are not named": (
        _in_problem("too_large", lambda answer: replace(answer, body=b'{"code":"too_large"}')),
        "limits.bytes",
    ),
}
