"""Chance from the seed: whatever the server, the client and their libraries take from the operating system comes from
one generator while a run lasts. The same seed gives the same ids, tokens, keys, nonces and beacons on every machine."""

from __future__ import annotations

import os
import random
import secrets
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import uuid_utils
import uuid_utils.compat
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PRODUCT = ("server", "sync_protocol", "schemas")


class Chance:
    """Stands where the system's source of chance stood. `reseed` begins the run of another seed."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._rng = random.Random(0)
        self._now_ms = now_ms

    def reseed(self, text: str) -> None:
        self._rng.seed(text)

    def take(self, size: int) -> bytes:
        return self._rng.randbytes(size)

    def uuid7(self, timestamp: int | None = None, nanos: int | None = None) -> uuid.UUID:
        """RFC 9562 5.7, by the simulated clock."""
        rest = self._rng.getrandbits(74)
        value = (self._now_ms() & 0xFFFF_FFFF_FFFF) << 80 | 7 << 76
        return uuid.UUID(int=value | (rest >> 62) << 64 | 2 << 62 | rest & (1 << 62) - 1)

    def key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.take(32))

    @contextmanager
    def installed(self) -> Iterator[Chance]:
        """Everything that was imported before takes from here, too: names are replaced wherever the product holds
        them."""
        known = {id(uuid_utils.uuid7): self.uuid7, id(uuid_utils.compat.uuid7): self.uuid7}
        with ExitStack() as stack:
            for module, name, value in self._places(known):
                stack.enter_context(patch.object(module, name, value))
            stack.enter_context(patch.object(os, "urandom", self.take))
            stack.enter_context(patch.object(secrets, "_sysrand", self._rng))
            stack.enter_context(patch.object(secrets, "choice", self._rng.choice))
            stack.enter_context(patch.object(Ed25519PrivateKey, "generate", staticmethod(self.key)))
            yield self

    def _places(self, known: dict[int, Any]) -> list[tuple[Any, str, Any]]:
        modules = [uuid_utils, uuid_utils.compat]
        modules += [module for name, module in sorted(sys.modules.items()) if name.split(".")[0] in PRODUCT]
        return [
            (module, name, known[id(value)])
            for module in modules
            for name, value in list(vars(module).items())
            if id(value) in known
        ]
