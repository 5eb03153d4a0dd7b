"""Windows that records ask for: every X needs a Y within t (MISSION, mode event).

The clock of a window starts at the latest moment at which the X can have been written, so that an honest Y is never late;
it takes what was written from the earliest such moment on.
"""

from __future__ import annotations

from server.rules.calendar import DAY_MS, local_date_of
from server.rules.duties.matching import Fact
from server.rules.duties.windows import EVENT, WHOLE_SITE, DutyRule, PlannedWindow

_UNBOUNDED_MS = 31 * DAY_MS  # before an X of which nobody knows since when it is
_LATE_MS = DAY_MS  # after the deadline: what comes then is late


def plan_event(rule: DutyRule, fact: Fact, place: str = WHOLE_SITE, place_id: str = "") -> PlannedWindow:
    """The window that a fact asks for. Work that was written down later (补录) is asked about from when it was written."""
    assert rule.mode.trigger is not None
    earliest_ms = fact.earliest_ms if fact.observed_ms is None else min(fact.earliest_ms, fact.observed_ms)
    opens_ms = max(earliest_ms, fact.latest_ms - _UNBOUNDED_MS)
    # A window ends before its deadline: what is written in the last moment of the time allowed is in time.
    due_ms = fact.latest_ms + rule.mode.trigger.within_s * 1000 + 1
    return PlannedWindow(
        duty=rule.code,
        place=place,
        local_date=event_date(fact),
        slot=EVENT,
        opens_ms=opens_ms,
        due_ms=due_ms,
        grace_s=0,
        closes_ms=due_ms + _LATE_MS,
        place_id=place_id,
        trigger_id=fact.id,
    )


def event_date(fact: Fact) -> str:
    """The local date by whose rules a fact asks for something."""
    return local_date_of(fact.latest_ms)
