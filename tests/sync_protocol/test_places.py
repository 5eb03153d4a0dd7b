"""Which place an entry means that says only a kind and perhaps a name."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.places import Place, places_meant
from tests.sync_protocol.cases import vectors

KINDS, NAMES = ("dormitory", "canteen"), ("一号楼", "二号楼", "食堂")
CASES = vectors("places.json")["cases"]
instants = st.integers(0, 20)


def _place(place: dict[str, Any]) -> Place:
    names = tuple((name, since_ms) for name, since_ms in place["names"])
    return Place(place["id"], place["kind"], names, place["from"], place["to"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_an_entry_means_the_places_that_the_vectors_say(case: dict[str, Any]) -> None:
    places = [_place(place) for place in case["places"]]
    said = case["body"]
    meant = places_meant(places, said["place"], said.get("place_name"), case["earliest"], case["latest"])
    assert list(meant) == case["means"]


@st.composite
def sites(draw: st.DrawFn) -> list[Place]:
    found = []
    for number in range(draw(st.integers(0, 4))):
        since = draw(instants)
        later = sorted(draw(st.lists(st.integers(since, 20), max_size=2)))
        names = [(draw(st.sampled_from(NAMES)), at) for at in (since, *later)]
        to_ms = draw(st.none() | st.integers(since, 30))
        found.append(Place(f"p{number}", draw(st.sampled_from(KINDS)), tuple(names), since, to_ms))
    return found


written = st.tuples(instants, instants).map(lambda both: (min(both), max(both)))
names = st.none() | st.sampled_from(NAMES)


@given(sites(), st.sampled_from(KINDS), names, written)
def test_only_places_of_the_kind_are_meant_and_one_at_least_if_there_is_any(
    places: list[Place], kind: str, name: str | None, when: tuple[int, int]
) -> None:
    of_kind = {place.id for place in places if place.kind == kind}
    meant = places_meant(places, kind, name, *when)
    assert set(meant) <= of_kind and bool(meant) == bool(of_kind)


@given(sites(), st.sampled_from(KINDS), names, written, st.data())
def test_what_is_changed_afterwards_does_not_alter_what_an_entry_meant(
    places: list[Place], kind: str, name: str | None, when: tuple[int, int], data: st.DataObject
) -> None:
    """All that is added, renamed or closed after an entry was received, which is after it was written."""
    then = [place for place in places if place.from_ms <= when[1]]
    if not any(place.kind == kind for place in then):
        return  # what nothing was there for may come to mean what is added
    before = places_meant(then, kind, name, *when)
    later = when[1] + 1
    changed = []
    for place in then:
        if data.draw(st.booleans()):
            place = place._replace(names=(*place.names, (data.draw(st.sampled_from(NAMES)), later)))
        if data.draw(st.booleans()) and (place.to_ms is None or place.to_ms >= later):
            place = place._replace(to_ms=later)
        changed.append(place)
    added = Place("new", kind, ((data.draw(st.sampled_from(NAMES)), later),), later)
    assert places_meant([*changed, added], kind, name, *when) == before
