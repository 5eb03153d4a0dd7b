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


def _transactions(site_s: list[float]) -> list[list[float]]:
    """The transactions over these sites, each as what its sites take."""
    work, done, left = _Work(), [], list(site_s)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shares, "time", work)
        patch.setattr(shares, "whole_share", lambda: ON_SQLITE)
        pace = Pace()
        while left:
            with pace.next_share() as share:
                done.append(left[: share.sites])
                work.now_s += sum(done[-1])
                left = left[share.sites :]
    return done


@given(st.floats(0.0001, 0.5), st.integers(1, 300))
def test_of_sites_that_are_alike_nobody_waits_longer_than_for_one_or_the_time_that_is_allowed(
    site_s: float, count: int
) -> None:
    longest_s = max(map(sum, _transactions([site_s] * count)))
    assert longest_s <= max(site_s, ON_SQLITE.hold_s) * 1.001


@given(st.lists(st.floats(0.0001, 0.1), min_size=1, max_size=200))
def test_of_any_sites_nobody_waits_longer_than_for_so_many_of_the_slowest(site_s: list[float]) -> None:
    assert max(map(sum, _transactions(site_s))) <= ON_SQLITE.sites * max(site_s) * 1.001


def test_quick_sites_are_taken_together() -> None:
    assert len(_transactions([0.001] * 1000)) <= 60


def test_after_a_slow_one_less_is_taken_at_once() -> None:
    done = _transactions([*[0.001] * 111, *[0.04] * 40])
    assert [len(one) for one in done] == [1, 2, 4, 8, 16, *[20] * 5, 10, 5, 2, 1, 1, 1]


def test_who_is_alone_with_the_database_takes_much_at_once(app: Flask) -> None:
    with app.app_context(), alone(), Pace().next_share() as share:
        assert share == ON_POSTGRESQL
        assert share.hold_s == math.inf
