"""A small server in memory that keeps SPEC.md, as far as a tablet can see. A Transport: no sockets,
no framework."""

from __future__ import annotations

import copy
import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync_protocol.client.clock import wall_text
from sync_protocol.client.transport import Request, Response, inflated
from sync_protocol.digest import record_digest, to_hex
from sync_protocol.signatures import (
    SignatureProblem,
    attestation_text,
    keyid_of,
    public_text,
    read_public,
    receipt_text,
    sign_text,
    verify_request,
    verify_text,
)

NOON_MS = 1_795_406_400_000  # 2026-11-23T04:00:00Z
POISON = {"poison": True}  # a body that this server refuses


@dataclass
class FakeScope:
    """One scope: the latest state of each record, tombstones included, and every device's stream."""

    seq: int = 0
    records: dict[tuple[str, str], tuple[int, int, dict[str, Any] | None]] = field(default_factory=dict)
    streams: dict[str, dict[int, str]] = field(default_factory=dict)

    def put(self, kind: str, record: str, body: dict[str, Any] | None) -> tuple[int, int]:
        """Stores a new state (None: deleted). Returns rev and seq."""
        rev = self.records.get((kind, record), (0, 0, None))[0] + 1
        self.seq += 1
        self.records[kind, record] = (rev, self.seq, body)
        return rev, self.seq

    def live(self) -> dict[tuple[str, str], tuple[int, dict[str, Any]]]:
        return {key: (rev, body) for key, (rev, _, body) in self.records.items() if body is not None}


@dataclass
class FakeDevice:
    public_key: str
    token: str
    user: str
    revoked: bool = False


class FakeServer:
    """Set its attributes to make it behave: `limit_entries`, `refusing`, `retrying`, `ill_over`,
    `lying_digests`, …"""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.now_ms = NOON_MS
        self.epoch = 1
        self.codes = {"CODE-1": "user-1", "CODE-2": "user-1"}
        self.devices: dict[str, FakeDevice] = {}
        self.assigned: dict[str, set[str]] = {"user-1": set()}
        self.scopes: dict[str, FakeScope] = {}
        self.entries: dict[str, tuple[bytes, dict[str, Any]]] = {}
        self.nonces: set[str] = set()
        self.headers: list[dict[str, Any]] = []  # of each push that was accepted
        self.pushed: list[list[bytes]] = []  # and its lines
        self.requests: list[Request] = []
        self.limit_entries = 500
        self.limit_bytes = 1_048_576
        self.retrying: set[str] = set()
        self.failing: set[str] = set()  # whose part of a push fails for a passing cause: not in the answer
        self.lying_digests: set[str] = set()
        self.ill_over: str | None = None  # an entry whose line contains this text makes a 500
        self.forgotten: set[tuple[str, int]] = set()  # (scope, n) that was acknowledged and lost: a hole
        self.problem: tuple[int, dict[str, Any], dict[str, str]] | None = None
        self.pull_problem: str | None = None
        self.forging_receipts = False
        self.later_lines: list[dict[str, Any]] = []  # of a later version, before each line of a pull
        self.later_members: dict[str, Any] = {}  # of a later version, in each answer and outcome

    # ---- what a test arranges

    def assign(self, *names: str) -> None:
        for name in names:
            self.assigned["user-1"].add(name)
            self.scopes.setdefault(name, FakeScope())

    def unassign(self, name: str) -> None:
        self.assigned["user-1"].discard(name)

    def backup(self) -> dict[str, Any]:
        return copy.deepcopy({"scopes": self.scopes, "entries": self.entries})

    def restore(self, kept: dict[str, Any]) -> None:
        kept = copy.deepcopy(kept)
        self.scopes, self.entries = kept["scopes"], kept["entries"]
        self.epoch += 1

    def state(self, scope: str) -> dict[str, tuple[int, dict[str, Any]]]:
        """Live records by id: what a tablet that caught up must show."""
        return {record: value for (_, record), value in self.scopes[scope].live().items()}

    # ---- the wire

    def send(self, request: Request) -> Response:
        self.requests.append(request)
        if self.problem is not None:
            return _problem(*self.problem)
        path = request.url.partition("/sync/v1/")[2]
        if path == "enrol":
            return self._enrol(json.loads(request.body))
        try:
            device = self._authenticate(request)
        except SignatureProblem as refusal:
            members = {"server_time": wall_text(self.now_ms)} if refusal.code == "clock_skew" else {}
            return _problem(401, {"code": refusal.code, **members}, {})
        plain = inflated(Response(200, _encoding(request.headers), request.body)).body
        if path == "push":
            return self._push(device, plain)
        if self.devices[device].revoked:
            return _problem(401, {"code": "device_revoked"}, {})
        if self.pull_problem:
            return _problem(400, {"code": self.pull_problem}, {})
        return self._pull(device, json.loads(plain))

    def _enrol(self, asked: dict[str, Any]) -> Response:
        user = self.codes.pop(asked["code"], None)
        if user is None:
            return _problem(403, {"code": "enrol_code_invalid", "title": "注册码无效"}, {})
        device = f"device-{len(self.devices) + 1}"
        self.devices[device] = FakeDevice(asked["public_key"], f"token-{device}", user)
        key = public_text(self.key)
        return self._answer({"device": device, "token": f"token-{device}", "user": user, "server_key": key})

    def _authenticate(self, request: Request) -> str:
        device = keyid_of(request.headers) or ""
        known = self.devices.get(device)
        if known is None or request.headers.get("Authorization") != f"Bearer {known.token}":
            raise SignatureProblem("unauthenticated")
        key = read_public(known.public_key)
        verified = verify_request(key, request, self.now_ms // 1000)
        if verified.nonce in self.nonces:
            raise SignatureProblem("nonce_replayed")
        self.nonces.add(verified.nonce)
        return device

    # ---- push

    def _push(self, device: str, plain: bytes) -> Response:
        first, *lines = plain.rstrip(b"\n").split(b"\n")
        if len(lines) > self.limit_entries or len(plain) > self.limit_bytes:
            return _problem(413, {"code": "too_large", "max_entries": 500, "max_bytes": 1_048_576}, {})
        if self.ill_over and any(self.ill_over.encode() in line for line in lines):
            return _problem(500, {"code": "internal"}, {})
        header = json.loads(first)
        self._check_attestations(device, header)
        self.headers.append(header)
        self.pushed.append(lines)
        outcomes = [{**self._take(device, line), **self.later_members} for line in lines]
        answered = sorted(header["streams"].keys() & self.scopes.keys() - self.failing)
        streams = {name: self._stream(name, device) for name in answered}
        at = wall_text(self.now_ms)
        text = receipt_text(
            device, at, {name: (value["n"], value["hash"]) for name, value in streams.items()}
        )
        sig = sign_text(self.key, text + "!" if self.forging_receipts else text)
        return self._answer({"outcomes": outcomes, "streams": streams, "receipt": {"at": at, "sig": sig}})

    def _check_attestations(self, device: str, header: Mapping[str, Any]) -> None:
        key = read_public(self.devices[device].public_key)
        for scope, claim in header["streams"].items():
            text = attestation_text(device, scope, claim["n"], claim["hash"])
            assert verify_text(key, text, claim["sig"]), f"a false attestation of {scope}"
            assert claim["unsent"] >= 0

    def _take(self, device: str, line: bytes) -> dict[str, Any]:
        entry = json.loads(line)
        name = entry["scope"]
        if entry["id"] in self.entries:
            raw, first = self.entries[entry["id"]]
            if raw != line:
                return {"id": entry["id"], "outcome": "refused", "code": "entry_mismatch", "errors": {}}
            self._extend(device, entry, line)
            return {**first, "outcome": "duplicate", "first": first["outcome"]}
        if name in self.retrying:
            return {"id": entry["id"], "outcome": "retry"}
        if name not in self.assigned[self.devices[device].user]:
            outcome = {"outcome": "refused", "code": "scope_not_assigned", "errors": {}}
        else:
            self._extend(device, entry, line)
            outcome = self._apply(entry)
        self.entries[entry["id"]] = (line, {"id": entry["id"], **outcome})
        return {"id": entry["id"], **outcome}

    def _extend(self, device: str, entry: Mapping[str, Any], line: bytes) -> None:
        stream = self.scopes[entry["scope"]].streams.setdefault(device, {})
        stream[entry["n"]] = hashlib.sha256(line).hexdigest()
        before = stream.get(entry["n"] - 1)
        assert before is None or before == entry["prev"], "a forked chain"

    def _apply(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        if "poison" in entry["body"]:
            return {"outcome": "refused", "code": "body_invalid", "errors": {"/poison": ["没有这个字段"]}}
        done = ("applied", "merged", "contested")
        if any(
            self.entries.get(need, (b"", {"outcome": ""}))[1]["outcome"] not in done
            for need in entry.get("needs", ())
        ):
            return {"outcome": "held"}
        scope, kind, record = self.scopes[entry["scope"]], entry["kind"], entry["record"]
        old = scope.records.get((kind, record), (0, 0, None))[2]
        if entry["act"] in ("edit", "void"):
            if old is None:
                return {"outcome": "refused", "code": "unknown_record", "errors": {}}
            body = {**old, **entry["body"]} if entry["act"] == "edit" else {**old, "voided": True}
        elif entry["act"] == "amend":
            target = scope.records[kind, entry["amends"]][2] or {}
            scope.put(kind, entry["amends"], {**target, "amended_by": record})
            body = {**entry["body"], "amends": entry["amends"]}
        else:
            body = dict(entry["body"])
        rev, seq = scope.put(kind, record, body)
        return {"outcome": "applied", "rev": rev, "seq": seq}

    def _stream(self, name: str, device: str) -> dict[str, Any]:
        stream = self.scopes[name].streams.get(device, {})
        for scope, n in list(self.forgotten):
            if scope == name and n in stream:
                lost = stream.pop(n)
                self.entries = {
                    k: v for k, v in self.entries.items() if hashlib.sha256(v[0]).hexdigest() != lost
                }
                self.forgotten.discard((scope, n))
        highest = max(stream, default=0)
        missing = [n for n in range(1, highest) if n not in stream]
        return {"n": highest, "hash": stream.get(highest, ""), "missing": missing[:500]}

    # ---- pull

    def _pull(self, device: str, asked: Mapping[str, Any]) -> Response:
        assigned = self.assigned[self.devices[device].user]
        lines: list[dict[str, Any]] = []
        room = int(asked["max_bytes"])
        more = False
        for name in sorted(assigned):
            part, room, cut = self._feed(name, asked["scopes"].get(name), room)
            lines += part
            more = more or cut
        lines += [{"gone": name, "reason": "unassigned"} for name in sorted(set(asked["scopes"]) - assigned)]
        end = {
            "end": True,
            "more": more,
            "beacon": f"beacon-{len(self.requests)}",
            "server_time": wall_text(self.now_ms),
        }
        sent = [
            later for line in [*lines, end] for later in (*self.later_lines, {**line, **self.later_members})
        ]
        return _gzipped(200, b"".join(_json(line) + b"\n" for line in sent))

    def _feed(self, name: str, cursor: str | None, room: int) -> tuple[list[dict[str, Any]], int, bool]:
        scope = self.scopes[name]
        epoch, _, seq = (cursor or "").partition(":")
        known = epoch == str(self.epoch) and seq.isdigit() and int(seq) <= scope.seq
        since = int(seq) if known else 0
        lines: list[dict[str, Any]] = [] if known or cursor is None else [{"reset": name}]
        changed = sorted((seq, key) for key, (_, seq, _) in scope.records.items() if seq > since)
        cut = False
        for index, (seq_now, (kind, record)) in enumerate(changed):
            rev, _, body = scope.records[kind, record]
            if body is not None:
                line: dict[str, Any] = {
                    "put": kind,
                    "scope": name,
                    "id": record,
                    "rev": rev,
                    "seq": seq_now,
                    "body": body,
                }
            else:
                line = {"del": kind, "scope": name, "id": record, "rev": rev, "seq": seq_now}
            if body is not None or known:
                lines.append(line)
                room -= len(_json(line))
            since = seq_now
            if room <= 0 and index + 1 < len(changed):
                cut = True
                break
        checkpoint: dict[str, Any] = {"checkpoint": name, "cursor": f"{self.epoch}:{since}"}
        if not cut:
            checkpoint.update(count=len(scope.live()), digest=self._digest(name))
        return [*lines, checkpoint], room, cut

    def _digest(self, name: str) -> str:
        live = self.scopes[name].live()
        total = sum(record_digest(kind, record, rev) for (kind, record), (rev, _) in live.items())
        return to_hex((total + (name in self.lying_digests)) % 2**64)

    def _answer(self, document: dict[str, Any]) -> Response:
        stamps = {"beacon": f"beacon-{len(self.requests)}", "server_time": wall_text(self.now_ms)}
        return _gzipped(200, _json({**document, **stamps, **self.later_members}))


def _encoding(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _gzipped(status: int, body: bytes) -> Response:
    return inflated(Response(status, {"content-encoding": "gzip"}, gzip.compress(body, mtime=0)))


def _problem(status: int, document: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    body = _json({"type": "about:blank", "status": status, **document})
    return Response(status, {"content-type": "application/problem+json", **headers}, body)


def lines_of(pushed: Iterable[Iterable[bytes]]) -> list[bytes]:
    """All lines of some pushes, in order."""
    return [line for lines in pushed for line in lines]
