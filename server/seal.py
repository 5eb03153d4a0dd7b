"""Encryption at rest and keyed digests.

Identity, health and movement data are sealed with AES-256-GCM; the place of a value (table, row, column)
is bound into the seal, so that a sealed value moved elsewhere does not open. Keys live outside the
database.
"""

from __future__ import annotations

import base64
import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from server.config import Config, ConfigError

_MAGIC = b"\x01"
_NAME_BYTES = 4
_NONCE_BYTES = 12
_HEAD = len(_MAGIC) + _NAME_BYTES
_BODY = _HEAD + _NONCE_BYTES


class SealBroken(Exception):
    """A sealed value does not open: another place, another key, or changed bytes."""


def is_sealed(value: bytes) -> bool:
    """Whether a value claims to be sealed; what it claims is seen when it is opened."""
    return value[:1] == _MAGIC


def place(table: str, row: str, column: str) -> bytes:
    """What a seal is bound to."""
    return f"{table}|{row}|{column}".encode()


@dataclass(frozen=True, slots=True)
class Seals:
    """The keys in use. `current` names the key that new seals take; every key in `keys` still opens."""

    keys: Mapping[bytes, AESGCM]
    current: bytes
    digests: hmac.HMAC  # of nothing yet; a copy of it takes a value
    signing_key: Ed25519PrivateKey

    def seal(self, where: bytes, value: bytes) -> bytes:
        """`value` sealed at `where` (see `place`)."""
        nonce = os.urandom(_NONCE_BYTES)
        return _MAGIC + self.current + nonce + self.keys[self.current].encrypt(nonce, value, where)

    def open(self, where: bytes, sealed: bytes) -> bytes:
        """The value sealed at `where`. Raises SealBroken. A value that was never sealed (JSON text) is
        given back."""
        if sealed[:1] != _MAGIC:
            return sealed
        key = self.keys.get(sealed[1:_HEAD])
        if key is None:
            raise SealBroken("no key of that name")
        try:
            return key.decrypt(sealed[_HEAD:_BODY], sealed[_BODY:], where)
        except InvalidTag as error:
            raise SealBroken("the sealed value was changed or moved") from error

    def is_current(self, sealed: bytes) -> bool:
        """Whether the value needs no re-sealing after a rotation."""
        return sealed[:1] != _MAGIC or sealed[1:_HEAD] == self.current

    def digest(self, purpose: str, value: str) -> str:
        """A keyed digest for look-up (HMAC-SHA-256, 32 hex digits): equal values match, nobody without the
        key can guess."""
        mac = self.digests.copy()  # half the time of one that takes the key anew
        mac.update(f"{purpose}\0{value}".encode())
        return mac.hexdigest()[:32]


def load_seals(config: Config) -> Seals:
    """The keys that the settings name, or those kept under `data_dir/keys`, made at first start. Raises
    ConfigError."""
    folder = config.data_dir / "keys"
    rings = config.secret_keys or _kept(folder / "secret_keys", lambda: "k1:" + fresh_key())
    pairs = [item.strip().partition(":") for item in rings.replace("\n", ",").split(",") if item.strip()]
    if not pairs:
        raise ConfigError("GONGDI_SECRET_KEYS names no key")
    keys = {_name(name): AESGCM(_key("GONGDI_SECRET_KEYS", text)) for name, _, text in pairs}
    digest_key = _key("GONGDI_DIGEST_KEY", config.digest_key or _kept(folder / "digest_key", fresh_key))
    signing = _key("GONGDI_SIGNING_KEY", config.signing_key or _kept(folder / "signing_key", fresh_key))
    digests = hmac.new(digest_key, digestmod="sha256")
    return Seals(keys, _name(pairs[0][0]), digests, Ed25519PrivateKey.from_private_bytes(signing))


def fresh_key() -> str:
    """A new 32-byte key as base64url."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")


def _kept(path: Path, make: Callable[[], str]) -> str:
    """The text of a key file. Made once, readable by its owner only; two processes that start together
    agree on one."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(make() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(fresh)
    return path.read_text().strip()


def _name(text: str) -> bytes:
    if not 1 <= len(text) <= _NAME_BYTES or not text.isascii() or not text.isalnum():
        raise ConfigError("a key in GONGDI_SECRET_KEYS has a name of 1 to 4 letters or digits")
    return text.encode().ljust(_NAME_BYTES, b"\0")


def _key(setting: str, text: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise ConfigError(f"{setting} takes base64url of 32 bytes") from error
    if len(key) != 32:
        raise ConfigError(f"{setting} takes base64url of 32 bytes")
    return key
