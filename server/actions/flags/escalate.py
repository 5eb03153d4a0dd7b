"""Escalation: steps whose time has come are taken, once, by whichever scheduler gets there first. While they are
overdue, people are notified again."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server.actions.flags.events import SCHEDULER, NewEvent, append_event, clock_of, flag_puts
from server.actions.flags.owner import owner_of
from server.actions.notices.enqueue import (
    NewNotice,
    People,
    enqueue_for_admins,
    enqueue_notices,
    named_officials,
    read_people,
    receivers,
)
from server.actions.records.feed import publish_all
from server.base.db import raise_if_lost, savepoint
from server.models.flag import Flag, FlagStep, of_flag
from server.models.scope import Scope, take_scopes
from server.models.site import SITES, Site
from server.models.tx import Tx
from server.models.user import User
from server.rules.calendar import local_date_of
from server.rules.flags.escalation import SILENT, Policy, notifies, policy_from
from server.rules.flags.moves import REMIND, STEP
from server.rules.flags.routing import LEADER

_log = logging.getLogger("gongdi.flags")


@dataclass(frozen=True, slots=True)
class _Tick:
    """What every step that is taken needs. `delay_ms`: how long notices that are not severe wait for others."""

    tx: Tx
    people: People
    delay_ms: int


def due_steps(now_ms: Any) -> sa.Select[str]:
    """The scope of each step whose time has come."""
    return sa.select(FlagStep.scope_id).where(FlagStep.next_ms <= now_ms)


_FIRST_DUE = (
    due_steps(sa.bindparam("now_ms"))
    .order_by(FlagStep.next_ms)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


def take_due_steps(tx: Tx, limit: int = 200) -> int:
    """Take up to `limit` due steps, all together; gives how many. If that fails, scope by scope: one that fails again
    is logged, left for the next tick, and does not stop the rest."""
    session, now_ms = tx.session, tx.now_ms
    first = session.scalars(_FIRST_DUE, {"now_ms": now_ms, "limit": limit})
    scopes = take_scopes(session, sorted(set(first)))
    if not scopes:
        return 0
    people = read_people(session, [scope.scope_id for scope in scopes], now_ms)
    delay_ms = round(tx.book.number("digest_delay_min", local_date_of(now_ms)) * 60_000)
    tick = _Tick(tx, people, delay_ms)
    try:
        with savepoint(session):
            return _take_all(tick, scopes)
    except Exception as error:  # whatever is wrong with one scope must not stop the others
        raise_if_lost(error)
        _log.warning("steps were not taken together", exc_info=True)
    taken = 0
    for scope in scopes:
        try:
            with savepoint(session):
                taken += _take_all(tick, [scope])
        except Exception as error:
            raise_if_lost(error)
            _log.exception("steps were not taken", extra={"fields": {"scope": scope.scope_id}})
    return taken


_IN_SCOPES: sa.BindParameter[Any] = sa.bindparam("scope_ids", expanding=True)
_DUE = (
    sa.select(FlagStep)
    .where(FlagStep.scope_id.in_(_IN_SCOPES), FlagStep.next_ms <= sa.bindparam("now_ms"))
    .order_by(FlagStep.next_ms)
)
_FLAGS = sa.select(Flag).where(
    Flag.scope_id.in_(_IN_SCOPES), Flag.id.in_(sa.bindparam("flag_ids", expanding=True))
)
_OPEN_SILENT = sa.select(Flag.scope_id).where(
    Flag.scope_id.in_(_IN_SCOPES), Flag.duty == SILENT, Flag.closed_ms.is_(None)
)


def _take_all(tick: _Tick, scopes: Sequence[Scope]) -> int:
    """All that is due in locked scopes, in few statements."""
    tx, session, ids = tick.tx, tick.tx.session, [scope.scope_id for scope in scopes]
    asked = {"scope_ids": ids, "now_ms": tx.now_ms}
    steps = list(session.scalars(_DUE, asked, execution_options={"populate_existing": True}))
    named = sorted({step.flag_id for step in steps})
    found = session.scalars(_FLAGS, {"scope_ids": ids, "flag_ids": named})
    flags = {flag.id: flag for flag in found}
    sites = {site.id: site for site in session.scalars(SITES, {"site_ids": ids})}
    silent = set(session.scalars(_OPEN_SILENT, {"scope_ids": ids}))
    policies = policies_of(flags.values())
    changed: dict[str, Flag] = {}
    for step in steps:
        flag = flags[step.flag_id]
        if _take(tick, flag, step, policies[flag.id], sites[step.scope_id], step.scope_id in silent):
            changed[flag.id] = flag
    session.flush()
    puts = flag_puts(session, list(changed.values()))
    with session.no_autoflush:  # the scopes' counters are written in one statement
        changes = [(scope, puts.get(scope.scope_id, [])) for scope in scopes]
        publish_all(session, tx.seals, tx.now_ms, changes)
    session.flush()
    return len(steps)


def policies_of(flags: Iterable[Flag]) -> dict[str, Policy]:
    """The policy of each flag, by its id; most were opened under the same one."""
    known: list[tuple[Mapping[str, Any], Policy]] = []
    found = {}
    for flag in flags:
        policy = next((policy for data, policy in known if data == flag.policy), None)
        if policy is None:
            policy = policy_from(flag.policy)
            known.append((flag.policy, policy))
        found[flag.id] = policy
    return found


def _take(tick: _Tick, flag: Flag, step: FlagStep, policy: Policy, site: Site, silent_open: bool) -> bool:
    """A step falls due, or is overdue still. Gives whether that went into the flag's history."""
    tx, rule = tick.tx, policy.step(step.step)
    if rule is None or flag.closed_ms is not None:
        step.next_ms = None
        return False
    again, heard = step.taken_ms is not None, notifies(rule, flag.state, flag.duty, silent_open)
    step.next_ms = rule.repeats.after_ms(tx.now_ms, tx.book.holidays) if rule.asks and rule.repeats else None
    if again and not heard:
        return False
    what = f"{REMIND if again else STEP}{step.step}"
    event = NewEvent(SCHEDULER, what, {"unit": step.unit, "due_ms": step.due_ms})
    append_event(tx, flag, event, policy, [step])
    if heard:
        severe = rule.pages and flag.severity == "severe"
        who = _receivers(tick, flag, site, step.unit)
        enqueue_notices(tx, tick.people, who, NewNotice(flag, what, severe, tick.delay_ms))
    if not again:
        trigger(tx, flag, policy, rule.triggers)
    return True


def _receivers(tick: _Tick, flag: Flag, site: Site, party: str) -> list[User]:
    """Whom a step notifies. Of a leader without an account the administrators are notified, once for each flag."""
    if party != LEADER:
        return receivers(tick.people, site, party, flag.company)
    tx = tick.tx
    names = tx.book.leaders(owner_of(flag, site, tx.book), local_date_of(tx.now_ms))
    found = named_officials(tick.people, site, names)
    if not found and not site.practice:
        enqueue_for_admins(tx.session, "leader_unknown", flag.id, tx.now_ms, "、".join(names) or site.name)
    return found


def trigger(tx: Tx, flag: Flag, policy: Policy, why: str, unit: str = "") -> None:
    """What something means for steps: an overdue rectification calls the brigade, also when an order had ended that
    clock. The next round of the tick takes what is due now. `unit`: whom it calls, where that is not the step's own."""
    codes = policy.at_once(why)
    if not codes:
        return
    query = sa.select(FlagStep).where(of_flag(FlagStep, flag), FlagStep.step.in_(codes))
    waiting = [row for row in tx.session.scalars(query) if row.done_ms is not None or row.taken_ms is None]
    expedite_steps(tx, flag, policy, waiting, why, unit)


def expedite_steps(
    tx: Tx, flag: Flag, policy: Policy, rows: Iterable[FlagStep], why: str, unit: str = ""
) -> None:
    """Start these steps of a flag again, due now; those that are due already stay."""
    late = [
        row for row in rows if policy.step(row.step) and (row.done_ms is not None or row.due_ms > tx.now_ms)
    ]
    if late:
        clocks = {row.step: clock_of(unit or row.unit, tx.now_ms) for row in late}
        event = NewEvent(SCHEDULER, "hastened", {"reason": why, "clocks": clocks})
        append_event(tx, flag, event, policy, late)
