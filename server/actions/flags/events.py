"""A flag's events and its served record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from schemas.limits import WINDOWS_MAX
from server.actions.flags.served_fields import read_served_fields
from server.actions.records.feed import Put
from server.actions.records.outbox import FLAG_MOVED, FLAG_OPENED, NewSiteEvent, record_events
from server.base.clock import from_iso, to_iso
from server.base.seal import Seals, aad_of
from server.models.flag import Flag, FlagEvent, FlagStep, of_flag
from server.models.scope import Scope
from server.models.tx import Tx
from server.models.window import Window
from server.rules.cases import is_of_cases
from server.rules.flags.chain import event_hash
from server.rules.flags.escalation import SILENT, Policy, policy_from
from server.rules.flags.history import Clock, FlagState, Happened, apply, ends_clocks

SCHEDULER = "scheduler"
INTEGRITY = "INTEGRITY"  # the duty code of the flag that a forked chain raises


@dataclass(frozen=True, slots=True)
class NewEvent:
    """What is about to be added to a flag's history. `detail` may start clocks ({step: {unit, due}})."""

    actor: str
    action: str
    detail: Mapping[str, Any]


def append_event(
    tx: Tx, flag: Flag, event: NewEvent, policy: Policy | None = None, steps: Iterable[FlagStep] = ()
) -> None:
    """Add to a flag's history, and to the sealed count of its scope's events; the flag and its steps become what its
    history now says. `policy`: the flag's own, if it is read already; `steps`: the rows that the event is about (those
    that a move or a withdrawal may end are read). The caller holds the lock of the scope."""
    session, seals, at_ms, n, prev = tx.session, tx.seals, tx.now_ms, flag.rev + 1, flag.head
    row = FlagEvent(scope_id=flag.scope_id, flag_id=flag.id, n=n)
    row.at_ms, row.actor, row.action, row.detail = at_ms, event.actor, event.action, dict(event.detail)
    row.prev, row.hash = prev, event_hash(prev, n, at_ms, event.actor, event.action, event.detail)
    session.add(row)
    happened = Happened(n, at_ms, event.action, event.detail)
    rows = _steps_of(session, flag) if ends_clocks(event.action) else {step.step: step for step in steps}
    now = flag_state_of(flag, rows.values())
    apply(now, policy or policy_from(flag.policy), happened)
    set_flag_state(session, flag, rows, now, happened)
    flag.rev, flag.head, flag.changed_ms = n, row.hash, at_ms
    record_events(session, flag.scope_id, _events_of(flag, n, event), at_ms)
    scope = session.get_one(Scope, flag.scope_id)
    scope.flag_tally = seals.seal(
        tally_aad(scope.scope_id), counted(seals, read_tally(seals, scope), row.hash).raw
    )


def _events_of(flag: Flag, n: int, event: NewEvent) -> list[NewSiteEvent]:
    """What programs of others learn of it: nobody's name, no note, and nothing of cases."""
    if is_of_cases(flag.duty):
        return []
    data: dict[str, Any] = {"flag": flag.id, "rev": n, "duty": flag.duty, "action": event.action}
    data |= {"state": flag.state, "unit": flag.unit, "level": flag.level, "severity": flag.severity}
    return [NewSiteEvent(FLAG_OPENED if n == 1 else FLAG_MOVED, data)]


def flag_state_of(flag: Flag, steps: Iterable[FlagStep] = ()) -> FlagState:
    """The stored state of a flag and of these of its steps, to which the next event is applied."""
    now = FlagState(
        state=flag.state or "",
        unit=flag.unit or "",
        level=flag.level or 0,
        opened_ms=flag.opened_ms or 0,
        closed_ms=flag.closed_ms,
        company=flag.company,
        assignee_id=flag.assignee_id,
    )
    for step in steps:
        taken, running = step.taken_ms is not None, step.done_ms is None
        now.clocks[step.step] = Clock(step.unit, to_iso(step.due_ms), step.asks, taken, running)
    return now


def set_flag_state(
    session: Session, flag: Flag, steps: Mapping[str, FlagStep], now: FlagState, event: Happened
) -> None:
    """Write what an event made of a flag and its steps. Nothing else sets these columns, but for `next_ms`: when the tick
    looks at an overdue step again."""
    flag.state, flag.unit, flag.level = now.state, now.unit, now.level
    flag.opened_ms, flag.closed_ms = now.opened_ms, now.closed_ms
    flag.company, flag.assignee_id = now.company, now.assignee_id
    started = event.detail.get("clocks", {})
    for code, clock in now.clocks.items():
        row = steps.get(code)
        if row is None:
            row = FlagStep(scope_id=flag.scope_id, flag_id=flag.id, step=code)
            session.add(row)
        row.asks = clock.asks
        if code in started:
            row.unit, row.due_ms = clock.unit, from_iso(clock.due)
            row.taken_ms, row.done_ms, row.next_ms = None, None, row.due_ms
        elif clock.taken and row.taken_ms is None:
            row.taken_ms = event.at_ms
        if not clock.running and row.done_ms is None:
            row.done_ms, row.next_ms = event.at_ms, None


def _steps_of(session: Session, flag: Flag) -> dict[str, FlagStep]:
    query = sa.select(FlagStep).where(of_flag(FlagStep, flag))
    rows = session.scalars(query, execution_options={"populate_existing": True})
    return {row.step: row for row in rows}


def read_tally(seals: Seals, scope: Scope) -> Tally:
    """How many events the flags of a scope have, as was sealed. Raises SealBroken."""
    if scope.flag_tally is None:
        return Tally()
    raw = seals.open(tally_aad(scope.scope_id), scope.flag_tally)
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


def tally_aad(scope_id: str) -> bytes:
    return aad_of("scope", scope_id, "flag_tally")


def clock_of(unit: str, due_ms: int) -> dict[str, str]:
    """A clock that starts, as an event names it."""
    return {"unit": unit, "due": to_iso(due_ms)}


def withdraw(tx: Tx, flag: Flag, reason: str) -> None:
    """Late data showed that nothing is left to do: the flag ends, the mark and its history stay."""
    append_event(tx, flag, NewEvent(SCHEDULER, "withdrawn", {"reason": reason}))


def _newest_windows() -> sa.Select[Any]:
    """The newest windows of the flags `flag_ids` in the scopes `scope_ids`, as (flag, window)."""
    order = sa.func.row_number().over(
        partition_by=Window.flag_id, order_by=(Window.opens_ms.desc(), Window.id)
    )
    held = sa.select(Window.flag_id, Window.id, order.label("nth")).where(
        Window.scope_id.in_(sa.bindparam("scope_ids", expanding=True)),
        Window.flag_id.in_(sa.bindparam("flag_ids", expanding=True)),
    )
    newest = held.subquery()
    query = sa.select(newest.c.flag_id, newest.c.id).where(newest.c.nth <= WINDOWS_MAX)
    return query.order_by(newest.c.flag_id, newest.c.nth)


_NEWEST_WINDOWS = _newest_windows()


def flag_puts(session: Session, flags: Sequence[Flag]) -> dict[str, list[Put]]:
    """The served records (schemas/flag.py) of flags by scope, each with its newest windows by id. The caller has sent what
    it wrote to the database. One statement, and three where a flag is open."""
    if not flags:
        return {}
    windows: dict[str, list[str]] = {}
    scope_ids = sorted({flag.scope_id for flag in flags})
    asked = {"scope_ids": scope_ids, "flag_ids": [flag.id for flag in flags]}
    for flag_id, window_id in session.execute(_NEWEST_WINDOWS, asked):
        windows.setdefault(flag_id, []).append(window_id)
    more = read_served_fields(session, flags)
    puts: dict[str, list[Put]] = {}
    for flag in flags:
        puts.setdefault(flag.scope_id, []).append(_put(flag, windows.get(flag.id, []), more.get(flag.id, {})))
    return puts


def _kind_of(duty: str) -> str:
    return "case" if is_of_cases(duty) else {SILENT: "silent", INTEGRITY: "integrity"}.get(duty, "missed")


def _put(flag: Flag, windows: list[str], more: Mapping[str, Any]) -> Put:
    body: dict[str, Any] = {
        "duty": flag.duty,
        "kind": _kind_of(flag.duty),
        "state": flag.state,
        "level": flag.level,
        "unit": flag.unit,
        "severity": flag.severity,
        "opened": to_iso(flag.opened_ms),
        "changed": to_iso(flag.changed_ms),
        "closed": to_iso(flag.closed_ms) if flag.closed_ms is not None else None,
        "windows": windows,
        "previous": flag.previous_id,
        "event": flag.rev,
        **more,
    }
    shown = {name: value for name, value in body.items() if value is not None}
    return Put("flag", flag.id, shown)
