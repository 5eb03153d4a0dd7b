"""What is planned for a kind of place is asked of each place of that kind, while it is in use."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.rules.calendar import DAY_MS
from server.rules.duties.place_windows import at_places
from server.rules.duties.windows import PlannedWindow
from sync_protocol.places import Place
from tests.server.rules.cast import at, planned

LOGS = frozenset({"DISINFECT"})
DAY = "2021-12-06"


def dormitory(number: int, from_ms: int = 0, to_ms: int | None = None) -> Place:
    return Place(f"d{number}", "dormitory", ((f"{number}号楼", from_ms),), from_ms, to_ms)


def asked(*places: Place) -> list[PlannedWindow]:
    kinds = tuple(sorted({place.kind for place in places}))
    return list(at_places(planned(DAY, places=kinds), places, LOGS))


def shown(*places: Place) -> list[tuple[str, str, str | None]]:
    return [(one.place_id, one.slot, one.excused) for one in asked(*places) if one.duty == "DISINFECT"]


def test_two_dormitories_are_two_windows_of_each_slot() -> None:
    assert sorted(shown(dormitory(1), dormitory(2))) == [
        (place, slot, None) for place in ("d1", "d2") for slot in ("afternoon", "morning")
    ]
    keys = [one.key for one in asked(dormitory(1), dormitory(2))]
    assert len(set(keys)) == len(keys)


def test_a_duty_that_counts_people_asks_once_for_all_places_of_a_kind() -> None:
    two = [Place(f"c{number}", "canteen", ((f"{number}食堂", 0),)) for number in (1, 2)]
    windows = list(at_places(planned("2022-01-05", places=("canteen",)), two, LOGS))
    measured = [one for one in windows if one.duty == "TEMP-CANTEEN"]
    assert measured and {one.place_id for one in measured} == {""}
    assert len({one.slot for one in measured}) == len(measured)


def test_a_place_that_was_added_at_noon_owes_nothing_for_the_morning() -> None:
    noon_ms = at("12:00", DAY)
    assert shown(dormitory(1, from_ms=noon_ms)) == [("d1", "afternoon", None)]


def test_a_place_that_was_closed_at_ten_is_excused_from_the_morning_that_was_not_over() -> None:
    assert shown(dormitory(1, to_ms=at("10:00", DAY)), dormitory(2)) == [
        ("d1", "morning", "place_closed"),
        ("d2", "morning", None),
        ("d1", "afternoon", "place_closed"),
        ("d2", "afternoon", None),
    ]


def test_a_place_counts_until_it_is_closed() -> None:
    """The morning's deadline is 12:30."""
    assert shown(dormitory(1, to_ms=at("12:30", DAY)))[0] == ("d1", "morning", None)
    assert shown(dormitory(1, to_ms=at("12:29", DAY)))[0] == ("d1", "morning", "place_closed")


def test_what_is_asked_once_of_a_kind_is_asked_while_one_of_them_is_in_use() -> None:
    ten_ms = at("10:00", "2022-01-05")
    closed = Place("c1", "canteen", (("一食堂", 0),), 0, ten_ms)
    still = Place("c2", "canteen", (("二食堂", 0),))
    kinds = planned("2022-01-05", places=("canteen",))
    for places, excused in ([closed, still], {None}), ([closed], {None, "place_closed"}):
        found = [one for one in at_places(kinds, places, LOGS) if one.duty == "TEMP-CANTEEN"]
        assert {one.excused for one in found} == excused


@given(st.lists(st.tuples(st.integers(-2, 2), st.none() | st.integers(-2, 3)), max_size=4))
def test_no_place_is_asked_for_a_window_that_it_was_not_there_for(
    spans: list[tuple[int, int | None]],
) -> None:
    noon_ms = at("12:00", DAY)
    places = [
        dormitory(number, noon_ms + start * DAY_MS // 4, None if end is None else noon_ms + end * DAY_MS // 4)
        for number, (start, end) in enumerate(spans)
    ]
    by_id = {place.id: place for place in places}
    found = [one for one in asked(*places) if one.duty == "DISINFECT"]
    for one in found:
        place = by_id[one.place_id]
        assert place.from_ms <= one.opens_ms
        is_whole = place.to_ms is None or one.deadline_ms <= place.to_ms
        assert (one.excused is None) == is_whole
    slots = {one.slot: one for one in planned(DAY, places=("dormitory",)) if one.duty == "DISINFECT"}
    owed = {
        (place.id, slot)
        for place in places
        for slot, one in slots.items()
        if place.from_ms <= one.opens_ms and (place.to_ms is None or place.to_ms >= one.deadline_ms)
    }
    assert {(one.place_id, one.slot) for one in found if one.excused is None} == owed
