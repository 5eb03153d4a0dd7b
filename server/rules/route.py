"""In which order to go to several places, and how far they lie from each other as the crow flies. No map is asked: what it
gives is a list for paper, and the way by road is longer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from server.rules.signals import metres_between

Spot = tuple[float, float]  # latitude and longitude, in degrees


def route(start: str, spots: Mapping[str, Spot]) -> list[tuple[str, float]]:
    """All places from `start` on, each with the metres from the one before: always the nearest next, then turned around
    where that shortens the way."""
    order, left = [start], set(spots) - {start}
    while left:
        here = spots[order[-1]]
        order.append(min(left, key=lambda one: (metres_between(here, spots[one]), one)))
        left.discard(order[-1])
    order = _shortened(order, spots)
    steps = [
        0.0,
        *(metres_between(spots[one], spots[other]) for one, other in pairwise(order)),
    ]
    return list(zip(order, steps, strict=True))


def _shortened(order: Sequence[str], spots: Mapping[str, Spot]) -> list[str]:
    """The same places; no stretch of them is shorter when gone backwards. The first stays the first."""
    best, length = list(order), _length(order, spots)
    shortens = True
    while shortens:
        shortens = False
        for first in range(1, len(best) - 1):
            for last in range(first + 1, len(best)):
                tried = [*best[:first], *best[first : last + 1][::-1], *best[last + 1 :]]
                metres = _length(tried, spots)
                if metres < length - 1:
                    best, length, shortens = tried, metres, True
    return best


def _length(order: Sequence[str], spots: Mapping[str, Spot]) -> float:
    return sum(metres_between(spots[one], spots[other]) for one, other in pairwise(order))
