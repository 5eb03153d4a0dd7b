"""Records that lie: each signal with its figures, and silence where there is nothing to see."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from server.rules.calendar import add_days, instant_ms
from server.rules.signals import CATALOGUE, Limits, Reading, Signal, explain, find_signals

LIMITS = Limits(20, 2, 8, 21, 35.5, 37.0)
DAY = "2026-11-23"


def reading(worker: int, celsius: float, minute: float = 0, day: str = DAY, **more: object) -> Reading:
    at_ms = instant_ms(day, "07:00") + round(minute * 60_000)
    return Reading(f"w{worker}", celsius, "before_work", "tablet", at_ms, at_ms, **more)  # type: ignore[arg-type]


def people(count: int, day: str = DAY, every_s: float = 12) -> list[Reading]:
    """A true morning: different values, one person after another."""
    return [reading(n, 36.1 + n % 7 / 10, n * every_s / 60, day) for n in range(count)]


def codes(readings: list[Reading], passes: Iterable[tuple[str, str]] | None = None) -> list[str]:
    there = {(one.worker, DAY) for one in readings} if passes is None else passes
    return [signal.code for signal in find_signals(readings, there, {}, {}, LIMITS)]


def test_a_true_morning_raises_nothing() -> None:
    assert codes(people(60)) == []


def test_many_people_with_one_value_are_a_signal_and_few_people_are_not() -> None:
    same = [reading(n, 36.5, n / 4) for n in range(30)]
    (signal,) = find_signals(same, {(one.worker, DAY) for one in same}, {}, {}, LIMITS)
    assert signal == Signal("few_values", DAY, {"slot": "before_work", "people": 30, "values": 1})
    assert codes(same[:19]) == []


def test_more_readings_a_minute_than_one_thermometer_can_take() -> None:
    assert codes(people(30, every_s=7.6)) == []
    (signal,) = find_signals(people(30, every_s=3), {(f"w{n}", DAY) for n in range(30)}, {}, {}, LIMITS)
    assert (signal.code, signal.figures["count"]) == ("too_fast", 20)


def test_two_tablets_may_take_twice_as_many() -> None:
    first = people(30, every_s=8)
    second = [
        Reading(f"x{one.worker}", one.celsius, one.slot, "other", one.at_ms, one.at_ms) for one in first
    ]
    assert codes(first + second) == []


def test_people_who_were_measured_and_never_came_in() -> None:
    readings = people(25)
    (signal,) = find_signals(readings, {(f"w{n}", DAY) for n in range(20)}, {}, {}, LIMITS)
    assert signal.figures == {"people": 5, "measured": 25}


def test_entries_that_were_provably_made_later() -> None:
    late = [reading(n, 36.1 + n % 7 / 10, n / 4, backfilled=n < 4) for n in range(24)]
    (signal,) = find_signals(late, {(one.worker, DAY) for one in late}, {}, {}, LIMITS)
    assert signal.figures == {"count": 4, "readings": 24}


def test_weeks_without_one_anomaly_are_odd_and_one_anomaly_makes_them_true() -> None:
    days = {add_days(DAY, -n): ["met", "met"] for n in range(21)}
    readings = [one for day in days for one in people(5, day)]
    passes = {(one.worker, day) for one in readings for day in days}
    (signal,) = find_signals(readings, passes, days, {}, LIMITS)
    assert (signal.code, signal.local_date, signal.figures) == ("perfect", DAY, {"days": 21})
    late = {**days, add_days(DAY, -3): ["met", "done_late"]}
    assert find_signals(readings, passes, late, {}, LIMITS) == []
    fever = [*readings, reading(9, 37.2, day=add_days(DAY, -3))]
    assert find_signals(fever, passes | {("w9", add_days(DAY, -3))}, days, {}, LIMITS) == []


@given(st.lists(st.tuples(st.integers(0, 40), st.floats(30, 45), st.floats(0, 900)), max_size=80))
def test_every_signal_can_be_explained(told: list[tuple[int, float, float]]) -> None:
    readings = [reading(worker, celsius, minute) for worker, celsius, minute in told]
    for signal in find_signals(readings, set(), {DAY: ["met"]}, {DAY: 2}, LIMITS):
        name, text = explain(signal)
        assert name == CATALOGUE[signal.code][0] and "{" not in text
