"""Is something as it has to be? The latest record up to a window's deadline says so (MISSION 2.1).

A record that says that it is not proves that at once. Where nobody can say which of several records is the latest, or
where the latest one may say otherwise, nothing is decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from server.rules.duties.conditions import Finding
from server.rules.duties.judge import (
    CANNOT_TELL,
    EVIDENCE_KEPT,
    NOT_DECLARED,
    NOT_SATISFIED,
    PLACE_UNCERTAIN,
    TIME_UNCERTAIN,
    Evidence,
)
from server.rules.duties.matching import Candidate, Fact, Matched, said_within

_REASON_MAX = 200  # characters


class Statement(NamedTuple):
    """A fact, and whether what it says satisfies the duty. What is kept and not applied says nothing yet."""

    fact: Fact
    finding: Finding


class _Placed(NamedTuple):
    """A statement in time. `is_certain`: it lies wholly in the stretch that counts, and is about this place."""

    statement: Statement
    earliest_ms: int
    latest_ms: int
    is_certain: bool
    is_later: bool  # written down later (补录)


NO_STATE = Matched(Evidence(lack=NOT_DECLARED))


def match_state(statements: Sequence[Statement], window: Candidate, proof: str | None = None) -> Matched:
    """What the statements say of a window that counts those of [`opens_ms`, `deadline_ms`). `proof`: the fact that showed
    before that the duty was not satisfied; while it stands, a later one does not take that back."""
    placed = [one for statement in statements if (one := _placed(statement, window)) is not None]
    known = [one for one in placed if one.is_certain]
    for one in known:
        if one.statement.fact.id == proof and one.statement.finding.holds is False:
            return _matched(one)
    if not placed:
        return NO_STATE
    last_ms = max((one.earliest_ms for one in known), default=0)
    latest = [one for one in placed if one.latest_ms >= last_ms]
    sure = [one for one in latest if one.is_certain]
    if not sure:
        return _uncertain(latest)
    says = {one.statement.finding.holds for one in sure}
    if says == {True}:
        contrary = [one for one in latest if not one.is_certain and one.statement.finding.holds is False]
        return _matched(max(sure, key=_when)) if not contrary else _uncertain(contrary)
    if len(says) > 1:
        return Matched(Evidence("uncertain", why=TIME_UNCERTAIN))
    if says == {None}:
        return Matched(Evidence("uncertain", why=CANNOT_TELL))
    doubtful = [one for one in latest if not one.is_certain]
    return _uncertain(doubtful) if doubtful else _matched(max(sure, key=_when))


def _placed(statement: Statement, window: Candidate) -> _Placed | None:
    fact = statement.fact
    earliest_ms, latest_ms, is_later = fact.earliest_ms, fact.latest_ms, False
    if fact.observed_ms is not None:
        is_later = not said_within((earliest_ms, latest_ms), fact.observed_ms, window)
        earliest_ms = latest_ms = fact.observed_ms
    if latest_ms < window.opens_ms or earliest_ms >= window.deadline_ms:
        return None
    is_inside = earliest_ms >= window.opens_ms and latest_ms < window.deadline_ms
    return _Placed(statement, earliest_ms, latest_ms, is_inside and fact.proves, is_later)


def _when(one: _Placed) -> tuple[int, int, str]:
    return (one.latest_ms, one.earliest_ms, one.statement.fact.id)


def _matched(one: _Placed) -> Matched:
    finding, fact = one.statement.finding, one.statement.fact
    at_ms = (one.earliest_ms + one.latest_ms) // 2
    if finding.holds:
        return Matched(Evidence("backfilled" if one.is_later else "timely"), fact, at_ms)
    why = f"{NOT_SATISFIED}: {finding.words}"[:_REASON_MAX]
    return Matched(Evidence("violated", finding.need, finding.have, why=why), fact, at_ms)


def _uncertain(some: Sequence[_Placed]) -> Matched:
    facts = [one.statement.fact for one in some]
    if all(fact.kept for fact in facts):
        why = EVIDENCE_KEPT
    else:
        why = PLACE_UNCERTAIN if all(not fact.proves for fact in facts) else TIME_UNCERTAIN
    return Matched(Evidence("uncertain", why=why))
