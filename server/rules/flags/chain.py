"""The hash chain of a flag's events: what happened to it can't be rewritten unseen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def event_hash(prev: str, n: int, at_ms: int, actor: str, action: str, detail: Mapping[str, Any]) -> str:
    """SHA-256 (hex) over the hash before it and the event's canonical JSON."""
    event = {"n": n, "at_ms": at_ms, "actor": actor, "action": action, "detail": detail}
    text = json.dumps(event, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{prev}\n{text}".encode()).hexdigest()
