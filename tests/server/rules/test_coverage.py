"""Whether the people who were on site were measured."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rules.duties.coverage import Coverage, Pass, Reading, Span, Whom, coverage, present, weigh
from server.rules.duties.judge import Evidence
from server.rules.duties.windows import PlannedWindow
from tests.server.rules.cast import at, find, planned


def span(window: PlannedWindow, admits: str) -> Span:
    return Span(at("00:00"), window.opens_ms, window.due_ms, window.deadline_ms, window.closes_ms, (admits,))


BEFORE = span(find(planned(), "TEMP", "before_work"), "before_work")  # 05:30, due 08:30, grace to 09:00
AFTER = span(find(planned(), "TEMP", "after_work"), "after_work")  # 16:30, due 20:00, grace to 20:30


def came(worker: str, time: str, to: str = "") -> Pass:
    """In through the gate at this time, or between two."""
    return Pass(worker, "in", at(time), at(to or time))


def left(worker: str, time: str, to: str = "") -> Pass:
    return Pass(worker, "out", at(time), at(to or time))


def measured(worker: str, time: str, slot: str = "before_work", to: str = "", observed: str = "") -> Reading:
    """A reading at this time, or between two; `observed`: when its author says that it was taken."""
    return Reading(worker, slot, at(time), at(to or time), at(observed) if observed else None)


def there(passes: list[Pass], readings: list[Reading], slot: Span) -> frozenset[str]:
    """Who was there, where every time is certain."""
    surely, maybe = present(passes, readings, slot)
    assert surely == maybe
    return surely


@pytest.mark.parametrize(
    ("people", "have", "share", "met"),
    [
        (20, 19, 1.0, False),
        (20, 20, 1.0, True),
        (20, 19, 0.95, True),
        (20, 18, 0.95, False),
        (0, 0, 1.0, False),
    ],
)
def test_the_share_is_a_rule(people: int, have: int, share: float, met: bool) -> None:
    everybody = [str(one) for one in range(people)]
    assert coverage(everybody, everybody[:have], share) == Coverage(people, have, met)


def test_measuring_somebody_who_is_not_there_covers_nobody() -> None:
    assert coverage({"a", "b"}, {"a", "x", "y"}, 1.0) == Coverage(2, 1, False)


def test_everybody_who_came_or_was_measured_is_needed() -> None:
    assert there([came("a", "06:00")], [measured("b", "06:10", "entry")], BEFORE) == {"a", "b"}


def test_who_left_before_the_window_opens_is_not_needed() -> None:
    passes = [came("a", "06:00"), left("a", "12:00"), came("b", "06:00")]
    assert there(passes, [], AFTER) == {"b"}


def test_who_left_and_came_back_is_needed() -> None:
    passes = [came("a", "06:00"), left("a", "12:00"), came("a", "17:00")]
    assert there(passes, [], AFTER) == {"a"}


def test_who_comes_after_the_deadline_is_not_needed() -> None:
    assert there([came("a", "09:01")], [measured("b", "09:01")], BEFORE) == frozenset()


def test_who_leaves_from_the_night_before_is_not_needed() -> None:
    assert there([left("a", "06:00")], [], BEFORE) == frozenset()


def test_who_leaves_during_the_window_unmeasured_is_still_needed() -> None:
    assert there([came("a", "06:00"), left("a", "17:00")], [], AFTER) == {"a"}


def test_a_site_without_a_gate_is_judged_by_who_was_measured_that_day() -> None:
    morning = [measured("a", "07:00"), measured("b", "07:00")]
    assert weigh([], morning, BEFORE, 1.0) == Evidence("timely", 2, 2)
    assert weigh([], [*morning, measured("a", "17:00", "after_work")], AFTER, 1.0) == Evidence("none", 2, 1)


def test_a_reading_of_another_slot_does_not_count() -> None:
    assert weigh([came("a", "06:00")], [measured("a", "06:01", "entry")], BEFORE, 1.0) == Evidence(
        "none", 1, 0
    )


def test_a_late_reading_makes_the_slot_late() -> None:
    passes = [came("a", "06:00"), came("b", "06:00")]
    for time in ("08:31", "10:00"):  # within the grace, and after it
        readings = [measured("a", "07:00"), measured("b", time)]
        assert weigh(passes, readings, BEFORE, 1.0) == Evidence("late", 2, 2)


def test_a_backfilled_reading_makes_the_slot_backfilled() -> None:
    passes = [came("a", "06:00"), came("b", "06:00")]
    readings = [measured("a", "07:00"), measured("b", "15:00", observed="07:00")]
    assert weigh(passes, readings, BEFORE, 1.0) == Evidence("backfilled", 2, 2)


def test_a_pass_that_arrives_late_takes_the_coverage_away() -> None:
    readings = [measured("a", "07:00")]
    assert weigh([came("a", "06:00")], readings, BEFORE, 1.0).fulfilled == "timely"
    assert weigh([came("a", "06:00"), came("b", "06:30")], readings, BEFORE, 1.0).fulfilled == "none"


def test_canteen_staff_are_judged_by_their_own_duty() -> None:
    passes = [came("cook", "06:00"), came("mason", "06:00")]
    readings = [measured("cook", "06:10"), measured("mason", "06:10")]
    assert weigh(passes, readings, BEFORE, 1.0, Whom(only={"cook"})) == Evidence("timely", 1, 1)
    assert weigh(passes, readings, BEFORE, 1.0, Whom(without={"cook"})) == Evidence("timely", 1, 1)


def test_a_canteen_without_staff_on_the_roster_expects_nobody() -> None:
    assert weigh([came("mason", "06:00")], [], BEFORE, 1.0, Whom(only=())) == Evidence(
        "none", 0, 0, expected=False
    )


def test_who_was_turned_away_at_the_gate_is_not_needed() -> None:
    fever = [left("a", "06:00")], [measured("a", "06:00", "entry"), measured("a", "06:06", "retest")]
    assert there(*fever, BEFORE) == frozenset()
    assert there([*fever[0], came("b", "06:10")], fever[1], BEFORE) == {"b"}


def test_who_came_in_after_all_is_needed() -> None:
    passes = [left("a", "06:00"), came("a", "06:20")]
    assert there(passes, [measured("a", "06:00", "entry")], BEFORE) == {"a"}


def test_a_reading_whose_time_is_uncertain_neither_covers_nor_accuses() -> None:
    passes, reading = [came("a", "06:00")], measured("a", "08:20", to="09:10")
    assert weigh(passes, [measured("a", "05:00", to="06:00")], BEFORE, 1.0) == Evidence(
        "uncertain", 1, 0, why="time_uncertain"
    )
    assert weigh(passes, [reading], BEFORE, 1.0).fulfilled == "uncertain"
    assert weigh([*passes, came("b", "06:00")], [reading], BEFORE, 1.0) == Evidence("none", 2, 0)


def test_where_only_what_does_not_count_yet_is_lacking_the_reason_says_so() -> None:
    there_too = came("b", "06:00")._replace(kept=True)
    morning = [measured("a", "07:00")]
    assert weigh([came("a", "06:00"), there_too], morning, BEFORE, 1.0).why == "evidence_kept"
    assert (
        weigh([came("a", "06:00"), came("b", "08:50", to="09:10")], morning, BEFORE, 1.0).why
        == "time_uncertain"
    )


def test_a_pass_whose_time_is_uncertain_neither_hides_anybody_nor_accuses() -> None:
    morning, maybe = measured("a", "07:00"), came("b", "08:50", to="09:10")
    assert weigh([came("a", "06:00"), maybe], [morning], BEFORE, 1.0).fulfilled == "uncertain"
    assert weigh([maybe], [], BEFORE, 1.0).fulfilled == "uncertain"
    both = [morning, measured("b", "07:00", to="07:10")]
    assert weigh([came("a", "06:00"), maybe], both, BEFORE, 1.0) == Evidence("timely", 2, 2)


def test_a_reading_that_is_kept_and_not_applied_accuses_nobody() -> None:
    kept = measured("a", "07:00")._replace(kept=True)
    passes = [came("a", "06:00")]
    assert weigh(passes, [kept], BEFORE, 1.0) == Evidence("uncertain", 1, 0, why="evidence_kept")
    assert weigh(passes, [], BEFORE, 1.0, unnamed=1).why == "evidence_kept"
    assert weigh([*passes, came("b", "06:00")], [kept], BEFORE, 1.0) == Evidence("none", 2, 0)


PEOPLE = st.sampled_from("abcd")
MOMENTS = st.integers(at("00:00"), at("23:59"))
SPANS = st.tuples(MOMENTS, st.sampled_from([0, 1, 20 * 60_000])).map(lambda one: (one[0], one[0] + one[1]))
PASSES = st.lists(
    st.builds(lambda who, way, when: Pass(who, way, *when), PEOPLE, st.sampled_from(["in", "out"]), SPANS),
    max_size=8,
)
READINGS = st.lists(
    st.builds(
        lambda who, slot, when, observed: Reading(who, slot, *when, observed),
        PEOPLE,
        st.sampled_from(["before_work", "after_work", "entry"]),
        SPANS,
        st.none() | MOMENTS,
    ),
    max_size=8,
)


@given(PASSES, READINGS, st.randoms())
def test_the_order_of_arrival_does_not_matter(
    passes: list[Pass], readings: list[Reading], random: Random
) -> None:
    shuffled = random.sample(passes, len(passes)), random.sample(readings, len(readings))
    for slot in (BEFORE, AFTER):
        assert weigh(passes, readings, slot, 1.0) == weigh(*shuffled, slot, 1.0)


@given(PASSES, READINGS, st.randoms())
def test_whatever_the_true_times_are_the_answer_allows_for_them(
    passes: list[Pass], readings: list[Reading], random: Random
) -> None:
    """An answer that is certain is the answer for every history that the intervals allow."""
    weighed = weigh(passes, readings, BEFORE, 1.0)
    moments = [random.randint(one.earliest_ms, one.latest_ms) for one in passes]
    true_passes = [
        one._replace(earliest_ms=at, latest_ms=at) for one, at in zip(passes, moments, strict=True)
    ]
    moments = [random.randint(one.earliest_ms, one.latest_ms) for one in readings]
    true_readings = [
        one._replace(earliest_ms=at, latest_ms=at) for one, at in zip(readings, moments, strict=True)
    ]
    truth = weigh(true_passes, true_readings, BEFORE, 1.0)
    if weighed.fulfilled == "none" and weighed.need:
        assert truth.fulfilled == "none"
    if weighed.fulfilled not in ("none", "uncertain") and truth.need:
        assert truth.fulfilled != "none"


@given(PASSES, READINGS, st.floats(0, 1), st.floats(0, 1))
def test_a_lower_share_never_asks_for_more(
    passes: list[Pass], readings: list[Reading], one: float, other: float
) -> None:
    rank = ["none", "uncertain", "backfilled", "late", "timely"]
    low, high = sorted((one, other))
    lenient, strict = (weigh(passes, readings, BEFORE, share) for share in (low, high))
    assert rank.index(lenient.fulfilled) >= rank.index(strict.fulfilled)


@given(PASSES, READINGS)
def test_one_reading_counts_for_one_slot(passes: list[Pass], readings: list[Reading]) -> None:
    for reading in readings:
        counted = [weigh([], [reading], slot, 1.0).have for slot in (BEFORE, AFTER)]
        assert sum(have or 0 for have in counted) <= 1
