"""A device whose requests are built by hand: it can send what no honest client would."""

from __future__ import annotations

import gzip
import json
import random
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync_protocol.client.clock import parse_ms, wall_text
from sync_protocol.client.ids import nonce as fresh_nonce
from sync_protocol.client.ids import uuid7
from sync_protocol.client.transport import Request, Response, Transport
from sync_protocol.entry import SCHEMAS, entry_hash
from sync_protocol.header import SYNC_VERSION
from sync_protocol.signatures import attestation_text, public_text, sign_request, sign_text

PUSH, PULL, ENROL = "/sync/v1/push", "/sync/v1/pull", "/sync/v1/enrol"
JSON, NDJSON = "application/json", "application/x-ndjson"
LOG = {
    "place": "canteen",
    "agent": "chlorine",
    "operator": "conformance",
}  # version 1 of a form, for good (M115)
WITHIN_S = 60.0
_RNG = random.SystemRandom()


class Broken(Exception):
    """The server did something else than SPEC asks; the text says what was found."""


def document(answer: Response) -> dict[str, Any]:
    """The JSON object of an answer. Raises Broken."""
    try:
        value = json.loads(answer.body)
    except ValueError as error:
        raise Broken(f"{answer.status} without JSON") from error
    if not isinstance(value, dict):
        raise Broken(f"{answer.status} with JSON that is no object")
    return value


def new_id() -> str:
    return uuid7(time.time_ns() // 1_000_000, _RNG)


class Device:
    """An enrolled device with its key, its stream in one site and its last beacon. Its clock is the server's, as the last
    answer said."""

    def __init__(self, url: str, transport: Transport) -> None:
        self.url = url.rstrip("/")
        self.key = Ed25519PrivateKey.generate()
        self.scope = ""  # the site that is written to
        self.identity: Mapping[str, Any] = {}
        self.beacon = ""
        self.lines: list[bytes] = []  # of the chain: entry n at n - 1
        self.transport = transport
        self._offset_ms = 0

    @property
    def id(self) -> str:
        return str(self.identity["device"])

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self._offset_ms

    # ---- requests

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Response:
        """Sends what is given and nothing else. Raises OSError when nobody answers."""
        answer = self.transport.send(Request("POST", self.url + path, headers, body, WITHIN_S))
        self._note_time(answer)
        return answer

    def get(self, path: str) -> Response:
        """An unsigned question. Raises OSError when nobody answers."""
        return self.transport.send(Request("GET", self.url + path, {}, b"", WITHIN_S))

    def signed(self, path: str, body: bytes, headers: Mapping[str, str], **given: Any) -> dict[str, str]:
        """The headers of a signed request. `given`: `key`, `nonce`, `created_s` instead of good ones."""
        bare = {**headers, "Authorization": f"Bearer {self.identity['token']}"}
        created_s = given.get("created_s", self.now_ms() // 1000)
        nonce = given.get("nonce") or fresh_nonce(_RNG)
        request = Request("POST", self.url + path, bare, body)
        return sign_request(given.get("key") or self.key, self.id, request, created_s, nonce)

    def send(self, path: str, body: bytes, headers: Mapping[str, str], **given: Any) -> Response:
        """Signs and sends. `given`: as of `signed`, and `changed`: headers that are changed after signing (None: off)."""
        changed = {**self.signed(path, body, headers, **given), **given.get("changed", {})}
        return self.post(path, body, {name: value for name, value in changed.items() if value is not None})

    def enrol(self, code: str) -> Response:
        """Trades a code for an identity, if it is good."""
        asked = {"code": code, "public_key": public_text(self.key), "name": "conformance", "platform": "kit"}
        answer = self.post(ENROL, json.dumps(asked).encode(), {"Content-Type": JSON})
        if answer.status == 200:
            self.identity = document(answer)
        return answer

    # ---- push

    def line(
        self, kind: str = "disinfection_log", body: Mapping[str, Any] | None = None, **given: Any
    ) -> bytes:
        """The next line of the chain, or what `given` says instead; it counts as written."""
        id = given.get("id") or new_id()
        at = {"wall": wall_text(self.now_ms()), "beacon": self.beacon}
        whole = {"id": id, "scope": self.scope, "n": len(self.lines) + 1, "prev": self.hash, "kind": kind}
        whole |= {"record": id, "act": "add", "at": at, "body": LOG if body is None else body, **given}
        line = json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
        self.lines.append(line)
        return line

    @property
    def hash(self) -> str:
        return entry_hash(self.lines[-1]) if self.lines else ""

    def header(self, unsent: int = 0, **given: Any) -> bytes:
        """A header of this moment that attests the chain as it is; `given`: members instead."""
        n, hash = len(self.lines), self.hash
        sig = sign_text(self.key, attestation_text(self.id, self.scope, n, hash))
        streams = {self.scope: {"n": n, "hash": hash, "unsent": unsent, "sig": sig}}
        clock = {"wall": wall_text(self.now_ms()), "beacon": self.beacon}
        whole = {"sync": SYNC_VERSION, "schema": SCHEMAS[-1], "clock": clock, "streams": streams, **given}
        return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()

    def push(
        self, *lines: bytes, header: bytes | None = None, zipped: bool = False, **given: Any
    ) -> Response:
        """One push, whatever the answer."""
        body = b"\n".join((self.header() if header is None else header, *lines)) + b"\n"
        headers = {"Content-Type": NDJSON, "Accept-Encoding": "gzip"}
        if zipped:
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        return self.send(PUSH, body, headers, **given)

    def pushed(self, *lines: bytes, **given: Any) -> dict[str, Any]:
        """A push that has to be answered with 200: its answer. Raises Broken."""
        answer = self.push(*lines, **given)
        if answer.status != 200:
            raise Broken(f"a push was answered {answer.status} {answer.body[:200].decode(errors='replace')}")
        found = document(answer)
        self.beacon = str(found["beacon"])
        return found

    def outcomes(self, *lines: bytes, **given: Any) -> list[dict[str, Any]]:
        """What became of each line. Raises Broken where it is not one outcome for each, in their order (M32)."""
        found: list[dict[str, Any]] = self.pushed(*lines, **given)["outcomes"]
        if len(found) != len(lines):
            raise Broken(f"{len(found)} outcomes for {len(lines)} lines")
        return found

    def write(self, *lines: bytes) -> list[dict[str, Any]]:
        """The outcomes of lines that have to be applied. Raises Broken."""
        found = self.outcomes(*lines)
        for line, outcome in zip(lines, found, strict=True):
            if outcome.get("outcome") != "applied" or outcome.get("id") != json.loads(line)["id"]:
                raise Broken(f"a good line was answered {outcome}")
        return found

    def heal(self) -> None:
        """Sends again what the server lacks of the chain (M13), so that no check suffers from the one before."""
        stream = self.pushed()["streams"].get(self.scope, {})
        have, missing = int(stream.get("n", 0)), set(stream.get("missing", ()))
        lacking = [line for n, line in enumerate(self.lines, 1) if n > have or n in missing]
        if lacking:
            self.pushed(*lacking)

    # ---- pull

    def pull(self, scopes: Mapping[str, str], max_bytes: int = 1_048_576) -> list[dict[str, Any]]:
        """The lines of one pull. Raises Broken for an answer that is not 200, or has no `end`."""
        asked = {"sync": SYNC_VERSION, "schema": SCHEMAS[-1], "scopes": dict(scopes), "max_bytes": max_bytes}
        answer = self.send(
            PULL, json.dumps(asked).encode(), {"Content-Type": JSON, "Accept-Encoding": "gzip"}
        )
        if answer.status != 200:
            raise Broken(f"a pull was answered {answer.status} {answer.body[:200].decode(errors='replace')}")
        lines = [json.loads(line) for line in answer.body.splitlines() if line]
        if not lines or lines[-1].get("end") is not True:
            raise Broken("a pull has no end line")
        self.beacon = str(lines[-1]["beacon"])
        return lines

    def pull_all(self, cursor: str = "", max_bytes: int = 1_048_576) -> tuple[list[dict[str, Any]], str]:
        """All lines of the site from a cursor on, over as many pulls as it takes, and the last cursor. Raises Broken."""
        found: list[dict[str, Any]] = []
        others: dict[str, str] = {}
        while True:
            lines = self.pull({**others, self.scope: cursor}, max_bytes)
            before = {**others, self.scope: cursor}
            others |= {line["checkpoint"]: line["cursor"] for line in lines if "checkpoint" in line}
            cursor = others.pop(self.scope, cursor)
            found += of_scope(lines, self.scope)
            if not lines[-1].get("more"):
                return found, cursor
            if before == {**others, self.scope: cursor}:
                raise Broken("a pull says more, and no cursor moves")

    def _note_time(self, answer: Response) -> None:
        """Server time as the answer says it, in a member or in the last line."""
        last = answer.body.rstrip().rpartition(b"\n")[2]
        try:
            said = json.loads(last)
        except ValueError:
            return
        server_ms = parse_ms(said.get("server_time")) if isinstance(said, dict) else None
        if server_ms is not None:
            self._offset_ms = server_ms - time.time_ns() // 1_000_000


def of_scope(lines: Iterable[Mapping[str, Any]], scope: str) -> list[dict[str, Any]]:
    """The lines of a pull that are about one scope."""
    return [
        dict(line)
        for line in lines
        if scope in (line.get("scope"), line.get("checkpoint"), line.get("reset"), line.get("gone"))
    ]


def puts(lines: Iterable[Mapping[str, Any]], id: str) -> Sequence[Mapping[str, Any]]:
    """The states of one record that came."""
    return [line for line in lines if "put" in line and line.get("id") == id]
