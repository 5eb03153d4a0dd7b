"""Prove the flags of a scope: each history is a chain that nothing was cut from, the flag and its deadlines follow
from it, and what met a window is in the log."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.duties.roster_commits import roster_commits, roster_duties
from server.actions.duties.weigh_coverage import coverage_evidence
from server.actions.flags.events import Tally, clock_of, counted, read_tally
from server.actions.reference.load_reference import rules_in_force
from server.base.seal import SealBroken, Seals
from server.models.entry import LogEntry
from server.models.flag import Flag, FlagEvent, FlagStep
from server.models.scope import Scope
from server.models.site import Site
from server.models.window import RULES, Window
from server.rules.flags.chain import event_hash
from server.rules.flags.escalation import policy_from
from server.rules.flags.history import Clock, Happened, HistoryBroken, policy_digest, replay
from sync_protocol.outcomes import EFFECTIVE

_DONE = ("met", "done_late", "backfilled")
_OF_FLAG = ("state", "unit", "level", "opened_ms", "closed_ms", "company", "assignee_id")
_AT_OPENING = ("duty", "severity")

Found = tuple[str, int, str]  # the id of a flag, window or scope, the number of an event, what is wrong


def flag_faults(session: Session, seals: Seals, scope: Scope) -> Iterator[Found]:
    """What is wrong with a scope's flags.

    1. All events that were ever written are there: their number and sum are sealed with the scope.
    2. Each flag's events are a chain that ends at the head that the flag names.
    3. Replayed over the table of moves, they give the flag's state and its clocks.
    """
    query = sa.select(FlagEvent).where(FlagEvent.scope_id == scope.scope_id)
    histories: dict[str, list[FlagEvent]] = {}
    tally = Tally()
    for event in session.scalars(query.order_by(FlagEvent.flag_id, FlagEvent.n)):
        histories.setdefault(event.flag_id, []).append(event)
        tally = counted(seals, tally, event.hash)
    try:
        sealed = read_tally(seals, scope)
    except SealBroken:
        yield scope.scope_id, 0, "the count of flag events does not open"
    else:
        if tally != sealed:
            what = f"flag events: {sealed.events} were counted, {tally.events} are there"
            yield (
                scope.scope_id,
                0,
                what if tally.events != sealed.events else "other flag events were counted",
            )
    query_of_steps = sa.select(FlagStep).where(FlagStep.scope_id == scope.scope_id)
    clocks: dict[str, dict[str, FlagStep]] = {}
    for step in session.scalars(query_of_steps):
        clocks.setdefault(step.flag_id, {})[step.step] = step
    flags = session.scalars(sa.select(Flag).where(Flag.scope_id == scope.scope_id).order_by(Flag.id))
    known = {flag.id: flag for flag in flags}
    for flag_id in sorted(histories.keys() - known.keys()):
        yield flag_id, 0, "the flag of these events is lacking"
    for flag in known.values():
        events = histories.get(flag.id, [])
        broken = list(_chain_faults(flag, events))
        yield from broken or _state_faults(flag, events, clocks.get(flag.id, {}))


def _chain_faults(flag: Flag, events: list[FlagEvent]) -> Iterator[Found]:
    n, head = 0, ""
    for event in events:
        if (event.n, event.prev) != (n + 1, head):
            yield flag.id, event.n, "the flag's history is broken"
        fields = (event.prev, event.n, event.at_ms, event.actor, event.action, event.detail)
        if event_hash(*fields) != event.hash:
            yield flag.id, event.n, "the flag's event was changed: its hash differs"
        n, head = event.n, event.hash
    if (n, head) != (flag.rev, flag.head):
        yield flag.id, flag.rev, "the flag's last events are lacking"


def _state_faults(flag: Flag, events: list[FlagEvent], steps: dict[str, FlagStep]) -> Iterator[Found]:
    happened = [Happened(event.n, event.at_ms, event.action, event.detail) for event in events]
    try:
        replayed = replay(policy_from(flag.policy), happened)
    except HistoryBroken as broken:
        yield flag.id, broken.n, broken.what
        return
    wrong = [name for name in _OF_FLAG if getattr(flag, name) != getattr(replayed, name)]
    wrong += [name for name in _AT_OPENING if getattr(flag, name) != replayed.opened.get(name)]
    if policy_digest(flag.policy) != replayed.opened.get("policy"):
        wrong.append("policy")
    if wrong:
        yield flag.id, flag.rev, f"the flag is not what its events say: {', '.join(wrong)}"
    for code in sorted(replayed.clocks.keys() | steps.keys()):
        if not _agree(replayed.clocks.get(code), steps.get(code)):
            yield flag.id, flag.rev, f"the step {code} is not what the flag's events say"


def _agree(clock: Clock | None, step: FlagStep | None) -> bool:
    if clock is None or step is None:
        return False
    named = clock_of(step.unit, step.due_ms)
    same = (clock.unit, clock.due) == (named["unit"], named["due"]) and clock.asks == step.asks
    waits = step.next_ms == step.due_ms if clock.running and not clock.taken else True
    return (
        same
        and waits
        and clock.running == (step.done_ms is None)
        and clock.taken == (step.taken_ms is not None)
    )


def window_faults(session: Session, scope: Scope) -> Iterator[Found]:
    """Windows that count as done although no entry of the log meets them."""
    site = session.get(Site, scope.scope_id)
    if site is None:  # a user's scope, or the reference data: nothing is due there
        return
    query = sa.select(Window, LogEntry.id).outerjoin(
        LogEntry,
        sa.and_(
            LogEntry.scope_id == Window.scope_id,
            LogEntry.id == Window.evidence,
            LogEntry.outcome.in_(EFFECTIVE),
        ),
    )
    # A verdict by earlier rules stays, whatever later ones would say.
    query = query.where(Window.scope_id == scope.scope_id, Window.state.in_(_DONE), Window.rules == RULES)
    rows = session.execute(query.order_by(Window.local_date, Window.opens_ms, Window.id)).all()
    book = rules_in_force(session)
    people = {rule.code for rule in book.duties if rule.judging == "coverage"}
    rosters = roster_duties(book)
    for _, day in groupby((window for window, entry in rows if entry is None), attrgetter("local_date")):
        unproved = list(day)
        measured = [window for window in unproved if window.duty in people]
        weighed = coverage_evidence(session, scope.scope_id, site.alert, measured, book)
        for window in unproved:
            if window.duty in rosters and _is_committed(session, window):
                continue
            if window.duty not in people or weighed[window.id].fulfilled == "none":
                yield window.id, 0, "the window is done, and nothing in the log did it"


def _is_committed(session: Session, window: Window) -> bool:
    """Whether what met a window is a roster: its commit is no entry, though each person in it is."""
    commits = roster_commits(session, [window.scope_id], window.opens_ms, window.closes_ms)
    return any(fact.id == window.evidence for fact in commits.get(window.scope_id, ()))
