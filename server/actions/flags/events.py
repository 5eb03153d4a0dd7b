"""A flag's events and its served record."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.limits import WINDOWS_MAX
from server.actions.records.feed import Put
from server.base.clock import to_iso
from server.base.seal import Seals, place
from server.models.flag import Flag, FlagEvent, FlagStep
from server.models.scope import Scope
from server.models.window import Window
from server.rules.cases import CASE
from server.rules.flags.chain import event_hash
from server.rules.flags.escalation import SILENT
from server.rules.flags.moves import EVERY

SCHEDULER = "scheduler"
INTEGRITY = "INTEGRITY"  # the duty code of the flag that a forked chain raises


def append_event(
    session: Session,
    seals: Seals,
    flag: Flag,
    at_ms: int,
    actor: str,
    action: str,
    detail: Mapping[str, Any],
) -> None:
    """Add to a flag's history, and to the sealed count of its scope's events. The caller holds the lock of the scope."""
    n, prev = flag.rev + 1, flag.head
    event = FlagEvent(scope_id=flag.scope_id, flag_id=flag.id, n=n, at_ms=at_ms, actor=actor, action=action)
    event.detail, event.prev = dict(detail), prev
    event.hash = event_hash(prev, n, at_ms, actor, action, detail)
    session.add(event)
    flag.rev, flag.head, flag.changed_ms = n, event.hash, at_ms
    scope = session.get_one(Scope, flag.scope_id)
    scope.flag_tally = seals.seal(
        tally_place(scope.scope_id), counted(seals, read_tally(seals, scope), event.hash).raw
    )


def read_tally(seals: Seals, scope: Scope) -> Tally:
    """How many events the flags of a scope have, as was sealed. Raises SealBroken."""
    if scope.flag_tally is None:
        return Tally()
    raw = seals.open(tally_place(scope.scope_id), scope.flag_tally)
    return Tally(int.from_bytes(raw[:8]), int.from_bytes(raw[8:]))


@dataclass(frozen=True, slots=True)
class Tally:
    """A number of events, and the sum of their hashes, keyed so that nobody without the key finds others of the same
    sum. It needs no order: flags of a scope change in turns."""

    events: int = 0
    sum: int = 0

    @property
    def raw(self) -> bytes:
        return self.events.to_bytes(8) + self.sum.to_bytes(16)


def counted(seals: Seals, tally: Tally, event_hash: str) -> Tally:
    """The tally with one event more."""
    keyed = int(seals.digest("flag_event", event_hash), 16)
    return Tally(tally.events + 1, (tally.sum + keyed) % (1 << 128))


def tally_place(scope_id: str) -> bytes:
    return place("scope", scope_id, "flag_tally")


def clock_of(unit: str, due_ms: int) -> dict[str, str]:
    """A clock that starts, as an event names it."""
    return {"unit": unit, "due": to_iso(due_ms)}


def end_clocks(
    session: Session, scope_id: str, flag_ids: Collection[str], codes: Collection[str], now_ms: int
) -> None:
    """These steps of these flags are done with; EVERY: all that run."""
    running = sa.update(FlagStep).where(
        FlagStep.scope_id == scope_id, FlagStep.flag_id.in_(flag_ids), FlagStep.done_ms.is_(None)
    )
    if codes and flag_ids:
        chosen = running if EVERY in codes else running.where(FlagStep.step.in_(codes))
        session.execute(chosen.values(done_ms=now_ms, next_ms=None))


def withdraw(session: Session, seals: Seals, flag: Flag, reason: str, now_ms: int) -> None:
    """Late data showed that nothing is left to do: the flag ends, the mark and its history stay."""
    flag.state, flag.closed_ms = "withdrawn", now_ms
    end_clocks(session, flag.scope_id, [flag.id], (EVERY,), now_ms)
    append_event(session, seals, flag, now_ms, SCHEDULER, "withdrawn", {"reason": reason})


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
