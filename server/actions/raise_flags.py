"""Flags follow windows: what is missed gathers under one open flag per site and duty, silence under one
per site."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from server.actions.feed import Feed
from server.actions.flag_record import INTEGRITY, SCHEDULER, append_event, flag_put
from server.models.flag import Flag, FlagStep
from server.models.scope import Scope
from server.models.site import Site
from server.models.window import Window
from server.rules.calendar import DAY_MS, local_date_of
from server.rules.escalation import SILENT, Policy, Step, as_json, hasten, owner, policy_from, steps
from server.rules.rulebook import Rulebook

_WRONG = ("missed", "review", "silent")  # a flag stands as long as one of its windows is one of these
_WITHDRAWABLE = ("open", "acknowledged")
_LOOK_BACK_MS = 7 * DAY_MS


def raise_flags(
    session: Session,
    feed: Feed,
    scope: Scope,
    site: Site,
    judged: Sequence[Window],
    now_ms: int,
    book: Rulebook,
) -> None:
    """Open, extend and withdraw the flags of one locked scope after these windows were judged.

    1. What is missed goes under the open flag of its duty, also when it was silent before; what is silent
       under the silent-site flag, which thereby inhibits it.
    2. A flag opens with the policy in force copied onto it, and its steps as rows.
    3. A flag none of whose windows is wrong any more is withdrawn; its history stays.
    """
    flags = open_flags(session, scope.scope_id)
    before = {window.flag_id for window in judged if window.flag_id is not None}
    loose = {None, *_silent_flags(session, scope.scope_id, before - {flag.id for flag in flags.values()})}
    silent_id = flags[SILENT].id if SILENT in flags else None
    patience_ms = silence_ms(book, now_ms)
    touched: dict[str, list[Window]] = {}
    for window in judged:
        if window.state == "missed" and window.flag_id in loose | {silent_id}:
            touched.setdefault(window.duty, []).append(window)
        elif (
            window.state == "silent"
            and window.flag_id in loose
            and now_ms >= window.deadline_ms + patience_ms
        ):
            touched.setdefault(SILENT, []).append(window)
    changed: dict[str, Flag] = {}
    for duty, windows in sorted(touched.items()):
        flag = flags.get(duty) or open_flag(session, site, duty, _severity(book, duty), now_ms, book)
        for window in windows:
            window.flag_id = flag.id
        flag.windows += len(windows)
        session.flush()
        named = {"windows": [window.id for window in windows[:50]], "count": len(windows)}
        append_event(session, flag, now_ms, SCHEDULER, "windows_added", named)
        _hasten(session, flag, now_ms)
        changed[flag.id] = flag
    session.flush()
    for flag in flags.values():
        if flag.id in before and _withdraw(session, flag, now_ms):
            changed[flag.id] = flag
    feed.put([flag_put(session, flag) for flag in changed.values()])


def _silent_flags(session: Session, scope_id: str, ids: set[str]) -> set[str]:
    """Which of these flags, closed by now, were silent-site flags: their windows are free for another."""
    if not ids:
        return set()
    query = sa.select(Flag.id).where(Flag.scope_id == scope_id, Flag.id.in_(ids), Flag.duty == SILENT)
    return set(session.scalars(query))


def silence_ms(book: Rulebook, now_ms: int) -> int:
    """How long a window stays silent before the silent-site flag opens: tablets are often offline for an
    hour."""
    return round(book.number("silent_site_h", local_date_of(now_ms)) * 3_600_000)


def raise_integrity(
    session: Session, feed: Feed, scope: Scope, device_id: str, now_ms: int, book: Rulebook
) -> None:
    """A device's chain contradicts itself (PROTOCOL: Exchange, `forked`): people have to look."""
    flag = open_flags(session, scope.scope_id).get(INTEGRITY)
    if flag is None:
        flag = open_flag(session, session.get_one(Site, scope.scope_id), INTEGRITY, "severe", now_ms, book)
    append_event(session, flag, now_ms, SCHEDULER, "chain_forked", {"device": device_id})
    feed.put([flag_put(session, flag)])


def open_flags(session: Session, scope_id: str) -> dict[str, Flag]:
    """The open flags of a scope, by duty."""
    query = sa.select(Flag).where(Flag.scope_id == scope_id, Flag.closed_ms.is_(None))
    return {flag.duty: flag for flag in session.scalars(query)}


def open_flag(session: Session, site: Site, duty: str, severity: str, now_ms: int, book: Rulebook) -> Flag:
    """A new flag with its steps; one that follows an earlier one of the same duty names it."""
    policy = book.policy(local_date_of(now_ms))
    unit = owner(policy, site.unit, book.reviews())
    earlier = sa.select(Flag.id).where(Flag.scope_id == site.id, Flag.duty == duty, Flag.state != "withdrawn")
    flag = Flag(
        scope_id=site.id, id=str(uuid7()), duty=duty, state="open", severity=severity, level=0, unit=unit
    )
    flag.windows, flag.opened_ms, flag.changed_ms, flag.policy = 0, now_ms, now_ms, as_json(policy)
    flag.previous_id = session.scalar(earlier.order_by(Flag.opened_ms.desc()).limit(1))
    session.add(flag)
    session.flush()
    for step in steps(policy, now_ms, severity, 1, book.holidays, unit):
        row = FlagStep(scope_id=site.id, flag_id=flag.id, step=step.code, unit=step.unit, due_ms=step.due_ms)
        session.add(row)
    session.flush()
    append_event(
        session, flag, now_ms, SCHEDULER, "opened", {"duty": duty, "unit": unit, "severity": severity}
    )
    return flag


def _severity(book: Rulebook, duty: str) -> str:
    return next((rule.severity for rule in book.duties if rule.code == duty), "ordinary")


def _hasten(session: Session, flag: Flag, now_ms: int) -> None:
    """The second slot in a row makes paging start at once (the policy says which steps, and how many
    slots)."""
    policy = policy_from(flag.policy)
    if flag.duty != SILENT and _slots_in_a_row(session, flag, now_ms) < policy.consecutive:
        return
    query = sa.select(FlagStep).where(
        FlagStep.scope_id == flag.scope_id, FlagStep.flag_id == flag.id, FlagStep.done_ms.is_(None)
    )
    rows = {row.step: row for row in session.scalars(query)}
    for step in _hastened(policy, rows, now_ms):
        rows[step.code].due_ms = step.due_ms


def _hastened(policy: Policy, rows: dict[str, FlagStep], now_ms: int) -> list[Step]:
    found = [Step(row.step, row.unit, row.due_ms) for row in rows.values()]
    return hasten(policy, found, "consecutive", now_ms)


def _slots_in_a_row(session: Session, flag: Flag, now_ms: int) -> int:
    """How many of the duty's last slots went wrong one after the other."""
    query = sa.select(Window.local_date, Window.slot, Window.state, Window.due_ms).where(
        Window.scope_id == flag.scope_id,
        Window.duty == flag.duty,
        Window.opens_ms.between(now_ms - _LOOK_BACK_MS, now_ms),
        Window.state.in_(("missed", "met", "done_late", "backfilled", "review")),
    )
    slots: dict[tuple[str, str], tuple[int, bool]] = {}
    for local_date, slot, state, due_ms in session.execute(query):
        at_ms, wrong = slots.get((local_date, slot), (due_ms, False))
        slots[local_date, slot] = (at_ms, wrong or state == "missed")
    count = 0
    for _, wrong in sorted(slots.values(), reverse=True):
        if not wrong:
            break
        count += 1
    return count


def _withdraw(session: Session, flag: Flag, now_ms: int) -> bool:
    """Late data showed that nothing was wrong: the flag ends, the mark stays. A flag that people act upon
    is theirs."""
    if flag.state not in _WITHDRAWABLE or flag.duty == INTEGRITY:
        return False
    wrong = ("silent",) if flag.duty == SILENT else _WRONG
    standing = sa.select(sa.func.count()).where(
        Window.scope_id == flag.scope_id, Window.flag_id == flag.id, Window.state.in_(wrong)
    )
    if session.scalar(standing):
        return False
    flag.state, flag.closed_ms = "withdrawn", now_ms
    reason = "heard_again" if flag.duty == SILENT else "nothing_wrong"
    append_event(session, flag, now_ms, SCHEDULER, "withdrawn", {"reason": reason})
    return True
