"""Was something online for the share of the time that its source itself reported? (MISSION 2.3)

A source that reported nothing, or too little to say, leaves a window silent: a platform that fails accuses no camera.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from server.rules.calendar import HOUR_MS
from server.rules.duties.judge import NOT_ONLINE, NOT_SATISFIED, Evidence

HEARD_SHARE = 0.5  # of the window: with less than that reported, nobody can say


class Stretch(NamedTuple):
    """A stretch of time that a source reported on, and for how long of it the thing was online."""

    from_ms: int
    to_ms: int
    online_ms: int


def weigh_stretches(
    stretches: Iterable[Stretch], opens_ms: int, due_ms: int, share: float, away_ms: int | None = None
) -> Evidence:
    """What a source's reports say of a window, in whatever order they come. Of reports that overlap, the time that both tell
    of counts once, for the better one. `away_ms`: what was offline for so long without a break, all of it reported, violates
    (None: no matter how long); a stretch offline that began before the window counts from its beginning."""
    parts = list(_apart(stretches))
    heard_ms = online_ms = 0
    for one in parts:
        begins_ms, ends_ms = max(one.from_ms, opens_ms), min(one.to_ms, due_ms)
        if begins_ms < ends_ms:
            heard_ms += ends_ms - begins_ms
            online_ms += round((ends_ms - begins_ms) * _rate(one))
    if away_ms is not None:
        for begins_ms, ends_ms in _runs_offline(parts):
            ended_ms = min(ends_ms, due_ms)
            if ends_ms > opens_ms and ended_ms - begins_ms >= away_ms:
                hours = (ended_ms - begins_ms) / HOUR_MS
                return Evidence(
                    "violated", why=f"{NOT_SATISFIED}: 平台持续上报, 其间连续离线 {hours:.1f} 小时"
                )
    if heard_ms < HEARD_SHARE * (due_ms - opens_ms):
        return Evidence("unheard")
    if online_ms >= share * heard_ms:
        return Evidence("timely")
    return Evidence(lack=f"{NOT_ONLINE}: 在线 {100 * online_ms // heard_ms}%, 应不少于 {share:.0%}")


def _apart(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """The same time in pieces that don't overlap, in order, each as the best report on it says."""
    spans = [one for one in stretches if one.from_ms < one.to_ms]
    bounds = sorted({bound for one in spans for bound in (one.from_ms, one.to_ms)})
    spans.sort(key=lambda one: one.from_ms)
    open_ones: list[Stretch] = []
    taken = 0
    for begins_ms, ends_ms in pairwise(bounds):
        while taken < len(spans) and spans[taken].from_ms <= begins_ms:
            open_ones.append(spans[taken])
            taken += 1
        open_ones = [one for one in open_ones if one.to_ms > begins_ms]
        if open_ones:
            best = max(map(_rate, open_ones))
            yield Stretch(begins_ms, ends_ms, round((ends_ms - begins_ms) * best))


def _runs_offline(parts: Sequence[Stretch]) -> Iterator[tuple[int, int]]:
    """From when to when it was offline without a break in what was reported."""
    run: tuple[int, int] | None = None
    for one in parts:
        if one.online_ms > 0:
            continue
        if run is not None and run[1] == one.from_ms:
            run = (run[0], one.to_ms)
            continue
        if run is not None:
            yield run
        run = (one.from_ms, one.to_ms)
    if run is not None:
        yield run


def _rate(one: Stretch) -> float:
    length_ms = one.to_ms - one.from_ms
    return min(1.0, max(0.0, one.online_ms / length_ms)) if length_ms > 0 else 0.0
