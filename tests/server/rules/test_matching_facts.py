"""One fact meets exactly one window."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rules.judge import NO_MATCH, STATES, Candidate, Match, match
from tests.server.rules.cast import at, planned

MORNING, AFTERNOON = (
    Candidate(window.opens_ms, window.deadline_ms, window.closes_ms)
    for window in planned(places=("toilet",))
    if window.duty == "DISINFECT"
)
TWO = [MORNING, AFTERNOON]


def at_time(time: str, local_date: str = "2021-12-06", backfilled: str = "") -> Match:
    """A fact estimated at this time; a backfilled one claims another."""
    event_ms = at(time, local_date)
    return match(event_ms, at(backfilled) if backfilled else event_ms, bool(backfilled), TWO)


def test_a_record_within_the_slot_is_timely() -> None:
    assert at_time("06:00") == at_time("12:30") == Match(0, "timely")
    assert at_time("12:31") == Match(1, "timely")


def test_an_early_record_meets_nothing() -> None:
    assert at_time("05:59") == NO_MATCH


def test_a_late_record_meets_the_slot_until_the_next_one_opens() -> None:
    assert at_time("05:59", "2021-12-07") == Match(1, "late")
    assert at_time("06:00", "2021-12-07") == NO_MATCH


def test_a_backfilled_record_meets_the_slot_that_it_claims_and_says_so() -> None:
    assert at_time("21:00", "2021-12-07", backfilled="07:00") == Match(0, "backfilled")
    assert at_time("21:00", "2021-12-07", backfilled="05:00") == NO_MATCH


def test_a_second_record_leaves_a_window_alone_that_is_met() -> None:
    met = Candidate(MORNING.opens_ms, MORNING.deadline_ms, MORNING.closes_ms, "met")
    assert match(at("07:00"), at("07:00"), False, [met]) == NO_MATCH


@pytest.mark.parametrize(
    ("state", "reason", "takes"),
    [
        ("silent", "not_heard", True),
        ("missed", "not_done", True),
        ("excused", "rest_day", True),
        ("excused", "suspended: 王某, 大风", False),
        ("void", None, False),
        ("review", None, False),
    ],
)
def test_only_what_can_still_change_takes_a_record(state: str, reason: str | None, takes: bool) -> None:
    window = Candidate(MORNING.opens_ms, MORNING.deadline_ms, MORNING.closes_ms, state, reason)
    assert (match(at("07:00"), at("07:00"), False, [window]).index == 0) is takes


def test_of_two_windows_the_one_due_first_takes_the_record() -> None:
    missed = Candidate(at("06:00"), at("08:00"), at("20:00"), "missed")
    assert match(at("13:00"), at("13:00"), False, [AFTERNOON, missed]) == Match(1, "late")


CANDIDATES = st.builds(
    lambda opens, grace, rest, state: Candidate(opens, opens + grace, opens + grace + rest, state),
    *(st.integers(0, 60), st.integers(1, 30), st.integers(0, 30), st.sampled_from(STATES)),
)


@given(st.integers(0, 120), st.integers(0, 120), st.booleans(), st.lists(CANDIDATES, max_size=6))
def test_each_fact_matches_at_most_one_window_that_admits_it(
    event_ms: int, claimed_ms: int, backfilled: bool, windows: list[Candidate]
) -> None:
    found = match(event_ms, claimed_ms, backfilled, windows)
    assert (found.index is None) == (found.fulfilled == "none")
    if found.index is not None:
        window, at_ms = windows[found.index], claimed_ms if backfilled else event_ms
        assert window.state in ("open", "silent", "missed")
        assert window.opens_ms <= at_ms
        assert (found.fulfilled == "timely") == (not backfilled and at_ms <= window.deadline_ms)


@given(st.lists(st.integers(0, 120), max_size=8), st.lists(CANDIDATES, max_size=6))
def test_no_two_facts_meet_the_same_window(events: list[int], windows: list[Candidate]) -> None:
    taken: list[int] = []
    for event_ms in events:
        found = match(event_ms, event_ms, False, windows)
        if found.index is not None:
            taken.append(found.index)
            old = windows[found.index]
            windows[found.index] = Candidate(old.opens_ms, old.deadline_ms, old.closes_ms, "met")
    assert len(taken) == len(set(taken))
