"""After a pause of all schedulers: steps that fell due meanwhile, without a reminder, start again. The history says so.

Otherwise the brigade would be called in the tick in which the section hears of the flag for the first time. What a user
ordered keeps its deadline: it is in the document that the company has, and the company could reply all the time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.flags.escalate import policies_of
from server.actions.flags.events import SCHEDULER, NewEvent, append_event, clock_of, flag_puts
from server.actions.records.feed import publish_all
from server.base.clock import to_iso
from server.models.flag import Flag, FlagEvent, FlagStep, Heartbeat
from server.models.scope import take_scopes
from server.models.tx import Tx
from server.rules.calendar import local_date_of
from server.rules.flags.escalation import ORDERED, Policy
from server.rules.rulebook import Rulebook

RESUMED = "resumed"
LAST_BEAT = sa.select(sa.func.max(Heartbeat.at_ms))  # when a scheduler last finished a tick


def paused_since_ms(beat_ms: int | None, now_ms: int, book: Rulebook) -> int | None:
    """When a scheduler last finished a tick, if that is longer ago than the rules allow for; None when nothing was
    paused."""
    try:
        pause_ms = book.number("scheduler_pause_min", local_date_of(now_ms)) * 60_000
    except LookupError:  # no reference data yet
        return None
    return beat_ms if beat_ms is not None and now_ms - beat_ms > pause_ms else None


def resume_clocks(tx: Tx, since_ms: int, limit: int, after: str = "") -> tuple[int, str]:
    """Start the clocks of up to `limit` scopes again, from the one after id `after` on. Gives how many flags that were,
    and the id to go on after, empty at the end. Doing it twice changes nothing the second time."""
    session, now_ms = tx.session, tx.now_ms
    unseen = sa.and_(
        FlagStep.taken_ms.is_(None),
        FlagStep.next_ms.is_not(None),
        FlagStep.next_ms.between(since_ms + 1, now_ms),
    )
    query = sa.select(FlagStep.scope_id).where(unseen).distinct().order_by(FlagStep.scope_id).limit(limit)
    found = list(session.scalars(query.where(FlagStep.scope_id > after) if after else query))
    scopes = take_scopes(session, found)
    ids = [scope.scope_id for scope in scopes]
    named = sa.select(FlagStep.flag_id).where(unseen, FlagStep.scope_id.in_(ids))
    flags = list(
        session.scalars(
            sa.select(Flag).where(Flag.scope_id.in_(ids), Flag.id.in_(named), Flag.closed_ms.is_(None))
        )
    )
    policies, noted = policies_of(flags), _noted_since(session, flags, since_ms)
    waiting = _waiting(session, flags, since_ms)
    changed = [
        flag
        for flag in flags
        if RESUMED not in noted[flag.id]
        and _restart(tx, flag, policies[flag.id], noted[flag.id], waiting[flag.id], since_ms)
    ]
    session.flush()
    puts = flag_puts(session, changed)
    publish_all(session, tx.seals, now_ms, [(scope, puts.get(scope.scope_id, [])) for scope in scopes])
    session.flush()
    return len(changed), found[-1] if len(found) == limit else ""


def _noted_since(session: Session, flags: Sequence[Flag], since_ms: int) -> dict[str, set[str]]:
    """By flag: RESUMED if its clocks were started again already, and the steps that something made due at once."""
    noted: dict[str, set[str]] = {flag.id: set() for flag in flags}
    events = sa.select(FlagEvent).where(
        FlagEvent.scope_id.in_({flag.scope_id for flag in flags}),
        FlagEvent.flag_id.in_(list(noted)),
        FlagEvent.action.in_((RESUMED, "hastened")),
        FlagEvent.at_ms > since_ms,
    )
    for event in session.scalars(events):
        clocks: Mapping[str, object] = event.detail.get("clocks", {})
        noted[event.flag_id] |= {RESUMED} if event.action == RESUMED else set(clocks)
    return noted


def _waiting(session: Session, flags: Sequence[Flag], since_ms: int) -> dict[str, list[FlagStep]]:
    """By flag, the steps that wait to fall due."""
    waiting: dict[str, list[FlagStep]] = {flag.id: [] for flag in flags}
    query = sa.select(FlagStep).where(
        FlagStep.scope_id.in_({flag.scope_id for flag in flags}),
        FlagStep.flag_id.in_(list(waiting)),
        FlagStep.taken_ms.is_(None),
        FlagStep.next_ms > since_ms,
    )
    for row in session.scalars(query.order_by(FlagStep.step), execution_options={"populate_existing": True}):
        waiting[row.flag_id].append(row)
    return waiting


def _restart(
    tx: Tx,
    flag: Flag,
    policy: Policy,
    hastened: Collection[str],
    waiting: Sequence[FlagStep],
    since_ms: int,
) -> bool:
    """Start those of one flag's waiting steps again that may; whether there was any."""
    clocks, restarted = {}, []
    for row in waiting:
        rule = policy.step(row.step)
        if rule is None or rule.starts == ORDERED or row.step in hastened:
            continue
        due_ms = max(row.due_ms, rule.delay(flag.severity).after_ms(tx.now_ms, tx.book.holidays))
        if due_ms > row.due_ms:
            restarted.append(row)
            clocks[row.step] = clock_of(row.unit, due_ms)
    if clocks:
        detail = {"reason": "pause", "since": to_iso(since_ms), "clocks": clocks}
        event = NewEvent(SCHEDULER, RESUMED, detail)
        append_event(tx, flag, event, policy, restarted)
    return bool(clocks)
