"""The order in which several places are gone to, and how far they lie apart."""

from __future__ import annotations

from itertools import pairwise, permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from server.rules.route import route
from server.rules.signals import metres_between

SPOTS = {"a": (35.30, 113.90), "b": (35.31, 113.90), "c": (35.32, 113.90), "d": (35.33, 113.90)}
degrees = st.tuples(st.floats(34.9, 35.7), st.floats(113.4, 114.9))


def test_places_in_a_line_are_gone_to_one_after_the_other() -> None:
    order = route("a", {name: SPOTS[name] for name in ("d", "b", "a", "c")})
    assert [name for name, _ in order] == ["a", "b", "c", "d"]
    assert order[0][1] == 0
    assert all(1_100 < metres < 1_125 for _, metres in order[1:])


def test_whoever_starts_in_the_middle_turns_back_once() -> None:
    names = [name for name, _ in route("b", SPOTS)]
    assert names in (["b", "a", "c", "d"], ["b", "c", "d", "a"])


def test_one_place_is_no_way() -> None:
    assert route("a", {"a": SPOTS["a"]}) == [("a", 0.0)]


@settings(max_examples=60, deadline=None)
@given(st.lists(degrees, min_size=1, max_size=6))
def test_each_place_is_gone_to_once_and_no_stretch_is_better_backwards(
    places: list[tuple[float, float]],
) -> None:
    spots = {str(number): place for number, place in enumerate(places)}
    order = route("0", spots)
    names = [name for name, _ in order]
    assert names[0] == "0" and sorted(names) == sorted(spots)
    far = [metres_between(spots[one], spots[other]) for one, other in pairwise(names)]
    assert [metres for _, metres in order] == [0.0, *far]
    best = min(
        sum(metres_between(spots[one], spots[other]) for one, other in pairwise(("0", *rest)))
        for rest in permutations(names[1:])
    )
    assert sum(far) <= 2 * best + 10
