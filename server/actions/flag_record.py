"""A flag's events and its served record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.limits import WINDOWS_MAX
from server.actions.feed import Put
from server.clock import to_iso
from server.models.flag import Flag, FlagEvent
from server.models.window import Window
from server.rules.cases import CASE
from server.rules.escalation import SILENT
from server.rules.flag_chain import event_hash

SCHEDULER = "scheduler"
INTEGRITY = "INTEGRITY"  # the duty code of the flag that a forked chain raises


def append_event(
    session: Session, flag: Flag, at_ms: int, actor: str, action: str, detail: Mapping[str, Any]
) -> None:
    """Add to a flag's history. The caller holds the lock of its scope."""
    n, prev = flag.rev + 1, flag.head
    event = FlagEvent(scope_id=flag.scope_id, flag_id=flag.id, n=n, at_ms=at_ms, actor=actor, action=action)
    event.detail, event.prev = dict(detail), prev
    event.hash = event_hash(prev, n, at_ms, actor, action, detail)
    session.add(event)
    flag.rev, flag.head, flag.changed_ms = n, event.hash, at_ms


def flag_puts(session: Session, flags: Sequence[Flag]) -> dict[str, list[Put]]:
    """The served records (schemas/flag.py) of flags by scope, each with its newest windows by id. One
    statement."""
    if not flags:
        return {}
    order = sa.func.row_number().over(
        partition_by=Window.flag_id, order_by=(Window.opens_ms.desc(), Window.id)
    )
    held = sa.select(Window.flag_id, Window.id, order.label("nth")).where(
        Window.scope_id.in_({flag.scope_id for flag in flags}),
        Window.flag_id.in_([flag.id for flag in flags]),
    )
    newest = held.subquery()
    query = sa.select(newest.c.flag_id, newest.c.id).where(newest.c.nth <= WINDOWS_MAX)
    windows: dict[str, list[str]] = {}
    for flag_id, window_id in session.execute(query.order_by(newest.c.flag_id, newest.c.nth)):
        windows.setdefault(flag_id, []).append(window_id)
    puts: dict[str, list[Put]] = {}
    for flag in flags:
        puts.setdefault(flag.scope_id, []).append(_put(flag, windows.get(flag.id, [])))
    return puts


def _put(flag: Flag, windows: list[str]) -> Put:
    body: dict[str, Any] = {
        "duty": flag.duty,
        "kind": {SILENT: "silent", INTEGRITY: "integrity", CASE: "case"}.get(flag.duty, "missed"),
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
    shown = {name: value for name, value in body.items() if value is not None}
    return Put("flag", flag.id, shown)
