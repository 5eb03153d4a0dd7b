"""Signals about the gate that are for the site to answer: people on no roster (REG), people who left before (EXIT), too
few masks (MASK), and newcomers without a test (ENTRY-TEST)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from server.actions.flags.events import SCHEDULER, NewEvent, flag_puts, withdraw
from server.actions.flags.raise_flags import WITHDRAWABLE, open_flags, raise_flag
from server.actions.records.feed import Feed
from server.models.flag import Flag, FlagEvent
from server.models.scope import Scope
from server.models.signal import SiteSignal
from server.models.tx import Tx
from server.rules.calendar import local_date_of
from server.rules.gate import CAME_AFTER_EXIT, FEW_MASKS, NEW_UNTESTED, NOT_REGISTERED
from server.rules.signals import Signal, explain

DUTIES: Mapping[str, str] = {
    NOT_REGISTERED: "REG",
    CAME_AFTER_EXIT: "EXIT",
    FEW_MASKS: "MASK",
    NEW_UNTESTED: "ENTRY-TEST",
}
_FOUND = "signal_found"


def flag_signals(tx: Tx, scopes: Sequence[Scope]) -> int:
    """Put what was found at these locked scopes under the open flags of their sites. Gives how many scopes there were.

    1. What was found of a day goes into the history of the duty's one open flag, once; more people of a day, again.
    2. A flag all of whose days turn out to have been in order is withdrawn, unless people already act upon it.
    """
    for scope in scopes:
        _follow(tx, scope)
    return len(scopes)


def _follow(tx: Tx, scope: Scope) -> None:
    session, today = tx.session, local_date_of(tx.now_ms)
    found = _found(session, scope.scope_id)
    noted = _noted(session, scope.scope_id)
    changed: dict[str, Flag] = {}
    for row in found:
        people = row.figures.get("people", 0)
        if any(people <= before for before in noted.get((row.code, row.local_date), ())):
            continue
        duty, (name, text) = DUTIES[row.code], explain(Signal(row.code, row.local_date, row.figures))
        figures = {"signal": row.code, "day": row.local_date, "people": people}
        event = NewEvent(SCHEDULER, _FOUND, {**figures, "note": f"{row.local_date} {name}: {text}"})
        flag = raise_flag(tx, scope, duty, tx.book.severity(duty, today), event)
        changed[flag.id] = flag
    for flag in _unfounded(session, scope.scope_id, {(row.code, row.local_date) for row in found}):
        withdraw(tx, flag, "nothing_wrong")
        changed[flag.id] = flag
    if changed:
        session.flush()
        feed = Feed(session, scope, tx.seals, tx.now_ms)
        feed.put(flag_puts(session, list(changed.values()))[scope.scope_id])
        feed.flush()


def _found(session: Session, scope_id: str) -> Sequence[SiteSignal]:
    query = sa.select(SiteSignal).where(SiteSignal.scope_id == scope_id, SiteSignal.code.in_(DUTIES))
    return session.scalars(query.order_by(SiteSignal.local_date, SiteSignal.n)).all()


def _noted(session: Session, scope_id: str, flag_id: str | None = None) -> dict[tuple[str, str], list[Any]]:
    """Of which days something was noted, in any flag or in one, and of how many people: by signal and day."""
    query = (
        sa.select(FlagEvent.detail)
        .join(Flag, sa.and_(Flag.scope_id == FlagEvent.scope_id, Flag.id == FlagEvent.flag_id))
        .where(Flag.scope_id == scope_id, Flag.duty.in_(DUTIES.values()), FlagEvent.action == _FOUND)
    )
    if flag_id is not None:
        query = query.where(Flag.id == flag_id)
    noted: dict[tuple[str, str], list[Any]] = {}
    for detail in session.scalars(query):
        noted.setdefault((detail["signal"], detail["day"]), []).append(detail["people"])
    return noted


def _unfounded(session: Session, scope_id: str, found: set[tuple[str, str]]) -> list[Flag]:
    """Open flags that nobody has begun to act upon, and none of whose days has its signal any more."""
    flags = open_flags(session, [scope_id])
    gone = []
    for duty in DUTIES.values():
        flag = flags.get((scope_id, duty))
        if flag is None or flag.state not in WITHDRAWABLE:
            continue
        noted = _noted(session, scope_id, flag.id)
        if noted and not found.intersection(noted):
            gone.append(flag)
    return gone
