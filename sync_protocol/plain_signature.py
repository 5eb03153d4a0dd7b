"""The signature of a request in the plain spelling that clients give it, read without a parser of structured fields.

What is accepted here, `verify_strictly` accepts too, with equal values; for anything else None is given: not "refused",
but "read it the strict way". It never says what is wrong.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_INPUT = re.compile(r"([a-z][a-z0-9]*)=(\(((?:\"[a-z@-]+\" ?)+)\)((?:;[a-z]+=(?:[0-9]+|\"[!#-\[\]-~]*\"))+))")
_PARAMETER = re.compile(r";([a-z]+)=(?:([1-9][0-9]{0,14})|\"([!#-\[\]-~]*)\")")
_SIGNATURE = re.compile(r"([a-z][a-z0-9]*)=:([A-Za-z0-9+/]{86}==):")
_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")
_URL = re.compile(r"https?://[A-Za-z0-9.:-]+((?:/[A-Za-z0-9_-]+)+)")
_VALUE = re.compile(r"[!-~]+(?: [!-~]+)*")
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"))
_COMPONENTS = frozenset(("@method", "@path", "content-digest", "authorization"))


class Input(NamedTuple):
    """What the header `Signature-Input` says, one signature's. `text`: without its label, as it is signed."""

    label: str
    text: str
    components: list[str]
    created_s: int
    nonce: str
    keyid: str


def read_input(value: str) -> Input | None:
    """The one signature that is described, if it covers exactly what it must, under parameters that are all known."""
    found = _INPUT.fullmatch(value)
    if found is None:
        return None
    label, text, covered, said = found.groups()
    components = covered[1:-1].split('" "')
    if len(components) != len(_COMPONENTS) or _COMPONENTS.difference(components):
        return None
    numbers: dict[str, int] = {}
    texts: dict[str, str] = {}
    named = _PARAMETER.findall(said)
    for name, number, quoted in named:
        if number:
            numbers[name] = int(number)
        else:
            texts[name] = quoted
    if len(numbers) + len(texts) != len(named) or said.count(";") != len(named):
        return None
    if (
        numbers.keys() != {"created"}
        or texts.pop("alg", "ed25519") != "ed25519"
        or texts.keys() != {"keyid", "nonce"}
    ):
        return None
    return Input(label, text, components, numbers["created"], texts["nonce"], texts["keyid"])


def read_verified(
    key: Ed25519PublicKey, method: str, url: str, headers: Mapping[str, str], body: bytes
) -> Input | None:
    """What the signature of a request says, if the key's owner made it over exactly this request and its body. When it was
    made, and whether its nonce has the right length, is for the caller to look at."""
    fields = {name.lower(): value for name, value in headers.items()}
    place = _URL.fullmatch(url)
    said = read_input(fields.get("signature-input", ""))
    signature = _SIGNATURE.fullmatch(fields.get("signature", ""))
    digest = _DIGEST.fullmatch(fields.get("content-digest", ""))
    authorization = fields.get("authorization", "")
    if said is None or signature is None or digest is None or place is None or len(fields) != len(headers):
        return None
    if signature[1] != said.label or method not in _METHODS or _VALUE.fullmatch(authorization) is None:
        return None
    if base64.b64encode(hashlib.sha256(body).digest()).decode() != digest[1]:
        return None
    values = {
        "@method": method,
        "@path": place[1],
        "content-digest": fields["content-digest"],
        "authorization": authorization,
    }
    lines = [f'"{name}": {values[name]}' for name in said.components]
    base = "\n".join((*lines, f'"@signature-params": {said.text}'))
    try:
        key.verify(base64.b64decode(signature[2]), base.encode())
    except InvalidSignature:
        return None
    return said
