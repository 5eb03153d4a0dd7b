"""Whoever is new brings a negative test, taken shortly before the first way in; nobody else is asked for one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.rules.calendar import HOUR_MS, add_days, instant_ms, midnight_ms
from server.rules.gate import AtGate, GateLimits, gate_signals
from server.rules.newcomers import Entry, Newcomer, Sample, Stay, has_test, new_since

DAY = "2026-11-23"
FIRST_MS = instant_ms(DAY, "07:00")
WITHIN_MS = 48 * HOUR_MS
LATE_MS = midnight_ms(add_days(DAY, 5))


def came(*at_ms: int, samples: tuple[Sample, ...] = (), since: str = DAY) -> Newcomer:
    return Newcomer(since, [Entry(one, one, one) for one in at_ms or (FIRST_MS,)], samples)


def found(*newcomers: Newcomer, day: str = DAY, asked: bool = True) -> list[dict[str, object]]:
    limits = GateLimits(0, HOUR_MS, 5, 0.9, {day: WITHIN_MS} if asked else {}, 7)
    at_gate = AtGate((), (), {}, newcomers)
    return [dict(one.figures) for one in gate_signals(at_gate, limits, [day], LATE_MS)]


def negative(hours_before: float) -> Sample:
    return Sample(FIRST_MS - round(hours_before * HOUR_MS), True)


def test_a_newcomer_without_a_test_is_found_and_one_with_a_test_is_not() -> None:
    assert found(came()) == [{"people": 1, "new": 1, "hours": 48}]
    assert found(came(), came(samples=(negative(10),))) == [{"people": 1, "new": 2, "hours": 48}]
    assert found(came(samples=(negative(10),))) == []


def test_a_test_counts_for_48_hours_before_the_first_way_in_and_not_after_it() -> None:
    for hours, is_there in ((48, True), (48.001, False), (0, True), (-0.001, False)):
        assert has_test(came(samples=(negative(hours),)), WITHIN_MS) is is_there, hours


def test_a_positive_or_pending_result_is_no_negative_one() -> None:
    assert found(came(samples=(Sample(FIRST_MS - HOUR_MS, False),))) != []


def test_where_the_time_of_the_first_way_in_is_uncertain_what_may_be_in_time_is() -> None:
    entry = Entry(FIRST_MS, FIRST_MS - 2 * HOUR_MS, FIRST_MS + 2 * HOUR_MS)
    for hours, is_there in ((50, True), (50.1, False), (-2, True), (-2.1, False)):
        assert has_test(Newcomer(DAY, [entry], [negative(hours)]), WITHIN_MS) is is_there, hours


def test_only_the_first_way_in_asks_and_only_soon_after_the_roster_s_date() -> None:
    again = came(FIRST_MS, instant_ms(add_days(DAY, 1), "07:00"))
    assert found(again, day=add_days(DAY, 1)) == [], "it was asked the day before"
    assert found(came(since=add_days(DAY, -7))) != []
    assert found(came(since=add_days(DAY, -8))) == [], "on the roster for long, and so not new"
    assert found(Newcomer(DAY, [], [])) == [], "nobody is asked who has not come"


def test_on_a_day_without_the_rule_nobody_is_asked() -> None:
    assert found(came(), asked=False) == []


def test_who_comes_back_after_an_end_is_new_and_who_gets_a_second_record_is_not() -> None:
    assert new_since([Stay("2026-11-01")], DAY) == "2026-11-01"
    assert new_since([Stay("2026-11-01", "2026-11-10"), Stay("2026-11-20")], DAY) == "2026-11-20"
    assert new_since([Stay("2026-11-01", "2026-11-19"), Stay("2026-11-20")], DAY) == "2026-11-01"
    assert new_since([Stay("2026-11-01"), Stay("2026-11-20")], DAY) == "2026-11-01"
    assert new_since([Stay(add_days(DAY, 1))], DAY) is None
    assert new_since([Stay("")], DAY) is None


DAYS = st.integers(0, 30).map(lambda number: add_days("2026-11-01", number))
STAYS = st.lists(st.builds(Stay, DAYS, st.none() | DAYS), max_size=5)


@given(STAYS, DAYS)
def test_a_new_day_is_one_of_the_roster_s_and_nobody_was_there_the_day_before(
    stays: list[Stay], day: str
) -> None:
    since = new_since(stays, day)
    if since is None:
        assert not any(stay.since <= day and stay.until is None for stay in stays)
        return
    before = add_days(since, -1)
    assert since <= day and since in {stay.since for stay in stays}
    assert not any(stay.since <= before and (stay.until is None or stay.until >= before) for stay in stays)
