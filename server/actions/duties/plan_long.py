"""Windows of weeks and months: those that exist as they would be planned now, and those that run from the last record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from server.models.window import Window
from server.rules.duties.rolling import fresh_first_day, next_first_day, rolling_rule
from server.rules.duties.windows import PERIOD, DutyRule, PlannedWindow, SiteProfile, asks, plan_rolling
from server.rules.rulebook import Rulebook

ProfileOn = Callable[[str], SiteProfile]  # a site as the rules of a local date see it


class Long(NamedTuple):
    """A site's windows of weeks and months: all that the next ones follow from, and those that planning still revises."""

    all: Sequence[Window]
    recent: Sequence[Window]


def has_periods(book: Rulebook) -> bool:
    """Whether any duty asks for something by periods."""
    return any(rule.mode.every is not None or rule.mode.rolling is not None for rule in book.duties)


def rolling_windows(
    profile_on: ProfileOn, book: Rulebook, long: Long, now_ms: int, until: str
) -> Iterator[PlannedWindow]:
    """The windows of duties that run from the last record: the recent ones, as they would be planned now, and the one that
    has to be asked next."""
    for code in sorted({rule.code for rule in book.duties if rule.mode.rolling is not None}):
        own = [one for one in long.all if one.duty == code and one.slot == PERIOD]
        own.sort(key=lambda one: one.opens_ms)
        for window in own:
            if window in long.recent:
                yield from _planned(profile_on, book, code, window.local_date)
        first_day = next_first_day(own[-1] if own else None, now_ms, until)
        rule = _rule(profile_on, book, code, first_day) if first_day is not None else None
        if first_day is not None and rule is not None:
            yield from _planned(profile_on, book, code, fresh_first_day(rule, first_day, now_ms))


def _planned(profile_on: ProfileOn, book: Rulebook, code: str, first_day: str) -> Iterator[PlannedWindow]:
    rule = _rule(profile_on, book, code, first_day)
    if rule is not None and not rule.places:
        yield plan_rolling(profile_on(first_day), book.holidays, rule, first_day)


def _rule(profile_on: ProfileOn, book: Rulebook, code: str, first_day: str) -> DutyRule | None:
    profile = profile_on(first_day)
    rule = rolling_rule(book.duties, code, profile.alert, first_day)
    return rule if rule is not None and asks(profile, rule) else None
