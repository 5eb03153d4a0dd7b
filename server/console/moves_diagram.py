"""The flag's states and moves as a picture (SVG), drawn from the table of moves."""

from __future__ import annotations

from dataclasses import dataclass

from server.rules.flag_moves import TABLE
from server.rules.flag_words import FLAG_STATE_NAMES

WIDTH, HEIGHT = 1080, 510
_BOX_W, _BOX_H = 118, 40
# Where each state stands; the usual way runs from left to right.
_AT = {
    "open": (70, 230),
    "acknowledged": (255, 230),
    "rectifying": (450, 230),
    "submitted": (650, 230),
    "verified": (840, 230),
    "closed": (1015, 230),
    "withdrawn": (560, 45),
    "transferred": (345, 460),
    "stop_work": (745, 460),
}


@dataclass(frozen=True, slots=True)
class Box:
    state: str
    name: str
    x: int
    y: int
    width: int = _BOX_W
    height: int = _BOX_H


@dataclass(frozen=True, slots=True)
class Arrow:
    """A path from one box to another with the names of the moves that lead along it."""

    path: str
    label: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Diagram:
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    width: int = WIDTH
    height: int = HEIGHT


def diagram() -> Diagram:
    """Every state, and every move that leads to another state."""
    moves: dict[tuple[str, str], list[str]] = {}
    for move in TABLE:
        for before, after in move.routes.items():
            if before != after:
                moves.setdefault((before, after), []).append(move.name)
    boxes = tuple(
        Box(state, FLAG_STATE_NAMES[state], _AT[state][0] - _BOX_W // 2, _AT[state][1] - _BOX_H // 2)
        for state in FLAG_STATE_NAMES
    )
    return Diagram(boxes, tuple(_arrow(*ends, "、".join(names)) for ends, names in moves.items()))


def _arrow(before: str, after: str, label: str) -> Arrow:
    """A bent line between the boxes' edges; those there and back bend to different sides."""
    (x1, y1), (x2, y2) = _AT[before], _AT[after]
    x1, y1 = _edge(x1, y1, x2, y2)
    x2, y2 = _edge(x2, y2, x1, y1)
    length = max(((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5, 1)
    bend = min(length * 0.16, 60)
    middle_x = (x1 + x2) / 2 + (y2 - y1) / length * bend
    middle_y = (y1 + y2) / 2 - (x2 - x1) / length * bend
    path = f"M{x1:.0f},{y1:.0f} Q{middle_x:.0f},{middle_y:.0f} {x2:.0f},{y2:.0f}"
    return Arrow(path, label, round((x1 + x2) / 4 + middle_x / 2), round((y1 + y2) / 4 + middle_y / 2))


def _edge(x: int, y: int, to_x: float, to_y: float) -> tuple[int, int]:
    """Where the line from a box's centre towards a point leaves the box."""
    dx, dy = to_x - x, to_y - y
    scale = min(_BOX_W / 2 / abs(dx) if dx else 1e9, _BOX_H / 2 / abs(dy) if dy else 1e9)
    return round(x + dx * scale), round(y + dy * scale)
