"""Coverage that follows each fact says what weighing all facts again says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from server.rules.duties.attendance import (
    Attendance,
    Tally,
    count,
    evidence,
    join,
    nobody,
    standing,
    united,
)
from server.rules.duties.coverage import MEASURED_BY, Pass, Reading, Span, Whom, weigh
from tests.server.rules.cast import at
from tests.server.rules.test_coverage import AFTER, BEFORE

NIGHT = Span(at("00:00"), at("22:00"), at("23:00"), at("23:30"), at("23:59"))
DECLARED = replace(BEFORE, admits=(), evidence="travel_declaration")
SPANS = (BEFORE, AFTER, NIGHT, DECLARED)
EDGES = sorted(
    {
        edge + step
        for span in SPANS
        for edge in (span.opens_ms, span.due_ms, span.deadline_ms)
        for step in (-1, 0, 1)
    }
)
MOMENTS = st.integers(at("00:00"), at("23:59")) | st.sampled_from([at("00:00") - 3_600_000, *EDGES])
TIMES = st.tuples(MOMENTS, st.sampled_from([0, 1, 20 * 60_000, 9 * 3_600_000])).map(
    lambda one: (one[0], one[0] + one[1])
)
PEOPLE = st.sampled_from("abc")
PASSES = st.builds(
    lambda who, way, times, kept: Pass(who, way, *times, kept),
    PEOPLE,
    st.sampled_from(["in", "out", "in", "out", ""]),
    TIMES,
    st.sampled_from([False, False, True]),
)
READINGS = st.builds(
    lambda who, slot, times, observed, kept, kind: Reading(
        who, slot, *times, None if kept else observed, kept, kind
    ),
    PEOPLE,
    st.sampled_from(["before_work", "after_work", "entry", "retest", ""]),
    TIMES,
    st.none() | st.none() | MOMENTS,
    st.sampled_from([False, False, True]),
    st.sampled_from([MEASURED_BY, MEASURED_BY, "travel_declaration"]),
)
FACTS = st.lists(PASSES | READINGS, max_size=12)


def joined(facts: Iterable[Pass | Reading]) -> dict[str, Attendance]:
    found: dict[str, Attendance] = {}
    for fact in facts:
        join(found.setdefault(fact.worker, nobody(SPANS)), SPANS, fact)
    return found


def tally_of(people: Iterable[Attendance], index: int) -> Tally:
    tally: Tally = {}
    for one in people:
        count(tally, standing(one, index), 1)
    return tally


@given(FACTS, st.sampled_from([0.5, 0.95, 1.0]), st.integers(0, 2))
def test_it_says_what_all_facts_say_together(facts: list[Pass | Reading], share: float, unnamed: int) -> None:
    passes = [fact for fact in facts if isinstance(fact, Pass)]
    readings = [fact for fact in facts if isinstance(fact, Reading)]
    people = joined(facts)
    for index, span in enumerate(SPANS):
        weighed = weigh(passes, readings, span, share, unnamed=unnamed)
        assert evidence(tally_of(people.values(), index), share, unnamed=unnamed) == weighed
        cooks = {"c"}
        only = weigh(passes, readings, span, share, Whom(only=cooks), unnamed)
        theirs = tally_of([one for who, one in people.items() if who in cooks], index)
        assert evidence(theirs, share, unnamed=unnamed) == only


@given(FACTS, st.randoms())
def test_neither_the_order_of_facts_nor_a_repetition_matters(
    facts: list[Pass | Reading], random: Random
) -> None:
    again = facts + random.sample(facts, len(facts) // 2)
    assert joined(random.sample(again, len(again))) == joined(facts)


@given(FACTS)
def test_two_records_of_one_person_count_as_one(facts: list[Pass | Reading]) -> None:
    people = joined(facts)
    one = united([people.get("a", nobody(SPANS)), people.get("b", nobody(SPANS))])
    same = joined(fact._replace(worker="a") if fact.worker == "b" else fact for fact in facts)
    assert one == same.get("a", nobody(SPANS))


@given(FACTS)
def test_a_fact_of_another_day_leaves_no_trace(facts: list[Pass | Reading]) -> None:
    day_ms = 86_400_000
    for fact in facts:
        moved = fact._replace(
            earliest_ms=fact.earliest_ms + 3 * day_ms, latest_ms=fact.latest_ms + 3 * day_ms
        )
        if isinstance(moved, Reading) and moved.observed_ms is not None:
            moved = moved._replace(observed_ms=moved.observed_ms + 3 * day_ms)
        assert joined([moved])[moved.worker] == nobody(SPANS)


def test_taking_somebody_off_the_count_leaves_what_was() -> None:
    tally: Tally = {}
    count(tally, 3, 1)
    count(tally, 0, 1)
    assert tally == {3: 1}
    count(tally, 3, -1)
    assert tally == {}
