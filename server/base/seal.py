"""Encryption at rest and keyed digests.

Identity, health and movement data are sealed with AES-256-GCM; the additional data
(table, row, column) is bound into the seal, so that a sealed value moved elsewhere does not open. Keys live outside the
database.
"""

from __future__ import annotations

import base64
import hmac
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from server.base.config import Config, ConfigError

MAGIC = b"\x01"
_NAME_BYTES = 4
_NONCE_BYTES = 12
HEAD_BYTES = len(MAGIC) + _NAME_BYTES
_BODY = HEAD_BYTES + _NONCE_BYTES
SEALING = "sealing:"  # before the name of a sealing key, where keys of all uses are named
_MISSING = (
    "缺少密钥 {files}。已有的数据和备份只能用原来的密钥打开, 不会生成新的。请把备份的 keys 文件夹放回 GONGDI_DATA_DIR, "
    "或设置 GONGDI_SECRET_KEYS、GONGDI_DIGEST_KEY、GONGDI_SIGNING_KEY。"
)


class KeyTrouble(ConfigError):
    """Keys that are not those of the database; `code` for machines, `detail` for whoever has to repair it."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{detail} [{code}]")
        self.code = code
        self.detail = detail


class SealBroken(Exception):
    """A sealed value does not open: other additional data, another key, or changed bytes."""


def is_sealed(value: bytes) -> bool:
    """Whether a value claims to be sealed; what it claims is seen when it is opened."""
    return value[:1] == MAGIC


def aad_of(table: str, row: str, column: str) -> bytes:
    """The additional data that a seal is bound to."""
    return f"{table}|{row}|{column}".encode()


@dataclass(frozen=True, slots=True)
class Seals:
    """The keys in use. `current` names the key that new seals take; every key in `keys` still opens."""

    keys: Mapping[bytes, AESGCM]
    current: bytes
    digests: hmac.HMAC  # of nothing yet; a copy of it takes a value
    signing_key: Ed25519PrivateKey
    fingerprints: Mapping[str, str]  # by `digest`, `signing` and `sealing:NAME`; they give no key away

    @property
    def current_name(self) -> str:
        """The name of the key that new seals take."""
        return key_name(self.current)

    def seal(self, aad: bytes, value: bytes) -> bytes:
        """`value` sealed with `aad` as its additional data (see `aad_of`)."""
        return self.seal_all([(aad, value)])[0]

    def seal_all(self, values: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """As `seal` of each (aad, value): the system is asked for nonces once."""
        nonces = os.urandom(_NONCE_BYTES * len(values))
        head, encrypt = MAGIC + self.current, self.keys[self.current].encrypt
        sealed = []
        for number, (aad, value) in enumerate(values):
            nonce = nonces[number * _NONCE_BYTES : (number + 1) * _NONCE_BYTES]
            sealed.append(head + nonce + encrypt(nonce, value, aad))
        return sealed

    def open(self, aad: bytes, sealed: bytes) -> bytes:
        """The value sealed with this `aad`. Raises SealBroken. A value that was never sealed (JSON text) is
        given back."""
        if sealed[:1] != MAGIC:
            return sealed
        key = self.keys.get(sealed[1:HEAD_BYTES])
        if key is None:
            raise SealBroken("no key of that name")
        try:
            return key.decrypt(sealed[HEAD_BYTES:_BODY], sealed[_BODY:], aad)
        except InvalidTag as error:
            raise SealBroken("the sealed value was changed or moved") from error

    def is_current(self, sealed: bytes) -> bool:
        """Whether the value needs no re-sealing after a rotation."""
        return sealed[:1] != MAGIC or sealed[1:HEAD_BYTES] == self.current

    def digest(self, purpose: str, value: str) -> str:
        """A keyed digest for look-up (HMAC-SHA-256, 32 hex digits): equal values match, nobody can guess them
        without the key."""
        (number,) = self.digests_of(purpose, [value])
        return f"{number:032x}"

    def digests_of(self, purpose: str, values: Iterable[str]) -> list[int]:
        """The digests of several values, as numbers of 128 bits."""
        begun = self.digests.copy()  # half the time of one that takes the key again
        begun.update(f"{purpose}\0".encode())
        copy, found = begun.copy, []
        for value in values:
            mac = copy()
            mac.update(value.encode())
            found.append(int.from_bytes(mac.digest()[:16]))
        return found


def load_seals(config: Config) -> Seals:
    """The keys that the settings name, or those kept under `data_dir/keys`. Makes none. Raises ConfigError, and
    KeyTrouble `keys_missing` for a key that is not found."""
    texts = {file: setting or _kept(config, file) for file, setting in _settings(config).items()}
    lacking = [f"keys/{file}" for file, text in texts.items() if not text]
    if lacking:
        raise KeyTrouble("keys_missing", _MISSING.format(files="、".join(lacking)))
    rings = texts["secret_keys"].replace("\n", ",").split(",")
    pairs = [item.strip().partition(":") for item in rings if item.strip()]
    if not pairs:
        raise ConfigError("GONGDI_SECRET_KEYS names no key")
    ring = {_name(name): _key("GONGDI_SECRET_KEYS", text) for name, _, text in pairs}
    if len(ring) != len(pairs):
        raise ConfigError("GONGDI_SECRET_KEYS gives two keys one name")
    digest_key = _key("GONGDI_DIGEST_KEY", texts["digest_key"])
    signing = _key("GONGDI_SIGNING_KEY", texts["signing_key"])
    named = {"digest": digest_key, "signing": signing}
    named.update((f"{SEALING}{key_name(name)}", key) for name, key in ring.items())
    return Seals(
        {name: AESGCM(key) for name, key in ring.items()},
        _name(pairs[0][0]),
        hmac.new(digest_key, digestmod="sha256"),
        Ed25519PrivateKey.from_private_bytes(signing),
        {name: _fingerprint(key) for name, key in named.items()},
    )


def make_keys(config: Config) -> None:
    """Make the keys that the settings leave out and that have no file yet. Only for a database without data: what is
    stored already was sealed with others."""
    for file, setting in _settings(config).items():
        if not setting:
            _make(
                config.data_dir / "keys" / file, "k1:" + fresh_key() if file == "secret_keys" else fresh_key()
            )


def key_name(name: bytes) -> str:
    """A sealing key's name as people write it."""
    return name.rstrip(b"\0").decode()


def seal_head(name: str) -> bytes:
    """What every value begins with that is sealed with the key of this name. Raises ConfigError."""
    return MAGIC + _name(name)


def sealed_with(head: bytes) -> str | None:
    """The name of the key that a value was sealed with, of its first HEAD_BYTES bytes; None when it is not sealed."""
    return key_name(head[1:HEAD_BYTES]) if is_sealed(head) else None


def _settings(config: Config) -> dict[str, str]:
    """The setting of each key, by the file that holds it otherwise."""
    return {
        "secret_keys": config.secret_keys,
        "digest_key": config.digest_key,
        "signing_key": config.signing_key,
    }


def _fingerprint(key: bytes) -> str:
    """Distinguishes keys and is no help in finding one: a key is 32 random bytes."""
    return hmac.new(key, b"gongdi key fingerprint", "sha256").hexdigest()[:32]


def fresh_key() -> str:
    """A new 32-byte key as base64url."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")


def _kept(config: Config, file: str) -> str:
    """The text of a key file, empty when there is none."""
    try:
        return (config.data_dir / "keys" / file).read_text().strip()
    except FileNotFoundError:
        return ""


def _make(path: Path, text: str) -> None:
    """Write a key file once, readable by its owner only; two processes that start together agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(fresh)


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
