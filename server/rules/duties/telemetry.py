"""Was something online for the share of the time that its source itself reported? (MISSION 2.3)

A source that reported nothing, or too little to say, leaves a window silent: a platform that fails accuses no camera.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from server.rules.duties.judge import NOT_ONLINE, Evidence

HEARD_SHARE = 0.5  # of the window: with less than that reported, nobody can say


class Stretch(NamedTuple):
    """A stretch of time that a source reported on, and for how long of it the thing was online."""

    from_ms: int
    to_ms: int
    online_ms: int


def weigh_stretches(stretches: Sequence[Stretch], opens_ms: int, due_ms: int, share: float) -> Evidence:
    """What a source's reports say of a window. Of reports that overlap, the time that both tell of counts once, for the
    better one."""
    heard_ms = online_ms = 0
    through_ms = opens_ms
    for one in sorted(stretches, key=lambda one: (one.from_ms, -_rate(one))):
        begins_ms, ends_ms = max(one.from_ms, through_ms), min(one.to_ms, due_ms)
        if begins_ms < ends_ms:
            heard_ms += ends_ms - begins_ms
            online_ms += round((ends_ms - begins_ms) * _rate(one))
            through_ms = ends_ms
    if heard_ms < HEARD_SHARE * (due_ms - opens_ms):
        return Evidence("unheard")
    if online_ms >= share * heard_ms:
        return Evidence("timely")
    return Evidence(lack=f"{NOT_ONLINE}: 在线 {100 * online_ms // heard_ms}%, 应不少于 {share:.0%}")


def _rate(one: Stretch) -> float:
    length_ms = one.to_ms - one.from_ms
    return min(1.0, max(0.0, one.online_ms / length_ms)) if length_ms > 0 else 0.0
