"""What becomes of what a platform says of its cameras: of many reports few lines. A line is written when a camera changes,
and once an hour; each is one stretch of time in which the camera was the same all along, and was reported on without a gap.

A camera is offline from the first report that says so to the last one that still does: what lies between two reports that
differ is taken for online.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from server.rules.calendar import HOUR_MS

ONLINE, OFFLINE, UNSEEN = "online", "offline", ""
STATES = {ONLINE: "在线", OFFLINE: "离线", UNSEEN: "平台没有上报过"}
STATE_KIND, EVENT_KIND = "camera_state", "camera_event"
CAMERA_FIELD = "camera"  # of their records: which camera
_CODE = re.compile("[0-9]{20}")


class Watched(NamedTuple):
    """What is known of a camera: its state since `since_ms`, last reported at `heard_ms`, in the log up to `written_ms`."""

    state: str = UNSEEN
    since_ms: int | None = None
    heard_ms: int | None = None
    written_ms: int | None = None


class Span(NamedTuple):
    """A stretch to be written: the camera was `state` all along."""

    state: str
    from_ms: int
    to_ms: int

    @property
    def online_minutes(self) -> float:
        return round((self.to_ms - self.from_ms) / 60_000, 3) if self.state == ONLINE else 0.0


def is_code(text: str) -> bool:
    """Whether this is a code of GB/T 28181: 20 digits."""
    return _CODE.fullmatch(text) is not None


def observe(was: Watched, state: str, at_ms: int, gap_ms: int) -> tuple[Watched, list[Span]]:
    """What is known after a report, and what has to be written of the time before it. A report that is no newer than the
    last one says nothing. After a gap of more than `gap_ms` nobody knows what was in between."""
    if was.heard_ms is None or was.written_ms is None:
        return Watched(state, at_ms, at_ms, at_ms), []
    if at_ms <= was.heard_ms:
        return was, []
    if at_ms - was.heard_ms > gap_ms:
        since_ms = was.since_ms if state == was.state else at_ms
        return Watched(state, since_ms, at_ms, at_ms), _span(was.state, was.written_ms, was.heard_ms)
    if state == was.state:
        now = was._replace(heard_ms=at_ms)
        if at_ms // HOUR_MS == was.written_ms // HOUR_MS:
            return now, []
        return now._replace(written_ms=at_ms), _span(state, was.written_ms, at_ms)
    changed_ms = at_ms if state == OFFLINE else was.heard_ms
    return Watched(state, at_ms, at_ms, changed_ms), _span(was.state, was.written_ms, changed_ms)


def leave(was: Watched) -> tuple[Watched, list[Span]]:
    """Nothing comes any more: write what was reported last."""
    if was.heard_ms is None or was.written_ms is None:
        return was, []
    return was._replace(written_ms=was.heard_ms), _span(was.state, was.written_ms, was.heard_ms)


def _span(state: str, from_ms: int, to_ms: int) -> list[Span]:
    return [Span(state, from_ms, to_ms)] if from_ms < to_ms else []
