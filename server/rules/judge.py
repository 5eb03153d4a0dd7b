"""Judging windows in event time, by watermark (DOMAIN: Windows and flags; PROTOCOL: Watermark).

Nothing here reads a clock or a table. A window is `missed` only when the site's tablets have reported in past
its deadline; until then it is `silent`: not heard from since, never "not done".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

STATES = ("open", "met", "done_late", "backfilled", "silent", "missed", "review", "excused", "void")
REASONS = {  # shown to people; the code before the colon is what programs compare
    "suspended": "停工 (已批准)",
    "stopped": "工地处于停工阶段",
    "rest_day": "休息日, 未见有人进场",
    "nobody_expected": "名册中没有应测人员",
    "not_heard": "截止后尚未收到平板上报, 不能认定未做",
    "not_done": "平板已上报到截止之后, 仍无记录",
    "not_covered": "平板已上报到截止之后, 仍有人未测",
    "evidence_after_missed": "认定缺失之后才收到记录, 待复核",
    "evidence_lost": "原有记录作废或应测人数增加, 待复核",
    "excused_after_missed": "认定缺失之后才批准停工或调整假日, 待复核",
    "approved": "经核实豁免, 批准人",
    "not_asked": "规则或工地情况改变, 不再要求",
}
# How well a window is fulfilled, best first, and the state that follows.
FULFILLED = {"timely": "met", "late": "done_late", "backfilled": "backfilled"}
_UNDECIDED = ("open", "silent")
_BEST_FIRST = tuple(FULFILLED)
_DONE = tuple(FULFILLED.values())
_WAKES = ("rest_day", "nobody_expected")  # excuses that fall away when people turn up after all


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the facts received so far say about one window.

    `fulfilled`: `none`, `timely`, `late` (only with facts after the deadline), `backfilled` (only with
    provably backfilled facts, by their claimed time). `need` and `have` count people where a duty is judged
    by coverage, which can grow until the deadline; `expected` is False where nobody has to be measured at
    all.
    """

    fulfilled: str = "none"
    need: int | None = None
    have: int | None = None
    expected: bool = True


NOTHING = Evidence()


@dataclass(frozen=True, slots=True)
class Verdict:
    """A window's state, why, and when the scheduler must look again (None: only new data can change it)."""

    state: str
    reason: str | None
    next_check_ms: int | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored window that a fact may meet."""

    opens_ms: int
    deadline_ms: int
    closes_ms: int
    state: str = "open"
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """Which window (its index; None: none) one fact meets, and how: timely, late, backfilled or none."""

    index: int | None
    fulfilled: str


NO_MATCH = Match(None, "none")


def judge(
    state: str,
    reason: str | None,
    now_ms: int,
    deadline_ms: int,
    watermark_ms: int | None,
    evidence: Evidence = NOTHING,
) -> Verdict:
    """What a window is, given what it was and all evidence known now.

    | was | evidence | before the deadline | after, watermark not past it | after, watermark past it |
    | --- | --- | --- | --- | --- |
    | open, silent | none | open | silent | missed |
    | open, silent | timely | met (coverage: open) | met | met |
    | open, silent | late, backfilled | (coverage: open) its state | its state | its state |
    | met, done_late, backfilled | none, or worse than that | as open | review | review |
    | missed | any | review | review | review |
    | excused for a rest day | somebody came | as open | as open | as open |

    Everything else stays. Coverage waits for the deadline, because people may still arrive until then.
    Judging twice is judging once.
    """
    code = reason_code(reason)
    asleep = state == "excused" and not (code in _WAKES and _somebody(code, evidence))
    if asleep or state in ("review", "void"):
        return Verdict(state, reason, None)
    fulfilled = evidence.fulfilled != "none"
    if state == "missed":
        return Verdict("review", "evidence_after_missed", None) if fulfilled else Verdict(state, reason, None)
    if state in _DONE:
        if evidence.fulfilled in _BEST_FIRST[: _DONE.index(state) + 1]:
            return Verdict(state, reason, None)
        if now_ms >= deadline_ms:
            return Verdict("review", "evidence_lost", None)
    return _undecided(now_ms, deadline_ms, watermark_ms, evidence)


def match(event_ms: int, claimed_ms: int, backfilled: bool, windows: Sequence[Candidate]) -> Match:
    """The one window that a fact meets: the earliest-due of those that admit it and are not met yet.

    A fact counts at the server's estimate of its time; a provably backfilled one at the time that it claims,
    and is marked. A fact from before a window opens does not meet it. Windows already missed take facts too:
    they go to review.
    """
    at_ms = claimed_ms if backfilled else event_ms
    found = [
        (window.deadline_ms, window.opens_ms, index)
        for index, window in enumerate(windows)
        if window.opens_ms <= at_ms < _end_ms(window) and _takes(window)
    ]
    if not found:
        return NO_MATCH
    deadline_ms, _, index = min(found)
    return Match(index, "backfilled" if backfilled else "timely" if at_ms <= deadline_ms else "late")


def reason_code(reason: str | None) -> str:
    """`suspended` of `suspended: 王某, 大风`."""
    return (reason or "").partition(":")[0]


def _undecided(now_ms: int, deadline_ms: int, watermark_ms: int | None, evidence: Evidence) -> Verdict:
    coverage = evidence.need is not None
    if now_ms < deadline_ms and (coverage or evidence.fulfilled == "none"):
        return Verdict("open", None, deadline_ms)
    if not evidence.expected:
        return Verdict("excused", "nobody_expected", None)
    if evidence.fulfilled != "none":
        return Verdict(FULFILLED[evidence.fulfilled], None, None)
    if watermark_ms is None or watermark_ms < deadline_ms:
        return Verdict("silent", "not_heard", None)
    return Verdict("missed", "not_covered" if evidence.have else "not_done", None)


def _somebody(code: str, evidence: Evidence) -> bool:
    """Whether an excuse falls away: on a rest day by people or records, else by people to be measured."""
    if not evidence.expected:
        return False
    return code == "nobody_expected" or bool(evidence.need) or evidence.fulfilled != "none"


def _takes(window: Candidate) -> bool:
    if window.state == "excused":
        return reason_code(window.reason) in _WAKES
    return window.state in _UNDECIDED or window.state == "missed"


def _end_ms(window: Candidate) -> int:
    """The first instant that is too late; a fact at the very deadline is in time."""
    return max(window.closes_ms, window.deadline_ms + 1)
