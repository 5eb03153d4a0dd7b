"""A failing run made small: steps are left out, halves first, then single ones, while the same thing still goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.simulation.world import Step

Fails = Callable[[Sequence[Step]], bool]


def shrink(plan: Sequence[Step], fails: Fails, tries: int = 200) -> list[Step]:
    """The smallest plan that was found with so many tries. `fails`: whether a plan goes wrong in the same way. Steps keep
    their numbers, and with these what they draw."""
    left, size = list(plan), max(1, len(plan) // 2)
    while tries > 0:
        smaller = None
        for start in range(0, len(left), size):
            rest = left[:start] + left[start + size :]
            tries -= 1
            if fails(rest):
                smaller = rest
                break
            if tries <= 0:
                break
        if smaller is not None:
            left = smaller
            size = min(size, max(1, len(left) // 2))
        elif size == 1:
            break
        else:
            size //= 2
    return left
