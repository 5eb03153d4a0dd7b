"""Keys and signatures: requests (RFC 9421 with RFC 9530), attestations of a stream, receipts (SPEC,
parts 5, 6 and 8).

Everything is Ed25519. Public keys and signatures of texts travel as base64url without padding.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import http_sf
from cryptography.exceptions import InvalidSignature as WrongSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import (
    ContentDigest,
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
)
from http_message_signatures.algorithms import ED25519

from sync_protocol.plain_signature import read_input, read_verified

COVERED = ("@method", "@path", "content-digest", "authorization")
PARAMETERS = frozenset(("created", "nonce", "keyid", "alg"))
MAX_SKEW_S = 300  # how far `created` may be off the server's clock, each way
MAX_NONCE_CHARS = 64
LABEL = "sig1"  # what we sign under; any label is read

PrivateKey = Ed25519PrivateKey | bytes
PublicKey = Ed25519PublicKey | bytes | str


class SignatureProblem(Exception):
    """A request that must not be trusted: `code` is `signature_invalid`, `clock_skew` or
    `digest_mismatch`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Verified:
    """What a signature said of itself. Whether the nonce was seen before is for the caller to find out."""

    created_s: int
    nonce: str
    keyid: str


# ---- keys


def read_private(key: PrivateKey) -> Ed25519PrivateKey:
    """A private key from its 32 raw bytes. Raises ValueError."""
    return key if isinstance(key, Ed25519PrivateKey) else Ed25519PrivateKey.from_private_bytes(key)


def read_public(key: PublicKey) -> Ed25519PublicKey:
    """A public key from its 32 raw bytes or from its text on the wire. Raises ValueError."""
    if isinstance(key, Ed25519PublicKey):
        return key
    return Ed25519PublicKey.from_public_bytes(from_base64url(key) if isinstance(key, str) else key)


def public_text(private_key: PrivateKey) -> str:
    """The public half of a private key as it travels: base64url of its 32 raw bytes, unpadded."""
    return to_base64url(read_private(private_key).public_key().public_bytes_raw())


def to_base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    """Raises ValueError for padding, for other characters, and for a spelling that `to_base64url` would not
    give."""
    try:
        value = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:  # binascii.Error is one
        raise ValueError("not base64url") from error
    if to_base64url(value) != text:
        raise ValueError("not the one spelling of base64url without padding")
    return value


# ---- texts


def attestation_text(device: str, scope: str, n: int, hash: str) -> str:
    """What a device signs of a stream: the last `n` sent and its hash. Nothing written: n 0, hash ""."""
    return f"gongdi-stream/1\n{device}\n{scope}\n{n}\n{hash}"


def receipt_text(device: str, at: str, streams: Mapping[str, tuple[int, str]]) -> str:
    """What the server signs: for each stream of its answer, by scope name, the highest `n` that it has and
    its hash.

    `at` exactly as it is in the answer.
    """
    lines = (f"\n{scope} {n} {hash}" for scope, (n, hash) in sorted(streams.items()))
    return f"gongdi-receipt/1\n{device}\n{at}" + "".join(lines)


def received_text(device: str, at: str, lines: Mapping[str, tuple[int, str]]) -> str:
    """What the server signs for itself of the lines that an exchange brought: for each scope, by its name, how many they
    are and the SHA-256 of their hashes (32 bytes each, in order of number, then hash), in hex. (No part of the wire.)"""
    named = (f"\n{scope} {count} {sha256}" for scope, (count, sha256) in sorted(lines.items()))
    return f"gongdi-received/1\n{device}\n{at}" + "".join(named)


def export_text(device: str, sha256: str) -> str:
    """What a device signs of the unsent lines that it gives away in a file: `sha256` is of all of them, each with its line
    feed, in hex. (No part of the wire; see the app's emergency export.)"""
    return f"gongdi-export/1\n{device}\n{sha256}"


def sign_text(private_key: PrivateKey, text: str) -> str:
    """The signature over the text's UTF-8 bytes, base64url, unpadded."""
    return to_base64url(read_private(private_key).sign(text.encode()))


def verify_text(public_key: PublicKey, text: str, sig: str) -> bool:
    """Whether `sig` is this key's signature over the text. False for anything else, garbage included."""
    try:
        read_public(public_key).verify(from_base64url(sig), text.encode())
    except (WrongSignature, ValueError):
        return False
    return True


# ---- requests


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What a signature is over. `url` is absolute; `body` is as sent, compressed or not."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class _Message:
    """A request in the form that the signature library needs."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


class _OneKey(HTTPSignatureKeyResolver):
    """Answers every key id with the one key that the caller has looked up already."""

    def __init__(self, private_key: PrivateKey | None = None, public_key: PublicKey | None = None) -> None:
        self._private_key = None if private_key is None else read_private(private_key)
        self._public_key = None if public_key is None else read_public(public_key)

    def resolve_private_key(self, key_id: str) -> Any:
        return self._private_key

    def resolve_public_key(self, key_id: str) -> Any:
        return self._public_key


class _Verifier(HTTPMessageVerifier):
    """Leaves the check of `created` to us: the library reads the machine's clock, and ours is given."""

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        return None


def sign_request(
    private_key: PrivateKey, device_id: str, request: HttpRequest, created_s: int, nonce: str
) -> dict[str, str]:
    """The headers to send: the request's own, and `Content-Digest`, `Signature-Input`, `Signature`.

    The request's headers must hold `Authorization`; `nonce` must never be used twice; `created_s` is server time as the
    device knows it.
    """
    message = _Message(request.method, request.url, dict(request.headers))
    signer = HTTPMessageSigner(signature_algorithm=ED25519, key_resolver=_OneKey(private_key=private_key))
    signer.sign(
        message,
        key_id=device_id,
        created=datetime.fromtimestamp(created_s, UTC),
        nonce=nonce,
        label=LABEL,
        covered_component_ids=COVERED,
        body=request.body,
    )
    return message.headers


def verify_request(
    public_key: PublicKey, request: HttpRequest, now_s: int, max_skew_s: int = MAX_SKEW_S
) -> Verified:
    """What the one signature of a request says, if the key's owner made it over exactly this request.

    1. It covers exactly COVERED, under parameters that are all known; the key fits → else
       `signature_invalid`.
    2. `created` is within `max_skew_s` of `now_s` → else `clock_skew`.
    3. The body is the one that the digest names → else `digest_mismatch`.
    Raises SignatureProblem, and nothing else, whatever the headers hold.
    """
    plain = read_verified(read_public(public_key), request.method, request.url, request.headers, request.body)
    if plain is not None:
        is_fresh = 0 < len(plain.nonce) <= MAX_NONCE_CHARS and abs(plain.created_s - now_s) <= max_skew_s
        if is_fresh:
            return Verified(plain.created_s, plain.nonce, plain.keyid)
    return verify_strictly(public_key, request, now_s, max_skew_s)


def verify_strictly(
    public_key: PublicKey, request: HttpRequest, now_s: int, max_skew_s: int = MAX_SKEW_S
) -> Verified:
    """The same by a parser of structured fields, which knows every spelling and says what is wrong."""
    message = _Message(request.method, request.url, dict(request.headers))
    verifier = _Verifier(signature_algorithm=ED25519, key_resolver=_OneKey(public_key=public_key))
    try:
        (result,) = verifier.verify(message, max_age=None)
    except (HTTPMessageSignaturesException, ValueError, TypeError, KeyError, RecursionError) as error:
        raise SignatureProblem("signature_invalid") from error
    said = result.parameters
    created_s, nonce, keyid = said.get("created"), said.get("nonce"), said.get("keyid")
    covered = sorted(name for name in result.covered_components if name != '"@signature-params"')
    if covered != sorted(f'"{name}"' for name in COVERED) or not said.keys() <= PARAMETERS:
        raise SignatureProblem("signature_invalid")
    if not isinstance(created_s, int) or not isinstance(nonce, str) or not isinstance(keyid, str):
        raise SignatureProblem("signature_invalid")
    if not 0 < len(nonce) <= MAX_NONCE_CHARS:
        raise SignatureProblem("signature_invalid")
    if abs(created_s - now_s) > max_skew_s:
        raise SignatureProblem("clock_skew")
    _check_digest(result.covered_components['"content-digest"'], request.body)
    return Verified(created_s, nonce, keyid)


def keyid_of(headers: Mapping[str, str]) -> str | None:
    """Who a request claims to be from: the `keyid` of its one signature, not verified yet. None when it has
    none."""
    value = next((value for name, value in headers.items() if name.lower() == "signature-input"), None)
    if value is None:
        return None
    plain = read_input(value)
    if plain is not None:
        return plain.keyid
    try:
        inputs: Any = http_sf.parse(value.encode("ascii"), tltype="dictionary")
        ((_, parameters),) = inputs.values()
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    keyid = parameters.get("keyid")
    return keyid if isinstance(keyid, str) else None


def _check_digest(value: str, body: bytes) -> None:
    try:
        ContentDigest.verify(value, body)
    except InvalidSignature as error:
        raise SignatureProblem("digest_mismatch") from error
    if "sha-256=" not in value:
        raise SignatureProblem("digest_mismatch")
