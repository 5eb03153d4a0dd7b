"""Suspicious records: each signal with its figures, and none where there is nothing to report."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from server.rules.calendar import add_days, instant_ms
from server.rules.signals import (
    CATALOGUE,
    Chlorine,
    Limits,
    Reading,
    Records,
    Signal,
    explain,
    find_signals,
    metres_between,
)

LIMITS = Limits(
    people_min=20,
    values_max=2,
    per_minute_max=8,
    perfect_days=21,
    normal_from=35.5,
    normal_below=37.0,
    fever_above=37.3,
    fever_readings=2,
    slot_slack_ms=3_600_000,
    site_radius_m=1000,
)
DAY = "2026-11-23"
NEXT = "2026-11-24"


def found(**records: object) -> list[Signal]:
    return find_signals(Records(**records), LIMITS, NEXT)  # type: ignore[arg-type]


def reading(worker: int, celsius: float, minute: float = 0, day: str = DAY, **more: object) -> Reading:
    at_ms = instant_ms(day, "07:00") + round(minute * 60_000)
    return Reading(f"w{worker}", celsius, "before_work", "tablet", at_ms, **more)  # type: ignore[arg-type]


def people(count: int, day: str = DAY, every_s: float = 12) -> list[Reading]:
    """A true morning: different values, one person after another."""
    return [reading(n, 36.1 + n % 7 / 10, n * every_s / 60, day) for n in range(count)]


def codes(readings: list[Reading], passes: Iterable[tuple[str, str]] | None = None) -> list[str]:
    there = {(one.worker, DAY) for one in readings} if passes is None else passes
    return [signal.code for signal in found(readings=readings, passes=there)]


def test_a_true_morning_raises_nothing() -> None:
    assert codes(people(60)) == []


def test_many_people_with_one_value_are_a_signal_and_few_people_are_not() -> None:
    same = [reading(n, 36.5, n / 4) for n in range(30)]
    (signal,) = found(readings=same, passes={(one.worker, DAY) for one in same})
    assert signal == Signal("few_values", DAY, {"slot": "before_work", "people": 30, "values": 1})
    assert codes(same[:19]) == []


def test_more_readings_a_minute_than_one_thermometer_can_take() -> None:
    assert codes(people(30, every_s=7.6)) == []
    (signal,) = found(readings=people(30, every_s=3), passes={(f"w{n}", DAY) for n in range(30)})
    assert (signal.code, signal.figures["count"]) == ("too_fast", 20)


def test_two_tablets_may_take_twice_as_many() -> None:
    first = people(30, every_s=8)
    second = [Reading(f"x{one.worker}", one.celsius, one.slot, "other", one.at_ms) for one in first]
    assert codes(first + second) == []


def test_people_who_were_measured_and_never_came_in() -> None:
    readings = people(25)
    (signal,) = found(readings=readings, passes={(f"w{n}", DAY) for n in range(20)})
    assert signal.figures == {"people": 5, "measured": 25}


def test_entries_that_were_provably_made_later() -> None:
    late = [reading(n, 36.1 + n % 7 / 10, n / 4, backfilled=n < 4) for n in range(24)]
    (signal,) = found(readings=late, passes={(one.worker, DAY) for one in late})
    assert signal.figures == {"count": 4, "readings": 24}


def test_weeks_without_one_anomaly_are_odd_and_one_anomaly_makes_them_true() -> None:
    days = {add_days(DAY, -n): ["met", "met"] for n in range(21)}
    readings = [one for day in days for one in people(5, day)]
    passes = {(one.worker, day) for one in readings for day in days}
    (signal,) = found(readings=readings, passes=passes, days=days)
    assert (signal.code, signal.local_date, signal.figures) == ("perfect", DAY, {"days": 21})
    late = {**days, add_days(DAY, -3): ["met", "done_late"]}
    assert found(readings=readings, passes=passes, days=late) == []
    fever = [*readings, reading(9, 37.2, day=add_days(DAY, -3))]
    assert found(readings=fever, passes=passes | {("w9", add_days(DAY, -3))}, days=days) == []


@given(st.lists(st.tuples(st.integers(0, 40), st.floats(30, 45), st.floats(0, 900)), max_size=80))
def test_every_signal_can_be_explained(measured: list[tuple[int, float, float]]) -> None:
    readings = [reading(worker, celsius, minute) for worker, celsius, minute in measured]
    for signal in found(
        readings=readings,
        days={DAY: ["met"]},
        reused={DAY: 2},
        slots={(DAY, "before_work"): (0, 1)},
        rounds=[(instant_ms(DAY, "09:00"), 5000.0)],
        chlorine=Chlorine(2.0, 1.0, 30),
    ):
        name, text = explain(signal)
        assert name == CATALOGUE[signal.code][0] and "{" not in text


def test_a_slot_that_was_measured_hours_before_it_began() -> None:
    opens_ms = instant_ms(DAY, "16:30")
    slots = {(DAY, "before_work"): (opens_ms, opens_ms + 3_600_000)}
    readings = people(25)
    passes = {(one.worker, DAY) for one in readings}
    (signal,) = found(readings=readings, passes=passes, slots=slots)
    assert (signal.code, signal.figures) == (
        "out_of_slot",
        {"count": 25, "slot": "before_work", "readings": 25},
    )
    assert "上班前" in explain(signal)[1]
    near = {(DAY, "before_work"): (instant_ms(DAY, "07:50"), instant_ms(DAY, "09:00"))}
    assert found(readings=readings, passes=passes, slots=near) == [], "within the slack"


def test_a_fever_without_a_case_is_a_signal_however_few_the_people() -> None:
    twice = [reading(1, 37.8), reading(1, 37.6, 6)]
    (signal,) = found(readings=twice)
    assert (signal.code, signal.figures["people"]) == ("fever_no_case", 1)
    assert found(readings=twice[:1]) == [], "one high reading is to be repeated, not to be reported"
    assert found(readings=twice, cases={"w1": [twice[1].at_ms + 60_000]}) == []
    assert found(readings=twice, cases={"w2": [twice[1].at_ms + 60_000]}) != [], "somebody else's"


def test_a_round_that_was_handed_in_from_elsewhere() -> None:
    at_ms = instant_ms(DAY, "10:00")
    (signal,) = found(rounds=[(at_ms, 999.0), (at_ms, 5400.4), (at_ms, 1200.0)])
    assert (signal.code, signal.figures) == ("off_site", {"rounds": 2, "metres": 5400})
    xinxiang, zhengzhou = (35.303, 113.927), (34.747, 113.625)
    assert 66_000 < metres_between(xinxiang, zhengzhou) < 69_000
    assert metres_between(xinxiang, xinxiang) == 0


def test_more_disinfectant_used_than_the_store_issued() -> None:
    (signal,) = found(chlorine=Chlorine(5200.0, 5000.0, 30))
    assert (signal.code, signal.local_date) == ("more_than_issued", DAY)
    assert found(chlorine=Chlorine(5000.0, 5000.0, 30)) == []
    assert found(chlorine=Chlorine(5200.0, 0.0, 30)) == [], "a store that keeps no book proves nothing"
