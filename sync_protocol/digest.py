"""The digest by which a device proves that it holds what the server holds (SPEC, part 11).

A sum, not a hash over everything: both sides keep it up to date by adding and subtracting single records.
"""

from __future__ import annotations

import hashlib

_MODULUS = 1 << 64


def record_digest(kind: str, id: str, rev: int) -> int:
    """One live record's part of the sum: the first 8 bytes, big-endian, of SHA-256 over `kind|id|rev`."""
    return int.from_bytes(hashlib.sha256(f"{kind}|{id}|{rev}".encode()).digest()[:8], "big")


def to_hex(total: int) -> str:
    """The sum modulo 2^64 as 16 lower-case hex digits. Takes any integer, signed or not reduced yet."""
    return f"{total % _MODULUS:016x}"
