"""How much one transaction takes on SQLite follows how long others had to wait for the last."""

from __future__ import annotations

import math

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from server.base.db import alone
from server.workflows import shares
from server.workflows.shares import ON_POSTGRESQL, ON_SQLITE, Pace


class _Work:
    """A clock on which sites take as long as they are said to."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def perf_counter(self) -> float:
        return self.now_s


def _longest_s(site_s: list[float]) -> tuple[float, int]:
    """The longest transaction over these sites, and how many there were."""
    work, longest, count, left = _Work(), 0.0, 0, list(site_s)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shares, "time", work)
        patch.setattr(shares, "whole_share", lambda: ON_SQLITE)
        pace = Pace()
        while left:
            began_s = work.now_s
            with pace.next_share() as share:
                work.now_s += sum(left[: share.sites])
                left = left[share.sites :]
            longest, count = max(longest, work.now_s - began_s), count + 1
    return longest, count


@given(st.floats(0.0001, 0.5), st.integers(1, 300))
def test_of_sites_that_are_alike_nobody_waits_longer_than_for_one_or_the_time_that_is_allowed(
    site_s: float, count: int
) -> None:
    longest_s, _ = _longest_s([site_s] * count)
    assert longest_s <= max(site_s, ON_SQLITE.hold_s) * 1.001


@given(st.lists(st.floats(0.0001, 0.1), min_size=1, max_size=200))
def test_of_any_sites_nobody_waits_longer_than_for_so_many_of_the_slowest(site_s: list[float]) -> None:
    assert _longest_s(site_s)[0] <= ON_SQLITE.sites * max(site_s) * 1.001


def test_quick_sites_are_taken_together() -> None:
    _, count = _longest_s([0.001] * 1000)
    assert count <= 60


def test_after_a_slow_one_less_is_taken_at_once() -> None:
    longest_s, _ = _longest_s([*[0.001] * 100, *[0.04] * 10])
    assert longest_s <= ON_SQLITE.sites * 0.04
    _, slow_alone = _longest_s([0.04] * 10)
    assert slow_alone == 10


def test_who_is_alone_with_the_database_takes_much_at_once(app: Flask) -> None:
    with app.app_context(), alone(), Pace().next_share() as share:
        assert share == ON_POSTGRESQL
        assert share.hold_s == math.inf
