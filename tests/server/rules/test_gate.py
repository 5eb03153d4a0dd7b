"""What passes say: who is inside, and what does not fit. Nobody is accused by what a tablet may still hold."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from server.rules.calendar import add_days, instant_ms, midnight_ms
from server.rules.gate import (
    AtGate,
    GateLimits,
    GatePass,
    Group,
    Listed,
    Seen,
    VehiclePass,
    gate_signals,
    head_counts,
    mask_share,
)

DAY = "2026-11-23"
NEXT = add_days(DAY, 1)
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
LIMITS = GateLimits(
    measured_within_ms=30 * MINUTE_MS, inside_max_ms=24 * HOUR_MS, masks_from=5, mask_share=0.9
)
ROSTER = {one: Listed(one) for one in ("a", "b", "c")}
LATE = midnight_ms(add_days(DAY, 5))


def went(worker: str, time: str = "07:00", way: str = "in", day: str = DAY, **more: Any) -> GatePass:
    at_ms = instant_ms(day, time)
    return GatePass(worker, worker, way == "in", at_ms, at_ms, at_ms, **{"has_celsius": True, **more})


def seen(worker: str, time: str, day: str = DAY, spread_ms: int = 0) -> Seen:
    at_ms = instant_ms(day, time)
    return Seen(worker, worker, at_ms, at_ms - spread_ms, at_ms + spread_ms)


def found(
    *passes: GatePass, readings: tuple[Seen, ...] = (), roster: Any = ROSTER, through_ms: int = LATE
) -> list[tuple[str, dict[str, Any]]]:
    at_gate = AtGate(passes, readings, roster)
    return [(one.code, dict(one.figures)) for one in gate_signals(at_gate, LIMITS, [DAY], through_ms)]


OUT = went("a", "18:00", "out")


def test_a_stranger_is_found_only_when_every_device_has_reported_past_the_day() -> None:
    stranger = (went("x"), went("x", "18:00", "out"))
    assert found(*stranger, through_ms=midnight_ms(NEXT) - 1) == []
    assert found(*stranger) == [("not_registered", {"people": 1})]


def test_who_has_left_is_found_from_the_next_day_on_and_a_reading_a_day_later() -> None:
    for until, codes in ((DAY, []), (add_days(DAY, -1), ["came_after_exit"])):
        roster = {**ROSTER, "a": Listed("a", until=until)}
        assert [code for code, _ in found(went("a"), OUT, roster=roster)] == codes
    for until, codes in ((add_days(DAY, -1), []), (add_days(DAY, -2), ["came_after_exit"])):
        roster = {**ROSTER, "a": Listed("a", until=until)}
        assert [code for code, _ in found(readings=(seen("a", "02:00"),), roster=roster)] == codes


def test_a_person_with_two_records_is_there_while_one_of_them_is() -> None:
    roster = {"a": Listed("a", until="2026-11-01"), "a2": Listed("a")}
    assert found(went("a"), OUT, roster=roster) == []


def test_going_out_accuses_nobody() -> None:
    assert found(went("x", "06:00", "out")) == []


def test_each_way_in_is_measured_again() -> None:
    twice = (went("a", "07:00"), went("a", "12:00", "out"), went("a", "13:00", has_celsius=False), OUT)
    assert found(*twice) == [("not_measured_in", {"count": 1, "passes": 2})]
    assert found(*twice, readings=(seen("a", "12:31"),)) == []
    assert found(*twice, readings=(seen("a", "12:29"),)) != []
    assert found(*twice, readings=(seen("a", "13:30"),)) == []
    assert found(*twice, readings=(seen("a", "13:31"),)) != []
    assert found(*twice, readings=(seen("a", "10:00", spread_ms=2 * HOUR_MS + 31 * MINUTE_MS),)) == []


def test_nobody_stays_inside_for_a_day_unless_they_live_there() -> None:
    back = went("a", "08:00", day=NEXT)
    assert found(went("a"), back) == [("inside_long", {"people": 1, "hours": 24})]
    assert found(went("a"), went("a", "06:59", "out", NEXT)) == []
    assert found(went("a")) == [("inside_long", {"people": 1, "hours": 24})]
    assert found(went("a"), through_ms=instant_ms(NEXT, "07:00")) == [], "may still be seen"
    assert found(went("a"), roster={"a": Listed("a", lives_here=True)}) == []


def test_few_masks_are_found_from_enough_passes_on() -> None:
    masks = [went(f"w{n}", mask_worn=n > 0) for n in range(5)]
    outs = [went(f"w{n}", "18:00", "out") for n in range(5)]
    roster = {one.worker: Listed(one.worker) for one in masks}
    (only,) = found(*masks, *outs, roster=roster)
    assert only == ("few_masks", {"worn": 4, "passes": 5, "share": 80, "least": 90})
    assert found(*masks[:4], *outs, roster=roster) == []
    assert mask_share([*masks, went("a")]) == (4, 5), "what nobody said is no mask and no lack of one"


def test_heads_are_counted_by_people_and_not_by_passes() -> None:
    roster = {**ROSTER, "r": Listed("r", lives_here=True), "gone": Listed("gone", "2026-11-01", True)}
    passes = [went("a", "06:10"), went("a", "06:20"), went("b", "07:30"), went("r", "08:10", "out"), OUT]
    visitors = [Group(True, instant_ms(DAY, "07:40"), 12), Group(False, instant_ms(DAY, "09:00"), 2)]
    hours = head_counts(AtGate(passes, (), roster), visitors, DAY, LATE)
    assert [(one.workers, one.visitors) for one in hours[5:10]] == [(1, 0), (2, 0), (3, 12), (2, 12), (2, 10)]
    assert (hours[-1].hour, hours[-1].workers) == (23, 1)
    assert [(one.in_, one.out) for one in hours[6:9]] == [(2, 0), (13, 0), (0, 1)]


def test_vehicles_are_counted_by_plate_and_by_their_last_pass() -> None:
    def drove(plate: str, time: str, is_in: bool) -> VehiclePass:
        return VehiclePass(plate, is_in, instant_ms(DAY, time))

    passes = [drove("豫G1", "06:10", True), drove("豫G1", "06:40", True), drove("豫G2", "07:10", True)]
    passes += [drove("豫G1", "08:20", False), drove("豫G3", "08:30", False)]
    hours = head_counts(AtGate((), (), {}), [], DAY, LATE, passes)
    assert [one.vehicles for one in hours[5:10]] == [0, 1, 2, 1, 1]
    known = head_counts(AtGate((), (), {}), [], DAY, instant_ms(DAY, "08:10"), passes)
    assert known[-1].vehicles == 2, "what is not complete yet is not counted"


def test_what_is_not_synced_yet_is_not_counted() -> None:
    found = AtGate([went("a", "06:10"), went("b", "09:10")], (), ROSTER)
    until_ms = instant_ms(DAY, "08:30")
    hours = head_counts(found, [], DAY, until_ms)
    assert (len(hours), hours[-1].hour, hours[-1].workers) == (9, 8, 1)
    assert head_counts(found, [], DAY, midnight_ms(DAY)) == []


PASSES = st.lists(
    st.tuples(st.sampled_from("abcxy"), st.booleans(), st.integers(0, 23), st.integers(0, 59)), max_size=30
)


@given(PASSES)
def test_nobody_is_counted_twice_and_everybody_who_went_in_last_is_inside(
    made: list[tuple[str, bool, int, int]],
) -> None:
    passes = [
        went(who, f"{hour:02}:{minute:02}", "in" if is_in else "out") for who, is_in, hour, minute in made
    ]
    hours = head_counts(AtGate(passes, (), ROSTER), [], DAY, LATE)
    last = {one.person: one.is_in for one in sorted(passes, key=lambda one: one.at_ms)}
    assert hours[-1].workers == sum(last.values())
    assert all(0 <= one.workers <= 5 for one in hours)
    assert sum(one.in_ for one in hours) == sum(one.is_in for one in passes)
