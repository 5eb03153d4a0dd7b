"""A window as tablets get it."""

from __future__ import annotations

from typing import Any

from server.actions.records.feed import Put
from server.base.clock import to_iso
from server.models.window import AnyWindow


def window_put(window: AnyWindow) -> Put:
    """The served record of a window (schemas/window.py); what is not known is left out."""
    body: dict[str, Any] = {
        "duty": window.duty,
        "place": window.place or None,
        "place_id": window.place_id,
        "local_date": window.local_date,
        "slot": window.slot,
        "opens": to_iso(window.opens_ms),
        "due": to_iso(window.due_ms),
        "closes": to_iso(window.closes_ms),
        "grace_s": window.grace_s,
        "state": window.state,
        "need": window.need,
        "have": window.have,
        "reason": window.reason,
        "evidence": window.evidence,
        "trigger": window.trigger_id,
    }
    return Put("window", window.id, {name: value for name, value in body.items() if value is not None})
