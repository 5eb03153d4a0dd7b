"""Whatever clocks and networks do, nobody is called negligent who did the work in time."""

from __future__ import annotations

from random import Random

import pytest

from tests.model.episodes import Outcome, episode

STEPS = 5_000  # of each of four runs; `python -m tests.model` makes as many as one likes


def run(seed: int, steps: int, good: bool = False, cheats: bool = False) -> Outcome:
    """Episodes from this seed on until there are so many steps, added up."""
    total = Outcome(0, 0, 0, 0, 0, 0, 0)
    while total.steps < steps:
        total = Outcome._make(map(sum, zip(total, episode(Random(seed), good, cheats), strict=True)))
        seed += 1
    return total


@pytest.mark.parametrize("seed", [1, 10_000])
def test_no_honest_record_makes_or_leaves_a_window_missed(seed: int) -> None:
    total = run(seed, STEPS)
    assert total.accused == 0 < total.missed
    assert total.put_back <= 1 + total.windows / 1_000


def test_good_clocks_leave_few_windows_in_review() -> None:
    total = run(20_000, STEPS, good=True)
    assert total.review <= total.windows / 200
    assert total.accused == 0


def test_a_clock_set_back_on_purpose_meets_no_window_that_its_interval_cannot_reach() -> None:
    total = run(30_000, STEPS, cheats=True)
    assert (total.cheated, total.accused) == (0, 0)
