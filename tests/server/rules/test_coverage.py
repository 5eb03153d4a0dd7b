"""Were the people who were there measured?"""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rules.coverage import Coverage, Pass, Reading, Span, coverage, present, weigh
from server.rules.judge import Evidence
from server.rules.windows import PlannedWindow
from tests.server.rules.cast import at, find, planned


def span(window: PlannedWindow, admits: str) -> Span:
    return Span(at("00:00"), window.opens_ms, window.deadline_ms, window.closes_ms, (admits,))


BEFORE = span(find(planned(), "TEMP", "before_work"), "before_work")  # 05:30, due 08:30, grace to 09:00
AFTER = span(find(planned(), "TEMP", "after_work"), "after_work")  # 16:30, due 20:00, grace to 20:30


def came(worker: str, time: str) -> Pass:
    return Pass(worker, "in", at(time))


def left(worker: str, time: str) -> Pass:
    return Pass(worker, "out", at(time))


def measured(worker: str, time: str, slot: str = "before_work", backfilled: bool = False) -> Reading:
    return Reading(worker, slot, at(time), backfilled)


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
    assert present([came("a", "06:00")], [measured("b", "06:10", "entry")], BEFORE) == {"a", "b"}


def test_who_left_before_the_window_opens_is_not_needed() -> None:
    passes = [came("a", "06:00"), left("a", "12:00"), came("b", "06:00")]
    assert present(passes, [], AFTER) == {"b"}


def test_who_left_and_came_back_is_needed() -> None:
    passes = [came("a", "06:00"), left("a", "12:00"), came("a", "17:00")]
    assert present(passes, [], AFTER) == {"a"}


def test_who_comes_after_the_deadline_is_not_needed() -> None:
    assert present([came("a", "09:01")], [measured("b", "09:01")], BEFORE) == frozenset()


def test_who_leaves_from_the_night_before_is_not_needed() -> None:
    assert present([left("a", "06:00")], [], BEFORE) == frozenset()


def test_who_leaves_during_the_window_unmeasured_is_still_needed() -> None:
    assert present([came("a", "06:00"), left("a", "17:00")], [], AFTER) == {"a"}


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
    readings = [measured("a", "07:00"), measured("b", "10:00")]
    assert weigh(passes, readings, BEFORE, 1.0) == Evidence("late", 2, 2)


def test_a_backfilled_reading_makes_the_slot_backfilled() -> None:
    passes = [came("a", "06:00"), came("b", "06:00")]
    readings = [measured("a", "07:00"), measured("b", "07:00", backfilled=True)]
    assert weigh(passes, readings, BEFORE, 1.0) == Evidence("backfilled", 2, 2)


def test_a_pass_that_arrives_late_takes_the_coverage_away() -> None:
    readings = [measured("a", "07:00")]
    assert weigh([came("a", "06:00")], readings, BEFORE, 1.0).fulfilled == "timely"
    assert weigh([came("a", "06:00"), came("b", "06:30")], readings, BEFORE, 1.0).fulfilled == "none"


def test_canteen_staff_are_judged_by_their_own_duty() -> None:
    passes = [came("cook", "06:00"), came("mason", "06:00")]
    readings = [measured("cook", "06:10"), measured("mason", "06:10")]
    assert weigh(passes, readings, BEFORE, 1.0, only={"cook"}) == Evidence("timely", 1, 1)
    assert weigh(passes, readings, BEFORE, 1.0, without={"cook"}) == Evidence("timely", 1, 1)


def test_a_canteen_without_staff_on_the_roster_expects_nobody() -> None:
    assert weigh([came("mason", "06:00")], [], BEFORE, 1.0, only=()) == Evidence("none", 0, 0, expected=False)


PEOPLE = st.sampled_from("abcd")
MOMENTS = st.integers(at("00:00"), at("23:59"))
PASSES = st.lists(st.builds(Pass, PEOPLE, st.sampled_from(["in", "out"]), MOMENTS), max_size=8)
READINGS = st.lists(
    st.builds(
        Reading, PEOPLE, st.sampled_from(["before_work", "after_work", "entry"]), MOMENTS, st.booleans()
    ),
    max_size=8,
)
RANK = ["none", "backfilled", "late", "timely"]


@given(PASSES, READINGS, st.randoms())
def test_the_order_of_arrival_does_not_matter(
    passes: list[Pass], readings: list[Reading], random: Random
) -> None:
    shuffled = random.sample(passes, len(passes)), random.sample(readings, len(readings))
    for slot in (BEFORE, AFTER):
        assert weigh(passes, readings, slot, 1.0) == weigh(*shuffled, slot, 1.0)


@given(PASSES, READINGS, st.floats(0, 1), st.floats(0, 1))
def test_a_lower_share_never_asks_for_more(
    passes: list[Pass], readings: list[Reading], one: float, other: float
) -> None:
    low, high = sorted((one, other))
    lenient, strict = (weigh(passes, readings, BEFORE, share) for share in (low, high))
    assert RANK.index(lenient.fulfilled) >= RANK.index(strict.fulfilled)
    assert (lenient.need, lenient.have) == (strict.need, strict.have)


@given(PASSES, READINGS)
def test_one_reading_counts_for_one_slot(passes: list[Pass], readings: list[Reading]) -> None:
    for reading in readings:
        counted = [weigh([], [reading], slot, 1.0).have for slot in (BEFORE, AFTER)]
        assert sum(have or 0 for have in counted) <= 1
