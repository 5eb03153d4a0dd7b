"""The flag's workflow as a diagram: the main line and its two side lanes, from the table of moves. Withdrawing, excusing,
reopening and what leaves the state as it is are in the table only."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from server.rules.flags.moves import TABLE

_MAIN = ("open", "acknowledged", "rectifying", "submitted", "verified", "closed")
_LANES = ("transferred", "stop_work")
_ASIDE = ("withdraw", "excuse", "reopen")


@dataclass(frozen=True, slots=True)
class Link:
    """Moves (their names) that lead from one state to another."""

    moves: tuple[str, ...]
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Lane:
    """A state off the main line: the moves that lead to it, and those that lead away."""

    state: str
    into: tuple[Link, ...]
    out: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Diagram:
    """`line`: the states of the main line, each with the link to the next; `back`: links that lead back along it."""

    line: tuple[tuple[str, Link | None], ...]
    back: tuple[Link, ...]
    lanes: tuple[Lane, ...]


def diagram() -> Diagram:
    """The diagram of the table as it is."""
    links = _links()
    line = [(before, links.get((before, after))) for before, after in pairwise(_MAIN)]
    back = [
        link
        for (before, after), link in links.items()
        if before in _MAIN and after in _MAIN and _MAIN.index(after) < _MAIN.index(before)
    ]
    lanes = [
        Lane(
            state,
            tuple(link for (_, after), link in links.items() if after == state),
            tuple(link for (before, _), link in links.items() if before == state),
        )
        for state in _LANES
    ]
    return Diagram((*line, (_MAIN[-1], None)), tuple(back), tuple(lanes))


def _links() -> dict[tuple[str, str], Link]:
    moves: dict[tuple[str, str], list[str]] = {}
    for move in TABLE:
        for before, after in move.routes.items():
            if before != after and move.action not in _ASIDE:
                moves.setdefault((before, after), []).append(move.name)
    return {ends: Link(tuple(names), *ends) for ends, names in moves.items()}
