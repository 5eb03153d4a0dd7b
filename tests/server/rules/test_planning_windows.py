"""Which windows a site has on one local date."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from server.rules.calendar import DAY_MS, Holidays, add_days
from server.rules.duties.windows import (
    DutyRule,
    PlannedWindow,
    SiteProfile,
    Slot,
    Suspension,
    plan,
    problems_of,
)
from tests.server.rules.cast import (
    ALL_PLACES,
    DUTIES,
    HOLIDAYS,
    MONDAY,
    NOON_SUSPENSION,
    SATURDAY,
    SITE,
    at,
    find,
    planned,
)

NIGHT = Slot("night", "22:00", "02:00", 1800)
WATCH = DutyRule("WATCH", "normal", "log", "watch_log", (NIGHT,), site_kinds=("construction",))


def test_a_working_day_asks_for_everything() -> None:
    windows = planned("2022-01-05")
    asked = [(window.duty, window.place, window.slot) for window in windows]
    assert len([one for one in asked if one[0] == "DISINFECT"]) == 10  # two a day in five kinds of places
    assert [one for one in asked if one[0] == "TEMP"] == [
        ("TEMP", "", "before_work"),
        ("TEMP", "", "after_work"),
    ]
    assert [slot for duty, _, slot in asked if duty == "TEMP-CANTEEN"] == [
        "before_work",
        "meal",
        "after_work",
    ]
    assert all(window.excused is None for window in windows)


def test_a_duty_that_is_planned_makes_no_window() -> None:
    daily = {"TEMP", "TEMP-CANTEEN", "CAMERA", "TRAVEL", "DISINFECT", "VENTILATE", "CLEAN", "GUARD"}
    assert {window.duty for window in planned("2022-01-05")} == daily


def test_only_places_that_the_site_has_are_asked_for() -> None:
    places = {window.place for window in planned(places=("toilet",))}
    assert places == {"", "toilet"}


def test_a_raised_alert_asks_for_three_disinfections() -> None:
    raised = planned("2022-01-05", alert="raised", places=("toilet",))
    assert [one.slot for one in raised if one.duty == "DISINFECT"] == ["morning", "afternoon", "evening"]
    assert [one.slot for one in raised if one.duty == "TEMP"] == ["before_work", "after_work"]


def test_a_window_closes_when_the_next_one_opens() -> None:
    windows = planned()
    before, after = find(windows, "TEMP", "before_work"), find(windows, "TEMP", "after_work")
    assert (before.opens_ms, before.due_ms, before.deadline_ms) == (at("05:30"), at("08:30"), at("09:00"))
    assert before.closes_ms == after.opens_ms == at("16:30")
    assert after.closes_ms == at("05:30", "2021-12-07")


def test_a_midnight_shift_belongs_to_the_date_on_which_it_began() -> None:
    (window,) = plan(SITE, [WATCH], HOLIDAYS, MONDAY)
    assert (window.local_date, window.opens_ms) == (MONDAY, at("22:00"))
    assert (window.due_ms, window.deadline_ms) == (at("02:00", "2021-12-07"), at("02:30", "2021-12-07"))
    assert window.closes_ms == at("22:00", "2021-12-07")


def test_night_slots_are_asked_only_where_people_work_at_night() -> None:
    assert not [window for window in planned() if window.slot == "night"]
    night = find(planned(night_shift=True), "DISINFECT", "night", "toilet")
    assert (night.local_date, night.due_ms) == (MONDAY, at("02:00", "2021-12-07"))


def test_a_rule_that_changes_mid_window_leaves_the_open_window_alone() -> None:
    tuesday = "2021-12-07"
    old = replace(WATCH, valid_to=tuesday)
    new = replace(WATCH, slots=(Slot("night", "21:00", "23:00", 0),), valid_from=tuesday)
    (before,) = plan(SITE, [old, new], HOLIDAYS, MONDAY)
    (after,) = plan(SITE, [old, new], HOLIDAYS, tuesday)
    assert before.due_ms == at("02:00", tuesday)  # opened on Monday, though the rule ended at midnight
    assert before.closes_ms == after.opens_ms == at("21:00", tuesday)
    assert after.due_ms == at("23:00", tuesday)


def test_a_new_rule_that_begins_early_waits_for_the_open_window() -> None:
    tuesday = "2021-12-07"
    old = replace(WATCH, valid_to=tuesday)
    new = replace(WATCH, slots=(Slot("early", "01:00", "06:00", 0),), valid_from=tuesday)
    (before,) = plan(SITE, [old, new], HOLIDAYS, MONDAY)
    (after,) = plan(SITE, [old, new], HOLIDAYS, tuesday)
    assert before.closes_ms == before.deadline_ms == after.opens_ms == at("02:30", tuesday)


def test_a_slot_that_lies_within_the_window_of_the_old_rule_is_not_asked() -> None:
    tuesday = "2021-12-07"
    old = replace(WATCH, valid_to=tuesday)
    new = replace(WATCH, slots=(Slot("early", "01:00", "02:00", 0),), valid_from=tuesday)
    assert plan(SITE, [old, new], HOLIDAYS, tuesday) == []


def test_a_suspension_at_noon_excuses_what_opens_after_it_and_nothing_before() -> None:
    windows = planned(suspensions=(NOON_SUSPENSION,))
    assert find(windows, "TEMP", "before_work").excused is None
    assert find(windows, "DISINFECT", "morning", "rest_room").excused is None  # open at noon: stays due
    assert find(windows, "TEMP", "after_work").excused == "suspended: 质安科王某, 大风"
    assert find(windows, "DISINFECT", "afternoon", "rest_room").excused == "suspended: 质安科王某, 大风"


def test_where_people_live_duties_go_on_under_a_suspension() -> None:
    lived_in = planned(suspensions=(NOON_SUSPENSION,))
    assert find(lived_in, "DISINFECT", "afternoon", "dormitory").excused is None
    assert find(lived_in, "DISINFECT", "afternoon", "canteen").excused is None
    empty = planned(suspensions=(NOON_SUSPENSION,), inhabited=False)
    assert find(empty, "DISINFECT", "afternoon", "dormitory").excused is not None


def test_a_suspension_that_ends_lets_the_next_window_be_due() -> None:
    ended = replace(NOON_SUSPENSION, to_ms=at("16:00"))
    windows = planned(suspensions=(ended,))
    assert find(windows, "DISINFECT", "afternoon", "rest_room").excused is not None
    assert find(windows, "TEMP", "after_work").excused is None


def test_a_stopped_site_without_a_suspension_says_so() -> None:
    windows = planned(stage="stopped")
    assert find(windows, "TEMP", "before_work").excused == "stopped"
    assert find(windows, "DISINFECT", "morning", "toilet").excused is None


def test_nothing_is_asked_before_work_begins_and_after_it_is_complete() -> None:
    assert planned(stage="preparing") == planned(stage="completed") == []
    assert planned(kind="park") == []


def test_a_rest_day_excuses_work_and_not_the_dormitory() -> None:
    windows = planned(SATURDAY)
    assert find(windows, "TEMP", "before_work").excused == "rest_day"
    assert find(windows, "DISINFECT", "morning", "dormitory").excused is None
    assert find(planned(SATURDAY, rests="never"), "TEMP", "before_work").excused is None
    assert find(planned(SATURDAY, rests="holidays"), "TEMP", "before_work").excused is None
    assert find(planned("2022-02-02", rests="holidays"), "TEMP", "before_work").excused == "rest_day"


def test_a_make_up_working_day_is_a_working_day() -> None:
    assert find(planned("2022-01-29"), "TEMP", "before_work").excused is None  # a Saturday


def test_a_holiday_added_afterwards_keeps_the_keys() -> None:
    added = Holidays(HOLIDAYS.days_off | {MONDAY}, HOLIDAYS.make_up)
    before, after = plan(SITE, DUTIES, HOLIDAYS, MONDAY), plan(SITE, DUTIES, added, MONDAY)
    assert [window.key for window in before] == [window.key for window in after]
    assert find(after, "TEMP", "before_work").excused == "rest_day"


def test_rules_that_would_overlap_are_kept_apart() -> None:
    assert problems_of(WATCH) == []
    late = replace(WATCH, slots=(Slot("a", "06:00", "12:00", 1800), Slot("b", "12:00", "20:00")))
    assert len(problems_of(late)) == 1
    twice = replace(WATCH, slots=(Slot("a", "06:00", "08:00"), Slot("a", "09:00", "10:00")))
    assert len(problems_of(twice)) == 1
    into_next_day = replace(WATCH, slots=(Slot("a", "06:00", "08:00"), Slot("b", "22:00", "06:30")))
    assert len(problems_of(into_next_day)) == 1


def _time(minutes: int) -> str:
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"


@st.composite
def slots(draw: st.DrawFn) -> tuple[Slot, ...]:
    """Any slots, also malformed ones: planning must not trust them."""
    found = []
    for code in range(draw(st.integers(1, 4))):
        opens, length = draw(st.integers(0, 1439)), draw(st.integers(1, 1439))
        grace_s = draw(st.sampled_from([0, 600, 1800, 7200]))
        found.append(Slot(str(code), _time(opens), _time(opens + length), grace_s))
    return tuple(found)


PROFILES = st.builds(
    SiteProfile,
    site_id=st.just(SITE.site_id),
    kind=st.just("construction"),
    stage=st.sampled_from(["building", "stopped"]),
    inhabited=st.booleans(),
    places=st.sets(st.sampled_from(ALL_PLACES)).map(lambda found: tuple(sorted(found))),
    alert=st.sampled_from(["normal", "raised"]),
    suspensions=st.lists(
        st.builds(
            lambda start, hours: Suspension(start, start + hours * 3_600_000, "质安科王某", "大风"),
            st.integers(at("00:00", SATURDAY), at("00:00", SATURDAY) + 5 * DAY_MS),
            st.integers(0, 100),
        ),
        max_size=2,
    ).map(tuple),
    night_shift=st.booleans(),
    rests=st.sampled_from(["official", "holidays", "never"]),
)


@st.composite
def rules(draw: st.DrawFn) -> list[DutyRule]:
    """Versions of one duty, one after the other, at both alert levels."""
    change = add_days(SATURDAY, draw(st.integers(0, 4)))
    places = draw(st.sampled_from([(), ("dormitory", "toilet")]))
    return [
        DutyRule(
            *("ANY", level, "log", "any_log", draw(slots()), places),
            site_kinds=("construction",),
            valid_from=start,
            valid_to=end,
        )
        for level in draw(st.sampled_from([("normal",), ("normal", "raised")]))
        for start, end in (("", change), (change, None))
    ]


@given(PROFILES, rules(), st.integers(0, 4))
def test_planning_twice_yields_the_same_keys(profile: SiteProfile, duties: list[DutyRule], day: int) -> None:
    local_date = add_days(SATURDAY, day)
    once, twice = (plan(profile, found, HOLIDAYS, local_date) for found in (duties, duties[::-1]))
    assert once == twice
    assert len({window.key for window in once}) == len(once)
    assert {window.local_date for window in once} <= {local_date}


def test_a_window_that_tomorrow_does_not_follow_closes_before_the_day_after() -> None:
    change = add_days(MONDAY, 1)
    long = (
        Slot("0", "00:02", "00:01", 0),
        Slot("1", "00:03", "00:02", 0),
    )  # to after tomorrow's only slot is due
    before = replace(WATCH, slots=long, valid_to=change)
    after = replace(WATCH, slots=(Slot("0", "00:00", "00:01", 0),), valid_from=change)
    days = [plan(SITE, (before, after), HOLIDAYS, add_days(MONDAY, day)) for day in range(3)]
    assert [len(windows) for windows in days] == [2, 0, 1]
    assert days[0][-1].closes_ms == days[2][0].opens_ms


@given(PROFILES, rules())
def test_windows_of_one_duty_and_place_never_overlap(profile: SiteProfile, duties: list[DutyRule]) -> None:
    windows = [
        window for day in range(-1, 5) for window in plan(profile, duties, HOLIDAYS, add_days(SATURDAY, day))
    ]
    by_place: dict[str, list[PlannedWindow]] = {}
    for window in sorted(windows, key=lambda window: window.opens_ms):
        by_place.setdefault(window.place, []).append(window)
    for found in by_place.values():
        assert all(one.opens_ms < one.due_ms <= one.deadline_ms <= one.closes_ms for one in found)
        assert all(one.closes_ms <= following.opens_ms for one, following in pairwise(found))
