"""What a flag is by its history: a fold of its events over the table of moves and the policy it was opened under. Each
new event is applied to what is stored; `gongdi verify-log` folds them all again and compares."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from server.rules.flags.escalation import Policy
from server.rules.flags.moves import ANSWER, CONTRACTOR, ENDED, EVERY, MOVES, STEP
from server.rules.papers.uses import EVENTS as PAPER_EVENTS


@dataclass(slots=True)
class Clock:
    """A step as the history has it: `due` as the event names it, `asks` for a move by now, `taken` when it fell due."""

    unit: str
    due: str
    asks: bool = False
    taken: bool = False
    running: bool = True


@dataclass(slots=True)
class FlagState:
    """A flag as the history has it."""

    opened: Mapping[str, Any] = field(default_factory=dict)
    state: str = ""
    unit: str = ""
    level: int = 0
    opened_ms: int = 0
    closed_ms: int | None = None
    company: str | None = None
    assignee_id: str | None = None
    clocks: dict[str, Clock] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Happened:
    """An event, as far as it changes the flag."""

    n: int
    at_ms: int
    action: str
    detail: Mapping[str, Any]


class HistoryBroken(ValueError):
    """An event that cannot have happened then."""

    def __init__(self, n: int, what: str) -> None:
        super().__init__(what)
        self.n, self.what = n, what


def replay(policy: Policy, events: Iterable[Happened]) -> FlagState:
    """The flag after these events. Raises HistoryBroken."""
    now = FlagState()
    for event in events:
        apply(now, policy, event)
    return now


def apply(now: FlagState, policy: Policy, event: Happened) -> None:
    """One event more: the only place that decides what a flag and its steps become. Raises HistoryBroken."""
    if (event.action == "opened") != (event.n == 1):
        raise HistoryBroken(event.n, "a history begins with the opening, once")
    if event.action == "opened":
        now.opened, now.state, now.opened_ms = event.detail, "open", event.at_ms
        now.unit = str(event.detail["unit"])
    elif event.action in MOVES:
        _move(now, policy, event)
    elif event.action == "withdrawn":
        now.state, now.closed_ms = "withdrawn", event.at_ms
        _end(now, (EVERY,))
    elif event.action.startswith(STEP):
        _take(now, policy, event)
    elif event.action in PAPER_EVENTS:
        _end(now, event.detail.get("ends", ()))
    for code, started in event.detail.get("clocks", {}).items():
        step = policy.step(code)
        now.clocks[code] = Clock(started["unit"], started["due"], step is not None and step.asks_at_first)


def ends_clocks(action: str) -> bool:
    """Whether an event of this kind may end steps that it does not name."""
    return action in MOVES or action == "withdrawn"


def policy_digest(policy: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of a policy's canonical JSON: the opening names the copy that the flag keeps."""
    text = json.dumps(policy, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _move(now: FlagState, policy: Policy, event: Happened) -> None:
    move = MOVES[event.action]
    if now.state not in move.routes:
        raise HistoryBroken(event.n, f"{event.action} is no move from {now.state}")
    now.state = move.routes[now.state]
    now.unit = policy.brigade if move.to_brigade else now.unit
    now.closed_ms = (now.closed_ms or event.at_ms) if now.state in ENDED else None
    now.company = event.detail.get("company", now.company)
    now.assignee_id = event.detail.get("assignee", now.assignee_id)
    _end(now, move.stops)


def _take(now: FlagState, policy: Policy, event: Happened) -> None:
    """A step fell due: what escalates passes the flag on, and asks from now on."""
    code = event.action.removeprefix(STEP)
    clock, step = now.clocks.get(code), policy.step(code)
    if clock is None or step is None or not clock.running:
        raise HistoryBroken(event.n, f"no clock of the step {code} was running")
    clock.taken, clock.asks = True, step.asks
    clock.running = step.asks
    if step.escalates:
        now.unit, now.level = clock.unit, max(now.level, 2)
    elif clock.unit != CONTRACTOR:
        now.level = max(now.level, 1)


def _end(now: FlagState, codes: Collection[str]) -> None:
    """A statement of defence waits for its own answer, whatever else is decided, as long as the flag lives."""
    for code, clock in now.clocks.items():
        if code in codes or (EVERY in codes and (code != ANSWER or now.state in ENDED)):
            clock.running = False
