"""What an entry says will come alongside it: its photos, which are on their way while the entry counts already."""

from __future__ import annotations

from typing import Any

from server.actions.sync.read_push import Envelope

PROMISE_COLUMNS = ("scope_id", "entry_id", "sha256", "bytes")


def promises_of(scope_id: str, entry: Envelope) -> list[tuple[Any, ...]]:
    """Rows of PROMISE_COLUMNS; a photo that an entry names twice is one. The type that it is called counts for
    nothing: see inspect_photo."""
    return [
        (scope_id, entry.id, sha256, size)
        for sha256, size in {m["sha256"]: m["bytes"] for m in entry.media}.items()
    ]
