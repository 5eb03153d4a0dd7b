"""Streams: the entries of one device in one scope, numbered and chained by hash; holes and forks.

The server never repairs a chain. What arrives is kept; what is missing is named; what contradicts is marked.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

MAX_ISLANDS = 1000  # runs beyond the first hole; each costs room, and no working device makes so many
MISSING_NAMED = 500  # as many as one push can fill


class Link(NamedTuple):
    """An entry as its chain sees it: its number, the hash it names as the one before, its own hash (hex)."""

    n: int
    prev: str
    hash: str


class Island(NamedTuple):
    """A run of entries `lo` … `hi` beyond a hole: what `lo` names as the one before, and the hash of `hi`."""

    lo: int
    prev: str
    hi: int
    hash: str


@dataclass(frozen=True, slots=True)
class Stream:
    """What is known of a stream: entries 1 … `n` without a hole, ending in `hash`, then islands in order.

    `forked`: two entries claimed one number, or a `prev` did not match. Once set it stays.
    """

    n: int = 0
    hash: str = ""
    islands: tuple[Island, ...] = ()
    forked: bool = False


def extend(stream: Stream, links: Iterable[Link]) -> Stream:
    """The stream with entries added that it did not hold before, in any order.

    A number that is taken, or a `prev` that does not match (also where a hole closes), marks the stream as
    forked; the first at a number keeps its place. Without a fork the result does not depend on the order of
    delivery.
    """
    runs = _runs(stream)
    forked, _ = _fold(runs, sorted(links, key=_by_number), None)
    return _stream(runs, stream.forked or forked)


def beyond_limit(stream: Stream, links: Iterable[Link]) -> list[Link]:
    """Those of the links that would open an island too many (`too_many_holes`); the others may be passed to
    `extend`.

    What fills a hole or lengthens a run always fits, so that a stream full of holes can heal.
    """
    return _fold(_runs(stream), sorted(links, key=_by_number), MAX_ISLANDS)[1]


def highest(stream: Stream) -> tuple[int, str]:
    """(n, hash) of the highest entry received, beyond holes too: what a push is answered with. (0, "") for
    none."""
    return (stream.islands[-1].hi, stream.islands[-1].hash) if stream.islands else (stream.n, stream.hash)


def length(stream: Stream) -> int:
    """How many entries the stream has. (Of a forked one: without those that came second at a number.)"""
    return stream.n + sum(island.hi - island.lo + 1 for island in stream.islands)


def missing(stream: Stream, limit: int = MISSING_NAMED) -> list[int]:
    """The missing numbers below the highest, lowest first, at most `limit` of them."""
    named: list[int] = []
    after = stream.n
    for island in stream.islands:
        room = limit - len(named)
        if room <= 0:
            break
        named.extend(range(after + 1, min(island.lo, after + 1 + room)))
        after = island.hi
    return named


def to_json(stream: Stream) -> dict[str, Any]:
    """The stream as JSON values; `from_json` gives it back."""
    islands = [[island.lo, island.prev, island.hi, island.hash] for island in stream.islands]
    return {"n": stream.n, "hash": stream.hash, "islands": islands, "forked": stream.forked}


def from_json(values: Mapping[str, Any]) -> Stream:
    """The stream that `to_json` wrote."""
    islands = tuple(Island(*island) for island in values["islands"])
    return Stream(values["n"], values["hash"], islands, values["forked"])


def _by_number(link: Link) -> tuple[int, str]:
    return (link.n, link.hash)


def _runs(stream: Stream) -> list[Island]:
    """The head and the islands alike. The head begins at number 0, which every device has: no entry, hash
    ""."""
    return [Island(0, "", stream.n, stream.hash), *stream.islands]


def _stream(runs: Sequence[Island], forked: bool) -> Stream:
    return Stream(runs[0].hi, runs[0].hash, tuple(runs[1:]), forked)


def _fold(runs: list[Island], links: Sequence[Link], max_islands: int | None) -> tuple[bool, list[Link]]:
    """Puts the links into `runs`. Returns whether anything contradicted, and the links left out by
    `max_islands`."""
    forked = False
    refused: list[Link] = []
    at = 0  # of the last run that begins at or before the link's number
    for link in links:
        if at + 1 < len(runs) and runs[at + 1].lo <= link.n:
            at = bisect_right(runs, link.n, key=_first) - 1
        left = runs[at]
        if link.n == left.hi + 1 and at + 1 == len(runs):  # the plain case: the stream continues
            forked |= link.prev != left.hash
            runs[at] = Island(left.lo, left.prev, link.n, link.hash)
            continue
        right = runs[at + 1] if at + 1 < len(runs) else None
        if link.n <= left.hi:
            forked = True
            continue
        joins_left = left.hi == link.n - 1
        joins_right = right is not None and right.lo == link.n + 1
        if max_islands is not None and not joins_left and not joins_right and len(runs) > max_islands:
            refused.append(link)
            continue
        forked |= joins_left and link.prev != left.hash
        forked |= right is not None and joins_right and right.prev != link.hash
        at = _put(runs, at, link, joins_left, right if joins_right else None)
    return forked, refused


def _put(runs: list[Island], at: int, link: Link, joins_left: bool, right: Island | None) -> int:
    """Lengthens, joins or opens a run after `runs[at]`. Returns the index of the run that now holds the
    link."""
    first = runs[at] if joins_left else Island(link.n, link.prev, link.n, link.hash)
    last = right if right is not None else Island(link.n, link.prev, link.n, link.hash)
    start = at if joins_left else at + 1
    end = at + 1 + (right is not None)
    runs[start:end] = [Island(first.lo, first.prev, last.hi, last.hash)]
    return start


def _first(run: Island) -> int:
    return run.lo
