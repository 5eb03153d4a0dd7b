"""Windows of cameras: what is asked of a site's cameras becomes one window for each, and what is asked because a site has
cameras is asked where it has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from server.rules.duties.judge import PLACE_CLOSED
from server.rules.duties.modes import CAMERA, SLOTS, Mode
from server.rules.duties.windows import PlannedWindow


class InUse(NamedTuple):
    """A camera, from when to when it is in use (open-ended while `to_ms` is None)."""

    code: str
    from_ms: int
    to_ms: int | None


def at_cameras(
    planned: Iterable[PlannedWindow], cameras: Sequence[InUse], mode_on: Callable[[str, str], Mode | None]
) -> Iterator[PlannedWindow]:
    """These windows, those of cameras for each camera that was there when they opened. The slot of such a window is the
    camera's code. A camera does not rest on rest days; one that was closed is not asked for what was not over by then.
    `mode_on`: how a duty is judged on a local date."""
    for window in planned:
        mode = mode_on(window.duty, window.local_date) or SLOTS
        here = [one for one in cameras if one.from_ms <= window.opens_ms]
        if mode.per == CAMERA:
            for one in here:
                is_open = one.to_ms is None or window.deadline_ms <= one.to_ms
                excused = None if window.excused == "rest_day" else window.excused
                yield replace(window, slot=one.code, excused=excused if is_open else PLACE_CLOSED)
        elif mode.having != CAMERA or any(one.to_ms is None or window.opens_ms < one.to_ms for one in here):
            yield window
