"""Cursors that hold one number for each site: sites have no common order, and one that commits later is not passed by."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping

SITES_MAX = 400  # of one cursor, which has to fit into an address
QUESTION_BYTES, KEY_BYTES = 8, 8  # of a hash
_VERSION = b"\x01"
SITE_CURSOR_MAX = 4 * (len(_VERSION) + QUESTION_BYTES + SITES_MAX * (KEY_BYTES + 9)) // 3 + 4  # characters


class OtherQuestion(ValueError):
    """A cursor that answers another question."""


def site_key(site: str, epoch: object) -> bytes:
    """How a cursor names a site; another epoch (a restored backup) is another site to it."""
    return hashlib.sha256(f"{site}|{epoch}".encode()).digest()[:KEY_BYTES]


def write_site_cursor(question: bytes, stands: Mapping[bytes, int]) -> str:
    """An opaque cursor: clients hand it back as it is."""
    packed = b"".join(key + _number(seq) for key, seq in sorted(stands.items()))
    return base64.urlsafe_b64encode(_VERSION + question + packed).decode().rstrip("=")


def read_site_cursor(text: str, question: bytes) -> dict[bytes, int]:
    """How far each site was read, by its key. Raises OtherQuestion, and ValueError for what is no cursor."""
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(text) from error
    if packed[:1] != _VERSION or len(packed) < 1 + QUESTION_BYTES:
        raise ValueError(text)
    if packed[1 : 1 + QUESTION_BYTES] != question:
        raise OtherQuestion(text)
    stands, at = {}, 1 + QUESTION_BYTES
    while at < len(packed):
        key, at = packed[at : at + KEY_BYTES], at + KEY_BYTES
        seq, shift = 0, 0
        while True:
            if at >= len(packed) or shift > 56:
                raise ValueError(text)
            byte = packed[at]
            seq, shift, at = seq | (byte & 0x7F) << shift, shift + 7, at + 1
            if byte < 0x80:
                break
        stands[key] = seq
    return stands


def _number(value: int) -> bytes:
    """A number in as few bytes as it needs, seven bits in each."""
    made = bytearray()
    while value >= 0x80:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)
