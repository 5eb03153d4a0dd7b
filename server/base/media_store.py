"""The store of photos: a folder, or an S3-compatible store. Everything in it is encrypted.

A photo shows people, so its bytes are sealed like any identity data, and bound to their key in the store: what
was moved elsewhere or changed does not open.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, from_url

from server.base.config import Config, ConfigError
from server.base.seal import HEAD_BYTES, SealBroken, Seals, aad_of, is_sealed, sealed_with

StoreTrouble = BaseError  # the store did not answer, or not as it should
_OPTIONS: dict[str, Any] = {
    "client_options": {
        "allow_http": True,  # the setting names the scheme itself
        "connect_timeout": timedelta(seconds=5),
        "timeout": timedelta(seconds=30),
    },
    # A request waits meanwhile, and a tablet sends again by itself.
    "retry_config": {"max_retries": 2, "retry_timeout": timedelta(seconds=30)},
}


class MediaStore:
    """Sealed objects by key. Every method may raise StoreTrouble."""

    def __init__(self, store: Any, folder: Path | None, seals: Seals) -> None:
        self._store = store
        self._folder = folder
        self._seals = seals

    def put(self, key: str, plain: bytes) -> None:
        """Keep these bytes for good, unless the key is in use already: keys are never used for anything
        else."""
        sealed = self._seals.seal(_aad(key), plain)
        with suppress(AlreadyExistsError):
            # In one piece: a put in parts knows no "only if absent".
            obstore.put(self._store, key, sealed, mode="create", use_multipart=False)
        if self._folder is not None:
            with suppress(FileNotFoundError):  # deleted again already
                _sync(self._folder / key)

    def get(self, key: str) -> bytes | None:
        """The bytes kept at this key, None if there are none. Raises SealBroken when they are not what was put."""
        sealed = self.get_sealed(key)
        if sealed is None:
            return None
        if not is_sealed(sealed):
            raise SealBroken("what lies in the store was not put there by us")
        return self._seals.open(_aad(key), sealed)

    def reseal(self, key: str) -> bool:
        """Seal the object at this key with the current sealing key; False when it is so already, or there is none.
        Raises SealBroken when it is not what was put."""
        sealed = self.get_sealed(key)
        if sealed is None:
            return False
        if not is_sealed(sealed):
            raise SealBroken("what lies in the store was not put there by us")
        if self._seals.is_current(sealed):
            return False
        aad = _aad(key)
        self.put_sealed(key, self._seals.seal(aad, self._seals.open(aad, sealed)))
        return True

    def count_sealed_with(self, name: str) -> int:
        """How many objects are sealed with the key of this name. Reads the first bytes of each."""
        return sum(sealed_with(self._head(key)) == name for key in self.all_keys())

    def all_keys(self) -> Iterator[str]:
        """The key of every object."""
        for batch in obstore.list(self._store):
            yield from (str(found["path"]) for found in batch)

    def _head(self, key: str) -> bytes:
        try:
            return bytes(obstore.get_range(self._store, key, start=0, end=HEAD_BYTES))
        except FileNotFoundError:  # gone meanwhile
            return b""

    def get_sealed(self, key: str) -> bytes | None:
        """The object at this key, still sealed: for backups."""
        try:
            return bytes(obstore.get(self._store, key).bytes())
        except FileNotFoundError:
            return None

    def put_sealed(self, key: str, sealed: bytes) -> None:
        """Put back what `get_sealed` gave."""
        obstore.put(self._store, key, sealed, mode="overwrite", use_multipart=False)
        if self._folder is not None:
            _sync(self._folder / key)

    def has(self, key: str) -> bool:
        """Whether there is an object at this key."""
        return bool(self._head(key))

    def delete(self, keys: Iterable[str]) -> None:
        """Delete the objects at these keys; a key without an object is no error."""
        for key in keys:
            with suppress(FileNotFoundError):
                obstore.delete(self._store, key)

    def delete_below(self, prefix: str) -> None:
        """Delete everything whose key begins with `prefix/`."""
        self.delete([found["path"] for batch in obstore.list(self._store, prefix=prefix) for found in batch])


def open_store(config: Config, seals: Seals) -> MediaStore:
    """The store that the settings name. Raises ConfigError."""
    if not config.media_url:
        folder = config.data_dir / "media"
        store = LocalStore(folder, mkdir=True, automatic_cleanup=True)
        return MediaStore(store, folder, seals)
    try:
        return MediaStore(from_url(config.media_url, **_OPTIONS), None, seals)
    except (BaseError, ValueError) as error:
        raise ConfigError(f"GONGDI_MEDIA_URL names no store that can be used: {error}") from error


def _aad(key: str) -> bytes:
    return aad_of("media", key, "bytes")


def _sync(path: Path) -> None:
    """What is acknowledged survives a power cut: the file's bytes, then its name in each folder above."""
    for one in (path, *path.parents[:3]):
        descriptor = os.open(one, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
