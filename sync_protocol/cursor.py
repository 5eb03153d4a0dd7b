"""Cursors: where in a scope's changes a device is. Opaque to it: it only stores and returns them."""

from __future__ import annotations

import base64
import binascii
import re

MAX_CURSOR_CHARS = 200
MAX_SEQ = 2**63 - 1
_PLAIN = re.compile(r"1\|([A-Za-z0-9_-]{1,64})\|(0|[1-9][0-9]{0,18})", re.ASCII)


def encode(epoch: str, seq: int) -> str:
    """The cursor after change `seq`. `epoch` names one unbroken history of the scope: `[A-Za-z0-9_-]{1,64}`.

    Raises ValueError for what `decode` would not give back.
    """
    plain = f"1|{epoch}|{seq}"
    if _PLAIN.fullmatch(plain) is None or seq > MAX_SEQ:
        raise ValueError(f"no cursor can say epoch {epoch!r}, seq {seq}")
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def decode(cursor: str) -> tuple[str, int] | None:
    """(epoch, seq), or None for what `encode` never gave: the empty cursor, garbage, a cut or padded one.

    None means `reset`, never an error: a device with a broken cursor must be able to begin again.
    """
    if not 0 < len(cursor) <= MAX_CURSOR_CHARS or not cursor.isascii():
        return None
    try:
        plain = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None
    found = _PLAIN.fullmatch(plain)
    if found is None or int(found[2]) > MAX_SEQ:
        return None
    position = (found[1], int(found[2]))
    return position if encode(*position) == cursor else None  # base64 has many spellings of the same bytes
