"""The kit for clients: stands between a client and a server, hands all on, and notes which rules the client breaks."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

from sync_protocol.client.transport import Request, Response, Transport
from sync_protocol.conform.checks import Check
from sync_protocol.conform.device import ENROL, PULL, PUSH
from sync_protocol.entry import MAX_ENTRIES, MAX_INFLATED_BYTES, Entry, Refusal, read_entry
from sync_protocol.header import Header, read_header
from sync_protocol.signatures import (
    SignatureProblem,
    attestation_text,
    from_base64url,
    keyid_of,
    verify_request,
    verify_text,
)

_RULES = {
    "client.key": ("M25", "Its public key is 32 bytes, in base64url without padding."),
    "client.signature": (
        "M18",
        "Each request is signed over method, path, digest and token by the device's key.",
    ),
    "client.nonce": ("M19", "A nonce is never used twice."),
    "client.limits": ("M36", "A push has at most 500 entries and 1 MiB."),
    "client.header": ("part 8", "The first line of a push is a header that a server can read."),
    "client.beacon": ("M85", "The header has a beacon of the last answers."),
    "client.attestation": ("M29 M31", "Every site that is held is attested, with a signature that verifies."),
    "client.head": ("part 8", "What is attested is the last entry sent, and its hash."),
    "client.entries": ("M7", "Every line is an entry that each reader understands alike."),
    "client.bytes": ("M1 M42", "The same id comes with the same bytes, for good."),
    "client.chain": ("M10", "Entries are numbered 1, 2, 3 … and each has the hash of the one before."),
    "client.unsent": ("M30", "After a push with nothing unsent no older entry appears."),
    "client.cursor": ("M51", "A cursor is sent back as it came, or as nothing."),
}
RULES = {name: Check(name, rules, says, lambda device: None) for name, (rules, says) in _RULES.items()}

_ANSWERS_LOST_MAX = 2  # in a row, on their way from here to the client: then it has an older beacon


@dataclass(slots=True)
class _Device:
    """What is known of one client: from its enrolment, and from what it was answered and has sent."""

    public_key: str
    beacons: list[str]
    nonces: set[str] = field(default_factory=set)
    sites: set[str] = field(default_factory=set)
    cursors: set[tuple[str, str]] = field(default_factory=set)
    lines: dict[str, bytes] = field(default_factory=dict)  # by id
    chains: dict[str, dict[int, Entry]] = field(default_factory=dict)
    complete: dict[str, int] = field(default_factory=dict)  # by scope: the n of a push with nothing unsent


class Judge:
    """A transport that judges what goes through it. `seen` counts how often a rule could be looked at, `broken` has what was
    found, the first of each rule first."""

    def __init__(self, way: Transport) -> None:
        self._way = way
        self._devices: dict[str, _Device] = {}
        self._lock = Lock()
        self.seen: dict[str, int] = dict.fromkeys(RULES, 0)
        self.broken: dict[str, list[str]] = {}

    def send(self, request: Request) -> Response:
        path = "/" + request.url.split("://", 1)[-1].partition("/")[2]
        body = self._inflated(request)
        with self._lock:
            device = self._sender(request) if path in (PUSH, PULL) else None
            if device is not None and body is not None:
                self._pushed(device, keyid_of(request.headers) or "", body) if path == PUSH else self._pulled(
                    device, body
                )
        answer = self._way.send(request)
        with self._lock:
            if path == ENROL:
                self._enrolled(body or b"", answer)
            elif device is not None:
                self._answered(device, path, answer)
        return answer

    def _look(self, name: str, holds: object, found: str) -> None:
        self.seen[name] += 1
        if not holds:
            self.broken.setdefault(name, []).append(found)

    def _inflated(self, request: Request) -> bytes | None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        if headers.get("content-encoding", "identity") != "gzip":
            return (
                request.body if "content-encoding" not in headers else None
            )  # zstd: its content is not looked at
        try:
            return gzip.decompress(request.body)
        except (OSError, EOFError, zlib.error):
            return None

    def _enrolled(self, body: bytes, answer: Response) -> None:
        said, given = _document(body), _document(answer.body)
        if answer.status == 200 and isinstance(given.get("device"), str):
            key = str(said.get("public_key"))
            self._look("client.key", _is_key(key), f"public_key is {key[:60]}")
            self._devices[given["device"]] = _Device(key, [str(given.get("beacon"))])

    def _sender(self, request: Request) -> _Device | None:
        """The device that signed; None, and a finding, if none did. A wrong clock is no fault: the server says so."""
        device = self._devices.get(keyid_of(request.headers) or "")
        if device is None:
            self._look("client.signature", False, "no keyid of a device that enrolled here")
            return None
        try:
            verified = verify_request(device.public_key, request, 0, 1 << 62)
        except (SignatureProblem, ValueError) as problem:
            self._look("client.signature", False, str(problem))
            return None
        self._look("client.signature", True, "")
        self._look("client.nonce", verified.nonce not in device.nonces, f"again: {verified.nonce}")
        device.nonces.add(verified.nonce)
        return device

    def _pushed(self, device: _Device, id: str, body: bytes) -> None:
        first, *lines = body.removesuffix(b"\n").split(b"\n")
        is_small = len(lines) <= MAX_ENTRIES and len(body) <= MAX_INFLATED_BYTES
        self._look("client.limits", is_small, f"{len(lines)} entries, {len(body)} bytes")
        try:
            header = read_header(first)
        except Refusal as refusal:
            return self._look("client.header", False, f"{refusal.code} {refusal.errors}")
        self._look("client.header", True, "")
        for line in lines:
            self._line(device, line)
        self._attested(device, id, header)

    def _line(self, device: _Device, line: bytes) -> None:
        try:
            entry = read_entry(line)
        except Refusal as refusal:
            return self._look("client.entries", False, f"{refusal.code} {refusal.errors}")
        self._look("client.entries", True, "")
        known = device.lines.setdefault(entry.id, line)
        self._look("client.bytes", known == line, f"{entry.id} came with other bytes")
        chain = device.chains.setdefault(entry.scope, {})
        if entry.n not in chain:
            complete = device.complete.get(entry.scope, 0)
            self._look(
                "client.unsent", entry.n > complete, f"n {entry.n} came after {complete} with nothing unsent"
            )
        first = chain.setdefault(entry.n, entry)
        before, after = chain.get(entry.n - 1), chain.get(entry.n + 1)
        fits = (entry.n > 1 or not entry.prev) and (before is None or before.hash == entry.prev)
        fits = fits and first.hash == entry.hash and (after is None or after.prev == entry.hash)
        self._look("client.chain", fits, f"n {entry.n} of {entry.scope} does not fit")

    def _attested(self, device: _Device, id: str, header: Header) -> None:
        beacon = header.clock.beacon
        fresh = device.beacons[-_ANSWERS_LOST_MAX - 1 :]
        self._look("client.beacon", beacon in fresh, f"{beacon} instead of {fresh[-1]}")
        for scope in device.sites - header.streams.keys():
            self._look("client.attestation", False, f"{scope} is held and not attested")
        for scope, said in header.streams.items():
            is_signed = verify_text(
                device.public_key, attestation_text(id, scope, said.n, said.hash), said.sig
            )
            self._look("client.attestation", is_signed, f"the signature of {scope} does not verify")
            entry = device.chains.get(scope, {}).get(said.n)
            if entry is not None or said.n == 0:
                is_last = said.hash == (entry.hash if entry is not None else "")
                self._look("client.head", is_last, f"the hash of {scope} is not that of entry {said.n}")
            if said.unsent == 0:
                device.complete[scope] = max(said.n, device.complete.get(scope, 0))

    def _pulled(self, device: _Device, body: bytes) -> None:
        for scope, cursor in (_document(body).get("scopes") or {}).items():
            is_known = cursor == "" or (scope, cursor) in device.cursors
            self._look("client.cursor", is_known, f"a cursor of {scope} that was not given")

    def _answered(self, device: _Device, path: str, answer: Response) -> None:
        """What the client knows from now on. A cut answer has no last beacon."""
        if answer.status != 200 or not answer.complete:
            return
        lines = [_document(line) for line in answer.body.splitlines() if line]
        if lines and "beacon" in lines[-1]:
            device.beacons.append(str(lines[-1]["beacon"]))
        if path != PULL:
            return
        for line in lines:
            if "checkpoint" in line:
                device.cursors.add((str(line["checkpoint"]), str(line["cursor"])))
                if str(line["checkpoint"]).startswith("site:"):
                    device.sites.add(str(line["checkpoint"]))
            elif "gone" in line:
                device.sites.discard(str(line["gone"]))


def serve_judge(judge: Judge, url: str, port: int, ready: Callable[[ThreadingHTTPServer], None]) -> None:
    """Serves on this machine until it is shut down, and hands everything on to `url`. `ready` gets the server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _OWN}
            headers["Accept-Encoding"] = "gzip"  # what comes back is read here
            try:
                answer = judge.send(Request(self.command, url.rstrip("/") + self.path, headers, body))
            except OSError as error:
                return self.send_error(502, str(error))
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name not in _OWN:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_HEAD = do_PATCH = do_DELETE = do_OPTIONS = do_POST

        def log_message(self, format: str, *values: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        ready(server)
        server.serve_forever(0.05)


_OWN = (
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "accept-encoding",
    "keep-alive",
    "date",
    "server",
)


def _document(text: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _is_key(text: str) -> bool:
    try:
        return len(from_base64url(text)) == 32
    except ValueError:
        return False
