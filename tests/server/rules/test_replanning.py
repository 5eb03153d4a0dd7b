"""Rules, holidays and suspensions that change after windows were made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server.rules.duties.judge import Evidence, Reported, judge
from server.rules.duties.transition import StoredWindow, revise
from server.rules.duties.windows import PlannedWindow
from tests.server.rules.cast import NOON_SUSPENSION, at, find, planned

DUE = find(planned(), "TEMP", "before_work")
RESTING = replace(DUE, excused="rest_day")
LATER = at("21:00")


def stored(state: str, reason: str | None = None, need: int | None = None) -> StoredWindow:
    return StoredWindow(state, reason, DUE.opens_ms, DUE.due_ms, DUE.grace_s, DUE.closes_ms, need)


def revised(
    window: StoredWindow, planned_now: PlannedWindow | None, now_ms: int = LATER
) -> tuple[str, str | None]:
    found = revise(window, planned_now, now_ms) or window
    assert revise(found, planned_now, now_ms) is None  # twice is once
    return found.state, found.reason


def test_nothing_changes_when_the_plan_is_the_same() -> None:
    for state in ("open", "met", "silent", "missed", "review", "void"):
        assert revise(stored(state), DUE, LATER) is None


@pytest.mark.parametrize(
    ("state", "becomes"),
    [
        ("open", "excused"),
        ("silent", "excused"),
        ("missed", "review"),
        ("met", "met"),
        ("done_late", "done_late"),
    ],
)
def test_a_holiday_added_afterwards(state: str, becomes: str) -> None:
    assert revised(stored(state), RESTING)[0] == becomes


def test_a_holiday_excuses_nothing_where_people_were_seen() -> None:
    assert revised(stored("missed", "not_covered", need=12), RESTING) == ("missed", "not_covered")


def test_a_suspension_approved_late_excuses_what_opened_in_it() -> None:
    after = find(planned(suspensions=(NOON_SUSPENSION,)), "TEMP", "after_work")
    window = StoredWindow("silent", "not_heard", after.opens_ms, after.due_ms, after.grace_s, after.closes_ms)
    assert revised(window, after) == ("excused", "suspended: 质安科王某, 大风")


@pytest.mark.parametrize("reason", ["rest_day", "stopped", "suspended: 质安科王某, 大风"])
def test_an_excuse_that_has_gone_opens_the_window_again(reason: str) -> None:
    assert revised(stored("excused", reason), DUE) == ("open", None)
    assert judge("open", None, DUE.deadline_ms, Reported(LATER, LATER), Evidence()).state == "missed"


def test_an_excuse_of_the_judging_is_not_the_planning_s() -> None:
    assert revised(stored("excused", "nobody_expected"), DUE) == ("excused", "nobody_expected")


def test_a_window_that_has_opened_keeps_its_times() -> None:
    later_rule = replace(DUE, due_ms=DUE.due_ms + 1000, closes_ms=DUE.closes_ms + 1000)
    assert revise(stored("open"), later_rule, DUE.opens_ms) is None
    to_come = revise(stored("open"), later_rule, DUE.opens_ms - 1)
    assert to_come is not None and to_come.due_ms == later_rule.due_ms


def test_a_window_that_nobody_asks_for_any_more_is_void_only_before_it_opens() -> None:
    assert revised(stored("open"), None, DUE.opens_ms - 1) == ("void", "not_asked")
    assert revised(stored("open"), None, DUE.opens_ms) == ("open", None)
    assert revised(stored("void", "not_asked"), DUE, DUE.opens_ms - 1) == ("open", None)
