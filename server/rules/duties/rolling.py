"""Periods that run from the last record: on which day the next one begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from server.rules.calendar import add_days, local_date_of
from server.rules.duties.judge import FULFILLED
from server.rules.duties.windows import DutyRule, rule_of

_DONE = tuple(FULFILLED.values())


class Asked(Protocol):
    """A window of such a duty, as far as the next one follows from it."""

    local_date: str
    state: str
    due_ms: int
    evidence_ms: int | None


def next_first_day(latest: Asked | None, now_ms: int, until: str) -> str | None:
    """The first day of the period that has to be asked now, as far as local date `until`; None: of none.

    1. At first tomorrow.
    2. After a window that is done, the day after the record that met it.
    3. After one that is over without, the day after it was due.
    4. A period that would be over already is none: it begins tomorrow.
    """
    tomorrow = add_days(local_date_of(now_ms), 1)
    if latest is None:
        return tomorrow
    if latest.state in _DONE and latest.evidence_ms is not None:
        first_day = add_days(local_date_of(latest.evidence_ms), 1)
        return first_day if first_day > latest.local_date else add_days(latest.local_date, 1)
    first_day = add_days(local_date_of(latest.due_ms - 1), 1)
    return first_day if first_day <= until else None


def rolling_rule(duties: Sequence[DutyRule], code: str, alert: str, first_day: str) -> DutyRule | None:
    """The version of a duty that holds on that day, where it runs from the last record."""
    rule = rule_of(duties, code, alert, first_day)
    return rule if rule is not None and rule.mode.rolling is not None else None


def fresh_first_day(rule: DutyRule, first_day: str, now_ms: int) -> str:
    """The first day, or tomorrow where the period from it on would be over by now."""
    assert rule.mode.rolling is not None
    _, due_ms = rule.mode.rolling.span(first_day)
    return first_day if due_ms > now_ms else add_days(local_date_of(now_ms), 1)
