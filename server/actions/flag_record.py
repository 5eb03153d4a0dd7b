"""A flag's events and its served record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.limits import WINDOWS_MAX
from server.actions.feed import Put
from server.clock import to_iso
from server.models.flag import Flag, FlagEvent
from server.models.window import Window
from server.rules.escalation import SILENT
from server.rules.flag_chain import event_hash

SCHEDULER = "scheduler"
INTEGRITY = "INTEGRITY"  # the duty code of the flag that a forked chain raises


def append_event(
    session: Session, flag: Flag, at_ms: int, actor: str, action: str, detail: Mapping[str, Any]
) -> None:
    """Add to a flag's history. The caller holds the lock of its scope."""
    query = sa.select(FlagEvent).where(FlagEvent.scope_id == flag.scope_id, FlagEvent.flag_id == flag.id)
    last = session.scalar(query.order_by(FlagEvent.n.desc()).limit(1))
    n, prev = (last.n + 1, last.hash) if last is not None else (1, "")
    event = FlagEvent(scope_id=flag.scope_id, flag_id=flag.id, n=n, at_ms=at_ms, actor=actor, action=action)
    event.detail, event.prev = dict(detail), prev
    event.hash = event_hash(prev, n, at_ms, actor, action, detail)
    session.add(event)
    session.flush()
    flag.changed_ms = at_ms


def flag_put(session: Session, flag: Flag) -> Put:
    """The served record (schemas/flag.py): its newest windows by id."""
    query = sa.select(Window.id).where(Window.scope_id == flag.scope_id, Window.flag_id == flag.id)
    windows = list(session.scalars(query.order_by(Window.opens_ms.desc(), Window.id).limit(WINDOWS_MAX)))
    body: dict[str, Any] = {
        "duty": flag.duty,
        "kind": {SILENT: "silent", INTEGRITY: "integrity"}.get(flag.duty, "missed"),
        "state": flag.state,
        "level": flag.level,
        "unit": flag.unit,
        "severity": flag.severity,
        "opened": to_iso(flag.opened_ms),
        "changed": to_iso(flag.changed_ms),
        "closed": to_iso(flag.closed_ms) if flag.closed_ms is not None else None,
        "windows": windows,
        "previous": flag.previous_id,
    }
    return Put("flag", flag.id, {name: value for name, value in body.items() if value is not None})
