"""What a book of supplies says, in whatever order its lines are read, and however little is known of their times."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from server.rules.calendar import DAY_MS
from server.rules.duties.judge import NOT_DONE
from server.rules.duties.matching import Candidate, Fact
from server.rules.duties.stock import MOVEMENTS, Movement, StockAsked, match_stock

HOUR_MS = 3_600_000
END_MS = 40 * DAY_MS
WINDOW = Candidate(END_MS - 7 * DAY_MS, END_MS, END_MS, END_MS)
ASKED = StockAsked(("mask",), 7, 14, names={"mask": "口罩"})

INSTANT = st.integers(0, 40 * 24).map(lambda hours: hours * HOUR_MS)
LINES = st.lists(
    st.tuples(
        st.sampled_from(MOVEMENTS), st.integers(0, 60), INSTANT, st.integers(0, 60), st.integers(0, 60)
    ),
    max_size=9,
)
Lines = list[tuple[str, int, int, int, int]]


def book(lines: Lines, is_exact: bool) -> list[Movement]:
    """Its lines, each at its time, or within hours around that."""
    found = []
    for number, (what, amount, at_ms, before_h, after_h) in enumerate(lines):
        lo, hi = at_ms - before_h * HOUR_MS, at_ms + after_h * HOUR_MS
        span = (at_ms, at_ms) if is_exact else (lo, hi)
        found.append(Movement("mask", what, amount, Fact(f"{number:02}", *span)))
    return found


def is_accused(movements: list[Movement]) -> bool:
    evidence = match_stock(movements, WINDOW, ASKED).evidence
    return evidence.fulfilled == "none"


@given(lines=LINES, seed=st.integers(0, 99))
def test_the_order_in_which_lines_are_read_makes_no_difference(lines: Lines, seed: int) -> None:
    in_order = book(lines, is_exact=False)
    mixed = random.Random(seed).sample(in_order, len(in_order))
    assert match_stock(mixed, WINDOW, ASKED) == match_stock(in_order, WINDOW, ASKED)


@given(lines=LINES)
def test_who_has_enough_is_never_accused_because_times_are_uncertain(lines: Lines) -> None:
    if not is_accused(book(lines, is_exact=True)):
        assert not is_accused(book(lines, is_exact=False))


@given(lines=LINES, amount=st.integers(1, 100))
def test_what_is_kept_and_not_applied_may_be_what_is_missing(lines: Lines, amount: int) -> None:
    kept = Movement("mask", "received", None, Fact("kept", END_MS - DAY_MS, END_MS - DAY_MS, kept=True))
    assert not is_accused([*book(lines, is_exact=True), kept])


@given(lines=LINES)
def test_a_lack_says_what_it_is(lines: Lines) -> None:
    evidence = match_stock(book(lines, is_exact=True), WINDOW, ASKED).evidence
    assert evidence.fulfilled != "none" or evidence.lack != NOT_DONE
    assert (evidence.need is None) == (not evidence.lack.startswith("not_satisfied"))


def test_a_receipt_that_may_have_come_after_the_count_leaves_it_open() -> None:
    counted_ms = END_MS - 2 * DAY_MS
    lines: Lines = [
        ("issued", 14, END_MS - 5 * DAY_MS, 0, 0),
        ("counted", 3, counted_ms, 0, 0),
        ("received", 10, counted_ms - HOUR_MS, 1, 0),
    ]
    assert is_accused(book(lines, is_exact=False))
    lines[-1] = ("received", 10, counted_ms - HOUR_MS, 2, 3)
    found = match_stock(book(lines, is_exact=False), WINDOW, ASKED).evidence
    assert (found.fulfilled, found.why) in [("uncertain", "time_uncertain"), ("timely", None)]
