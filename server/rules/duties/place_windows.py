"""Windows of places: what is planned for a kind of place becomes one window for each place of that kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from server.rules.duties.judge import PLACE_CLOSED
from server.rules.duties.windows import WHOLE_SITE, PlannedWindow
from sync_protocol.places import Place


def at_places(
    planned: Iterable[PlannedWindow], places: Sequence[Place], duties: Collection[str]
) -> Iterator[PlannedWindow]:
    """The windows of a site's places, of those that were planned by kinds of places. `duties`: those that each place does
    for itself; any other asks once for all places of a kind.

    A place is asked from the first window on that opens while it is there. One that was closed is not asked for what was
    not over by then: those windows are excused.
    """
    for window in planned:
        here = [place for place in places if place.kind == window.place and place.from_ms <= window.opens_ms]
        if window.place == WHOLE_SITE:
            yield window
        elif window.duty in duties:
            yield from (_asked(window.at(place.id), [place]) for place in here)
        elif here:
            yield _asked(window, here)


def _asked(window: PlannedWindow, places: Sequence[Place]) -> PlannedWindow:
    is_open = any(place.to_ms is None or window.deadline_ms <= place.to_ms for place in places)
    return window if is_open else replace(window, excused=PLACE_CLOSED)
