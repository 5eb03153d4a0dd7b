"""One fact meets at most one window of a duty; one whose time is uncertain meets none, and hides none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rules.duties.matching import Candidate, Fact, fit, match_facts
from tests.server.rules.cast import at, planned

MORNING, AFTERNOON = (
    Candidate(window.opens_ms, window.due_ms, window.deadline_ms, window.closes_ms)
    for window in planned(places=("toilet",))
    if window.duty == "DISINFECT"
)  # 06:00, due 12:00, grace to 12:30; then due 20:00, grace to 20:30
TWO = [MORNING, AFTERNOON]


def fact(time: str, to: str = "", date: str = "2021-12-06", observed: str = "", key: str = "a") -> Fact:
    """A fact written at this time, or between two; `observed`: when its author says that it was done."""
    return Fact(key, at(time, date), at(to or time, date), at(observed) if observed else None)


def shown(*facts: Fact) -> list[str]:
    return [one.evidence.fulfilled for one in match_facts(facts, TWO)]


def test_a_record_within_the_slot_is_timely_up_to_its_due_time() -> None:
    assert shown(fact("06:00")) == shown(fact("12:00")) == ["timely", "none"]
    assert shown(fact("12:01")) == ["late", "none"]
    assert shown(fact("12:30")) == ["none", "timely"]


def test_an_early_record_meets_nothing() -> None:
    assert shown(fact("05:59")) == ["none", "none"]


def test_a_late_record_meets_the_slot_until_the_next_one_opens() -> None:
    assert shown(fact("05:59", date="2021-12-07")) == ["none", "late"]
    assert shown(fact("06:00", date="2021-12-07")) == ["none", "none"]


def test_an_interval_that_reaches_over_an_edge_proves_nothing_and_hides_nothing() -> None:
    (morning, _) = match_facts([fact("05:59", to="06:01")], TWO)
    assert (morning.evidence.fulfilled, morning.evidence.why) == ("uncertain", "time_uncertain")
    assert shown(fact("11:59", to="12:01")) == ["timely", "none"]  # it began by the due time


def test_one_uncertain_record_for_two_slots_says_that_it_proves_one_at_most() -> None:
    found = match_facts([fact("12:00", to="13:00")], TWO)
    assert [one.evidence.why for one in found] == ["time_uncertain: 至多 1 / 2"] * 2


def test_a_certain_record_leaves_the_uncertain_one_to_the_other_slot() -> None:
    assert shown(fact("07:00"), fact("12:00", to="13:00", key="b")) == ["timely", "uncertain"]


def test_a_record_that_is_kept_and_not_applied_meets_nothing_and_accuses_nobody() -> None:
    (morning, _) = match_facts([fact("07:00")._replace(kept=True)], TWO)
    assert (morning.evidence.fulfilled, morning.evidence.why) == ("uncertain", "evidence_kept")


def test_work_that_was_written_down_later_counts_when_it_was_done_and_says_so() -> None:
    assert shown(fact("21:00", date="2021-12-07", observed="07:00")) == ["backfilled", "none"]
    assert shown(fact("21:00", date="2021-12-07", observed="05:00")) == ["none", "none"]


def test_work_that_was_written_down_within_the_slot_is_like_any_other() -> None:
    assert shown(fact("11:00", observed="07:00")) == ["timely", "none"]


def test_a_second_record_leaves_a_window_alone_that_is_met() -> None:
    first, second = fact("07:00"), fact("08:00", key="b")
    assert match_facts([second, first], TWO)[0].fact == first


def test_of_two_windows_the_one_due_first_takes_the_record() -> None:
    early = Candidate(at("06:00"), at("07:30"), at("08:00"), at("20:00"))
    found = match_facts([fact("13:00")], [AFTERNOON, early])
    assert [one.evidence.fulfilled for one in found] == ["none", "late"]


@pytest.mark.parametrize(("slot", "fulfilled"), [("a", "timely"), ("b", "none"), (None, "none")])
def test_a_window_that_admits_some_slots_takes_no_other(slot: str | None, fulfilled: str) -> None:
    window = MORNING._replace(admits=("a",))
    (found,) = match_facts([fact("07:00")._replace(slot=slot)], [window])
    assert found.evidence.fulfilled == fulfilled


CANDIDATES = st.builds(
    lambda opens, due, grace, rest: Candidate(
        opens, opens + due, opens + due + grace, opens + due + grace + rest
    ),
    *(st.integers(0, 60), st.integers(1, 30), st.integers(0, 10), st.integers(0, 30)),
)
FACTS = st.lists(
    st.builds(
        lambda at, width, said, kept: Fact("", at, at + width, said, kept),
        *(st.integers(0, 120), st.integers(0, 40), st.none() | st.integers(0, 120), st.booleans()),
    ),
    max_size=8,
).map(lambda facts: [one._replace(id=str(i)) for i, one in enumerate(facts)])


@given(FACTS, st.lists(CANDIDATES, max_size=6))
def test_each_fact_meets_at_most_one_window_and_only_one_that_it_certainly_fits(
    facts: list[Fact], windows: list[Candidate]
) -> None:
    met = [
        (one, window) for one, window in zip(match_facts(facts, windows), windows, strict=True) if one.fact
    ]
    ids = [one.fact.id for one, _ in met if one.fact is not None]
    assert len(ids) == len(set(ids))
    for one, window in met:
        assert one.fact is not None and not one.fact.kept
        how = fit(one.fact.earliest_ms, one.fact.latest_ms, window)
        assert one.evidence.fulfilled in ("timely", "late", "backfilled")
        assert one.evidence.fulfilled == "backfilled" or how == one.evidence.fulfilled


@given(FACTS, st.lists(CANDIDATES, max_size=6))
def test_no_window_that_a_fact_may_belong_to_is_left_without_a_word(
    facts: list[Fact], windows: list[Candidate]
) -> None:
    for one, window in zip(match_facts(facts, windows), windows, strict=True):
        fits = [fit(f.earliest_ms, f.latest_ms, window) for f in facts if f.observed_ms is None]
        if "uncertain" in fits:
            assert one.evidence.fulfilled != "none"
