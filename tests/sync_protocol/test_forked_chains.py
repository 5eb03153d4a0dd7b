"""Two entries at one number, or a prev that does not match: kept, marked, never repaired."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync_protocol.stream import Link, Stream, extend, highest
from tests.sync_protocol.cases import chain


@given(st.permutations(chain(8)), st.integers(2, 8))
def test_one_prev_that_does_not_match_is_found_in_any_order(links: list[Link], wrong: int) -> None:
    changed = [Link(link.n, "other", link.hash) if link.n == wrong else link for link in links]
    stream = Stream()
    for link in changed:
        stream = extend(stream, [link])
    assert stream == Stream(8, "h8", (), forked=True)


@given(st.integers(1, 8), st.booleans())
def test_a_number_that_is_taken_keeps_its_first_entry(n: int, holed: bool) -> None:
    before = extend(Stream(), chain(8)[3 if holed else 0 :])
    after = extend(before, [Link(n, "x", "y")])
    held = not holed or n > 3
    assert after.forked == held or n in (1, 3)  # 1 names one before it; 3 does not fit the island above
    assert highest(after) == (8, "h8")


def test_two_of_one_number_in_one_push_are_a_fork() -> None:
    assert extend(Stream(), [*chain(2), Link(2, "h1", "other")]).forked


def test_a_fork_stays_when_the_rest_fits() -> None:
    forked = extend(Stream(), [Link(1, "x", "h1")])
    assert extend(forked, chain(3)[1:]) == Stream(3, "h3", (), forked=True)


def test_a_hole_is_no_fork() -> None:
    assert not extend(Stream(), [chain(9)[8], chain(9)[3]]).forked
