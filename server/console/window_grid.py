"""Windows as a picture: places and slots by days, at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from server.models.window import Window
from server.rules.calendar import local_time_of

DAYS_MAX = 14
# Of several windows of one day, of records that ask for others, the one that somebody has to look at first.
_FIRST = ("missed", "review", "silent", "open")
_Key = tuple[str, str, str | None, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One duty, place and slot; a window or None for each of the grid's days."""

    duty: str
    place: str  # its kind
    place_id: str | None
    slot: str
    cells: tuple[Window | None, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    days: tuple[str, ...]
    rows: tuple[Row, ...]


def grid_of(windows: Sequence[Window]) -> Grid:
    """The latest days that have windows, oldest first."""
    days = tuple(sorted({window.local_date for window in windows})[-DAYS_MAX:])
    found: dict[_Key, dict[str, Window]] = {}
    opens: dict[_Key, str] = {}
    for window in windows:
        key = (window.duty, window.place, window.place_id, window.slot)
        cells = found.setdefault(key, {})
        known = cells.get(window.local_date)
        if known is None or _rank(window) < _rank(known):
            cells[window.local_date] = window
        opens[key] = local_time_of(window.opens_ms)
    ordered = sorted(found, key=lambda key: (*key[:2], key[2] or "", opens[key]))
    return Grid(days, tuple(Row(*key, tuple(found[key].get(day) for day in days)) for key in ordered))


def _rank(window: Window) -> int:
    return _FIRST.index(window.state) if window.state in _FIRST else len(_FIRST)
