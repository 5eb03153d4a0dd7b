"""Put windows that were missed under one open flag per site and duty, and silent ones under one per site."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from server.actions.flags.escalate import expedite_steps, policies_of
from server.actions.flags.events import (
    INTEGRITY,
    SCHEDULER,
    NewEvent,
    append_event,
    clock_of,
    flag_puts,
    withdraw,
)
from server.actions.flags.owner import unit_of
from server.actions.records.feed import Feed, Put
from server.models.flag import Flag, FlagStep
from server.models.scope import Scope
from server.models.site import Site
from server.models.tx import Tx
from server.models.window import DueWindow, Window
from server.rules.calendar import DAY_MS, local_date_of
from server.rules.cases import is_of_cases
from server.rules.duties.transition import silence_ms
from server.rules.flags.escalation import CONSECUTIVE, SILENT, as_json, owner, steps
from server.rules.flags.history import policy_digest

_WRONG = ("missed", "review", "silent")  # a flag stays open while one of its windows is one of these
WITHDRAWABLE = ("open", "acknowledged")

Key = tuple[str, str]  # a site and a duty: one flag is open for it at most


class Judged(NamedTuple):
    """One locked scope whose windows were judged."""

    scope: Scope
    site: Site
    windows: list[DueWindow]


@dataclass(slots=True)
class Gathered:
    """What windows mean for the flags of locked scopes, before either is saved. `before`: the flags that these windows
    had."""

    flags: dict[Key, Flag]
    before: set[str]
    changed: dict[str, Flag]


def gather_windows(tx: Tx, judged: Sequence[Judged]) -> Gathered:
    """Put judged windows under the flags of their locked scopes, and open those that are missing. Few statements, however
    many scopes. The caller saves the windows and goes on with `follow_windows`.

    1. What is missed goes under the open flag of its duty, also when it was silent before; what is silent
       under the silent-site flag, which so inhibits it.
    2. A flag opens with the policy in force copied onto it, and its steps as rows.
    3. Evidence that came after a window was missed is written into its flag's history, for a user to review.
    """
    session, now_ms, book = tx.session, tx.now_ms, tx.book
    scope_ids = [one.scope.scope_id for one in judged]
    before = {window.flag_id for one in judged for window in one.windows if window.flag_id is not None}
    flags = open_flags(session, scope_ids)
    silent = _silent_flags(session, scope_ids, before)
    flagged_after_ms = silence_ms(book, now_ms)
    touched: dict[Key, list[DueWindow]] = {}
    for one in judged:
        for window in one.windows:
            duty = _belongs(window, silent, now_ms, flagged_after_ms)
            if duty == SILENT and not book.evidence_kinds(window.duty):
                continue  # of a camera: its platform is silent, which has one flag of its own
            if duty is not None:
                touched.setdefault((one.scope.scope_id, duty), []).append(window)
    sites = {one.site.id: one.site for one in judged}
    today = local_date_of(now_ms)
    fresh = [
        (sites[key[0]], key[1], book.severity(key[1], today)) for key in sorted(touched.keys() - flags.keys())
    ]
    flags |= _open(tx, fresh)
    changed = {flags[key].id: flags[key] for key in touched}
    by_id = {flag.id: flag for flag in flags.values()}
    for key, windows in touched.items():
        _gather(tx, flags[key], windows, by_id)
    for flag in _note_evidence(tx, judged, by_id):
        changed[flag.id] = flag
    return Gathered(flags, before, changed)


def follow_windows(tx: Tx, gathered: Gathered) -> dict[str, list[Put]]:
    """Expedite and withdraw flags by windows that are saved; gives the records of the flags that changed, by scope. A flag
    none of whose windows is wrong any more is withdrawn; its history stays."""
    changed, flags = gathered.changed, gathered.flags.values()
    _expedite(tx, list(changed.values()))
    for flag in _withdraw(tx, [flag for flag in flags if flag.id in gathered.before]):
        changed[flag.id] = flag
    tx.session.flush()
    return flag_puts(tx.session, list(changed.values()))


def _belongs(window: DueWindow, silent: Mapping[str, bool], now_ms: int, flagged_after_ms: int) -> str | None:
    """The duty of the flag under which a window goes now; None when it stays where it is."""
    held = window.flag_id
    if window.state == "missed" and (held is None or held in silent):
        return window.duty
    free = held is None or silent.get(held) is False
    if window.state == "silent" and free and now_ms >= window.deadline_ms + flagged_after_ms:
        return SILENT
    return None


def _gather(tx: Tx, flag: Flag, windows: list[DueWindow], by_id: Mapping[str, Flag]) -> None:
    for window in windows:
        left = by_id.get(window.flag_id or "")
        if left is not None:
            left.windows -= 1
        window.flag_id = flag.id
    flag.windows += len(windows)
    named = {"windows": [window.id for window in windows[:50]], "count": len(windows)}
    append_event(tx, flag, NewEvent(SCHEDULER, "windows_added", named))


def _note_evidence(tx: Tx, judged: Sequence[Judged], by_id: Mapping[str, Flag]) -> list[Flag]:
    """The open flags with windows that went to review because evidence came late, or was lost."""
    late: dict[str, list[str]] = {}
    for one in judged:
        for window in one.windows:
            if window.state == "review" and window.flag_id is not None and window.flag_id in by_id:
                late.setdefault(window.flag_id, []).append(window.id)
    for flag_id, windows in late.items():
        named = {"windows": windows[:50], "count": len(windows)}
        append_event(tx, by_id[flag_id], NewEvent(SCHEDULER, "evidence_arrived", named))
    return [by_id[flag_id] for flag_id in late]


def _silent_flags(session: Session, scope_ids: Collection[str], ids: Collection[str]) -> dict[str, bool]:
    """Which of these flags are silent-site flags, and whether each is open: a closed one has let its windows
    go."""
    if not ids:
        return {}
    query = sa.select(Flag.id, Flag.closed_ms.is_(None)).where(
        Flag.scope_id.in_(scope_ids), Flag.id.in_(ids), Flag.duty == SILENT
    )
    return dict(session.execute(query).all())


def raise_integrity(tx: Tx, feed: Feed, device_id: str) -> None:
    """A device's chain contradicts itself (SPEC: Streams, `forked`): people have to look."""
    event = NewEvent(SCHEDULER, "chain_forked", {"device": device_id})
    flag = raise_flag(tx, feed.scope, INTEGRITY, "severe", event)
    feed.put(flag_puts(tx.session, [flag])[flag.scope_id])


def raise_flag(tx: Tx, scope: Scope, duty: str, severity: str, event: NewEvent) -> Flag:
    """Something that is no window: it goes into the history of the site's open flag of that duty, which opens for it if
    there is none. The caller has locked the scope and publishes the flag."""
    key = (scope.scope_id, duty)
    flags = open_flags(tx.session, [scope.scope_id])
    if key not in flags:
        flags |= _open(tx, [(tx.session.get_one(Site, scope.scope_id), duty, severity)])
    append_event(tx, flags[key], event)
    tx.session.flush()
    return flags[key]


_OPEN_FLAGS = sa.select(Flag).where(
    Flag.scope_id.in_(sa.bindparam("scope_ids", expanding=True)), Flag.closed_ms.is_(None)
)


def open_flags(session: Session, scope_ids: Collection[str]) -> dict[Key, Flag]:
    """The open flags of these scopes."""
    found = session.scalars(_OPEN_FLAGS, {"scope_ids": list(scope_ids)})
    return {(flag.scope_id, flag.duty): flag for flag in found}


def _open(tx: Tx, wanted: Sequence[tuple[Site, str, str]]) -> dict[Key, Flag]:
    """New flags (site, duty, severity) with their steps; one that follows an earlier one of the same duty names
    it."""
    if not wanted:
        return {}
    now_ms, book = tx.now_ms, tx.book
    today = local_date_of(now_ms)
    policy, reviews = book.policy(today), book.reviews()
    copied = as_json(policy)
    digest = policy_digest(copied)
    earlier = _earlier(tx.session, {site.id for site, _, _ in wanted}, {duty for _, duty, _ in wanted})
    opened = {}
    for site, duty, severity in wanted:
        unit = owner(policy, unit_of(book, site, duty, today), reviews)
        flag = Flag(scope_id=site.id, id=str(uuid7()), duty=duty, severity=severity)
        flag.windows, flag.rev, flag.head, flag.policy = 0, 0, "", copied
        flag.previous_id = earlier.get((site.id, duty))
        tx.session.add(flag)
        begun = steps(policy, now_ms, severity, book.holidays, unit)
        clocks = {step.code: clock_of(step.unit, step.due_ms) for step in begun}
        detail = {"duty": duty, "unit": unit, "severity": severity, "policy": digest, "clocks": clocks}
        append_event(tx, flag, NewEvent(SCHEDULER, "opened", detail), policy)
        opened[site.id, duty] = flag
    return opened


def _earlier(session: Session, scope_ids: Collection[str], duties: Collection[str]) -> dict[Key, str]:
    """The newest flag of each site and duty that was not withdrawn."""
    query = sa.select(Flag.scope_id, Flag.duty, Flag.id).where(
        Flag.scope_id.in_(scope_ids), Flag.duty.in_(duties), Flag.state != "withdrawn"
    )
    return {(scope_id, duty): key for scope_id, duty, key in session.execute(query.order_by(Flag.opened_ms))}


def _expedite(tx: Tx, flags: Sequence[Flag]) -> None:
    """The second slot in a row makes paging start at once (the policy says which steps, and how many
    slots)."""
    if not flags:
        return
    known = policies_of(flags)
    days = max(one.consecutive_days for one in known.values())
    in_a_row = _slots_in_a_row(tx.session, flags, days, tx.now_ms)
    policies = {
        flag.id: known[flag.id]
        for flag in flags
        if flag.duty == SILENT or known[flag.id].consecutive <= in_a_row.get((flag.scope_id, flag.duty), 0)
    }
    if not policies:
        return
    query = sa.select(FlagStep).where(
        FlagStep.scope_id.in_({flag.scope_id for flag in flags}),
        FlagStep.flag_id.in_(policies),
        FlagStep.taken_ms.is_(None),
        FlagStep.done_ms.is_(None),
    )
    waiting: dict[str, list[FlagStep]] = {}
    for row in tx.session.scalars(query):
        if row.step in policies[row.flag_id].at_once(CONSECUTIVE):
            waiting.setdefault(row.flag_id, []).append(row)
    for flag in flags:
        rows = waiting.get(flag.id, [])
        if rows:
            expedite_steps(tx, flag, policies[flag.id], rows, CONSECUTIVE)


def _slots_in_a_row(session: Session, flags: Sequence[Flag], days: int, now_ms: int) -> dict[Key, int]:
    """How many of each duty's last slots went wrong one after the other, at most so many days back."""
    slot = (Window.scope_id, Window.duty, Window.local_date, Window.slot)
    is_missed = sa.case((Window.state == "missed", 1), else_=0)
    query = sa.select(*slot, sa.func.max(Window.due_ms), sa.func.max(is_missed)).where(
        Window.scope_id.in_({flag.scope_id for flag in flags}),
        Window.duty.in_({flag.duty for flag in flags}),
        Window.opens_ms.between(now_ms - days * DAY_MS, now_ms),
        Window.state.in_(("missed", "met", "done_late", "backfilled", "review")),
    )
    found: dict[Key, list[tuple[int, int]]] = {}
    for scope_id, duty, _, _, due_ms, missed in session.execute(query.group_by(*slot)):
        found.setdefault((scope_id, duty), []).append((due_ms, missed))
    return {key: _last_wrong(sorted(slots, reverse=True)) for key, slots in found.items()}


def _last_wrong(newest_first: Iterable[tuple[int, int]]) -> int:
    count = 0
    for _, wrong in newest_first:
        if not wrong:
            break
        count += 1
    return count


def _withdraw(tx: Tx, flags: Sequence[Flag]) -> list[Flag]:
    """Late data showed that nothing was wrong: these flags end, the mark stays. A flag that people already
    act upon is left to them."""
    mine = [
        flag
        for flag in flags
        if flag.state in WITHDRAWABLE and flag.duty != INTEGRITY and not is_of_cases(flag.duty)
    ]
    if not mine:
        return []
    query = sa.select(Window.flag_id, Window.state).where(
        Window.scope_id.in_({flag.scope_id for flag in mine}),
        Window.flag_id.in_([flag.id for flag in mine]),
        Window.state.in_(_WRONG),
    )
    remaining = {(flag_id, state) for flag_id, state in tx.session.execute(query.distinct())}
    gone = []
    for flag in mine:
        wrong = ("silent",) if flag.duty == SILENT else _WRONG
        if not any((flag.id, state) in remaining for state in wrong):
            reason = "heard_again" if flag.duty == SILENT else "nothing_wrong"
            withdraw(tx, flag, reason)
            gone.append(flag)
    return gone
