"""Holes, repeats of pushes and any order of delivery lead to one and the same stream."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.stream import (
    MAX_ISLANDS,
    Link,
    Stream,
    beyond_limit,
    extend,
    from_json,
    highest,
    missing,
    to_json,
)
from tests.sync_protocol.cases import chain

arrivals = st.integers(1, 25).flatmap(lambda n: st.lists(st.sampled_from(chain(n)), unique=True))


@given(arrivals, st.data())
def test_the_order_and_the_cutting_of_deliveries_do_not_matter(
    links: list[Link], data: st.DataObject
) -> None:
    stream, left = Stream(), list(links)
    while left:
        take = data.draw(st.integers(1, len(left)))
        stream, left = from_json(to_json(extend(stream, left[:take]))), left[take:]
    assert stream == extend(Stream(), links)
    assert not stream.forked


@given(arrivals)
def test_a_stream_says_what_a_set_of_numbers_would_say(links: list[Link]) -> None:
    stream = extend(Stream(), links)
    held = {link.n: link.hash for link in links}
    top = max(held, default=0)
    assert highest(stream) == (top, held.get(top, ""))
    assert missing(stream) == [n for n in range(1, top) if n not in held]
    assert missing(stream, limit=3) == missing(stream)[:3]
    assert all(island.prev == f"h{island.lo - 1}" for island in stream.islands)


def test_a_hole_as_wide_as_numbers_go_costs_nothing() -> None:
    far = extend(Stream(), [Link(2**53 - 1, "x", "y")])
    assert missing(far, limit=2) == [1, 2]
    assert len(missing(far)) == 500


def scattered() -> Stream:
    """A stream with as many islands as are taken: every second number from 3 on."""
    return extend(Stream(), [link for link in chain(2 * MAX_ISLANDS + 1) if link.n % 2 == 1 and link.n > 1])


def test_an_island_too_many_is_left_out() -> None:
    stream = scattered()
    assert len(stream.islands) == MAX_ISLANDS
    far = Link(9999, "h9998", "h9999")
    assert beyond_limit(stream, [far]) == [far]


def test_what_heals_a_stream_full_of_holes_is_always_taken() -> None:
    stream = scattered()
    healing = [link for link in chain(2 * MAX_ISLANDS + 2) if link.n % 2 == 0 or link.n == 1]
    assert beyond_limit(stream, healing) == []
    assert extend(stream, healing) == Stream(2 * MAX_ISLANDS + 2, f"h{2 * MAX_ISLANDS + 2}")


def test_holes_that_close_in_the_same_push_make_room_for_new_ones() -> None:
    far = Link(9999, "h9998", "h9999")
    assert beyond_limit(scattered(), [*chain(2)[:2], far]) == []
