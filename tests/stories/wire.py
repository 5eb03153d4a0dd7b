"""A device whose requests are built by hand: it can send what no honest client would."""

from __future__ import annotations

import gzip
import itertools
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from werkzeug.test import TestResponse

from server.base.clock import to_iso
from sync_protocol.entry import entry_hash
from sync_protocol.signatures import HttpRequest, attestation_text, public_text, sign_request, sign_text
from tests.stories.field import Field

HOST = "http://localhost"
CHECK = {
    "worker": "5f2b7f0e-8d3c-4b1a-9c55-0a4cf6f2d001",
    "celsius": 36.5,
    "point": "gate",
    "slot": "before_work",
}
LOG = {"place": "canteen", "agent": "chlorine", "operator": "王师傅"}


class WireDevice:
    """An enrolled device with its key, token and last beacon."""

    def __init__(self, field: Field, user: str = "inspector") -> None:
        self.field = field
        self.clock = field.cast.clock
        self.http = field.app.test_client()
        self.key = Ed25519PrivateKey.generate()
        self._nonces = itertools.count()
        asked = {
            "code": field.code(user),
            "public_key": public_text(self.key),
            "name": "wire",
            "platform": "test",
        }
        answer = self.http.post("/sync/v1/enrol", json=asked)
        assert answer.status_code == 200, answer.text
        self.identity: dict[str, Any] = answer.get_json()
        self.device: str = self.identity["device"]
        self.beacon: str = self.identity["beacon"]
        self.chain: dict[str, tuple[int, str]] = {}

    def line(
        self, kind: str = "disinfection_log", body: Mapping[str, Any] | None = None, **given: Any
    ) -> bytes:
        """The next line of the chain, or whatever `given` says instead."""
        scope = given.get("scope", self.field.scope)
        n, prev = self.chain.get(scope, (0, ""))
        entry_id = given.pop("id", str(uuid.uuid4()))
        at_ms = self.clock.now_ms()
        at = {"wall": to_iso(at_ms), "boot": "b", "up_ms": at_ms % 10**9, "beacon": self.beacon}
        whole = {"id": entry_id, "scope": scope, "n": n + 1, "prev": prev, "kind": kind, "record": entry_id}
        whole |= {"act": "add", "at": at, "body": LOG if body is None else body, **given}
        text = json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
        self.chain[scope] = (whole["n"], entry_hash(text))
        return text

    def header(self, streams: Mapping[str, tuple[int, str, int]] | None = None) -> bytes:
        """A header that attests `streams` (n, hash, unsent), or what the chain says."""
        at_ms = self.clock.now_ms()
        all_sent = {
            name: (*self.chain.get(name, (0, "")), 0) for name in (self.chain or {self.field.scope: 0})
        }
        attested = {
            name: {"n": n, "hash": hash, "unsent": unsent, "sig": self._attest(name, n, hash)}
            for name, (n, hash, unsent) in (streams if streams is not None else all_sent).items()
        }
        clock = {"wall": to_iso(at_ms), "boot": "b", "up_ms": at_ms % 10**9}
        return json.dumps({"sync": 1, "schema": "2026.1", "clock": clock, "streams": attested}).encode()

    def _attest(self, scope: str, n: int, hash: str) -> str:
        return sign_text(self.key, attestation_text(self.device, scope, n, hash))

    def push(self, *lines: bytes, header: bytes | None = None, **sent: Any) -> TestResponse:
        body = b"\n".join((self.header() if header is None else header, *lines)) + b"\n"
        answer = self.send("/sync/v1/push", body, "application/x-ndjson", **sent)
        if answer.status_code == 200:
            self.beacon = answer.get_json()["beacon"]
        return answer

    def outcomes(self, *lines: bytes, **sent: Any) -> list[dict[str, Any]]:
        answer = self.push(*lines, **sent)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.get_json()["outcomes"]
        return found

    def pull(self, scopes: Mapping[str, str], max_bytes: int = 1_048_576) -> list[dict[str, Any]]:
        asked = {"sync": 1, "schema": "2026.1", "scopes": dict(scopes), "max_bytes": max_bytes}
        answer = self.send("/sync/v1/pull", json.dumps(asked).encode(), "application/json")
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.data.splitlines()]

    def send(
        self,
        path: str,
        body: bytes,
        content_type: str,
        *,
        nonce: str | None = None,
        key: Ed25519PrivateKey | None = None,
        created_s: int | None = None,
        zipped: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> TestResponse:
        body = gzip.compress(body) if zipped else body
        plain = {"Content-Type": content_type}
        if zipped:
            plain["Content-Encoding"] = "gzip"
        signed = self.signed("POST", path, body, plain, nonce=nonce, key=key, created_s=created_s)
        return self.http.post(path, data=body, headers={**signed, **(headers or {})})

    def signed(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        nonce: str | None = None,
        key: Ed25519PrivateKey | None = None,
        created_s: int | None = None,
    ) -> dict[str, str]:
        """These headers, with the bearer token and the signature of the request."""
        plain = {**headers, "Authorization": f"Bearer {self.identity['token']}"}
        at_s = self.clock.now_ms() // 1000 if created_s is None else created_s
        signing = key if key is not None else self.key
        fresh = nonce if nonce is not None else f"n{next(self._nonces)}-{self.device}"
        return sign_request(signing, self.device, HttpRequest(method, HOST + path, plain, body), at_s, fresh)


def records(lines: Sequence[Mapping[str, Any]], kind: str) -> list[Mapping[str, Any]]:
    """The records of one kind that a pull put."""
    return [line for line in lines if line.get("put") == kind]
