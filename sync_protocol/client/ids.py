"""New names: UUIDv7 for entries and random nonces for signatures."""

from __future__ import annotations

import base64
import random
import uuid


def uuid7(wall_ms: int, rng: random.Random) -> str:
    """A UUIDv7 (RFC 9562 5.7) of this moment: sorts by time as long as the tablet's clock does."""
    value = (
        (wall_ms & 0xFFFF_FFFF_FFFF) << 80
        | 0x7 << 76
        | rng.getrandbits(12) << 64
        | 0b10 << 62
        | rng.getrandbits(62)
    )
    return str(uuid.UUID(int=value))


def nonce(rng: random.Random) -> str:
    """128 random bits, base64url without padding: never twice."""
    return base64.urlsafe_b64encode(rng.getrandbits(128).to_bytes(16, "big")).rstrip(b"=").decode()
