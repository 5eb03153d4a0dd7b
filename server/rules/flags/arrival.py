"""Why a flag waits for somebody and since when: passed on by a person, passed on by the clock, answered, found … Whoever
opens the page of the day sees these apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from server.rules.flags.escalation import Policy
from server.rules.flags.history import Happened
from server.rules.flags.moves import MOVES, STEP

PEOPLE, DEFENDED, ANSWERED = "people", "defended", "answered"  # begun by somebody, in words
ORDERED, OWN = "ordered", "own"  # so too
CLOCK, FOUND, GONE = "clock", "found", "gone"  # begun by the system
WHYS: Mapping[str, str] = {  # the order in which the page has them
    PEOPLE: "有人移送的",
    DEFENDED: "施工单位陈述申辩, 等答复的",
    ANSWERED: "已回复, 等复查的",
    ORDERED: "要整改的",
    OWN: "停工、复查通过或签发文书后, 等下一步的",
    CLOCK: "到时限无人办, 由系统升级的",
    FOUND: "系统发现, 等确认和处置的",
    GONE: "没有确认, 已由系统升级到别处的",
}
_BY_START = {
    "transferred": PEOPLE,
    "stated": DEFENDED,
    "submitted": ANSWERED,
    "ordered": ORDERED,
    "verified": OWN,
    "stopped": OWN,
    "signed": OWN,
}
NEW, MORE, PASSED_ON, STATED, REPLIED, ACTED, ENDED_NOW, LATE_DATA = (
    "new",
    "more",
    "passed_on",
    "stated",
    "replied",
    "acted",
    "ended",
    "late_data",
)
MOVED: Mapping[str, str] = {
    NEW: "新开",
    MORE: "又有时段缺失",
    PASSED_ON: "升级",
    STATED: "施工单位说明",
    REPLIED: "整改回复",
    ACTED: "办理",
    LATE_DATA: "补到记录",
    ENDED_NOW: "办结",
}
_OTHER = {
    "opened": NEW,
    "windows_added": MORE,
    "evidence_arrived": LATE_DATA,
    "withdrawn": ENDED_NOW,
    "submit_rectification": REPLIED,
    "state_mended": STATED,
    "state_defence": STATED,
    "close": ENDED_NOW,
    "withdraw": ENDED_NOW,
    "excuse": ENDED_NOW,
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """`actor`: whoever passed it on, replied or ordered (an id, or `scheduler`); `note`: in which words."""

    at_ms: int
    actor: str = ""
    note: str = ""


def why(policy: Policy, step: str, passed_on: bool) -> str:
    """Why a flag waits for whoever this step asks (of WHYS). `passed_on`: another unit has it by now."""
    row = policy.step(step)
    if row is not None and row.escalates:
        return CLOCK
    begun = _BY_START.get(row.starts) if row is not None else None
    return begun or (GONE if passed_on else FOUND)


def arrival(events: Iterable[tuple[Happened, str]], step: str) -> Arrival | None:
    """The last event that began this step, of events in order with who made each; None: none did."""
    found = None
    for event, actor in events:
        if step in event.detail.get("clocks", {}):
            found = Arrival(event.at_ms, actor, str(event.detail.get("note", "")))
    return found


def movement(action: str, escalating: Collection[str]) -> str | None:
    """What an event is for somebody who asks what has moved (of MOVED); None: nothing has."""
    if action in _OTHER:
        return _OTHER[action]
    if action.startswith(STEP):
        return PASSED_ON if action.removeprefix(STEP) in escalating else None
    return ACTED if action in MOVES and not MOVES[action].remark else None
